package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"huskyidp/accounts"
	"huskyidp/admin"
	"huskyidp/internal/audit"
)

// StaffCmd is "idp staff".
type StaffCmd struct {
	Create StaffCreateCmd `cmd:"" help:"Let somebody work at the support desk."`
	List   StaffListCmd   `cmd:"" help:"List who works there, and with which roles."`
	Role   StaffRoleCmd   `cmd:"" help:"Give somebody other roles."`
	Remove StaffRemoveCmd `cmd:"" help:"End somebody's work there."`
}

// Help is shown by --help.
func (StaffCmd) Help() string {
	return `Roles: read (find and see members), recover (help them back in), approve (be the second person), admin (close and open
accounts), audit (export the audit), partners (decide on apps of partners). recover, approve and admin can also read. Changes work at once.`
}

// operator is the actor of commands.
const operator = "operator"

// people opens the list of the desk's people.
func (env *Environment) people() (*admin.People, error) {
	list, err := env.accounts()
	if err != nil {
		return nil, err
	}
	return admin.NewPeople(admin.PeopleDeps{DB: env.DB, Audit: audit.New(env.DB), Accounts: list, Now: env.Now})
}

// StaffCreateCmd is "idp staff create".
type StaffCreateCmd struct {
	Username   string       `required:"" help:"For signing in; 3 to 32 letters, digits, dots, dashes."`
	Email      string       `required:"" help:"Where the code for the first password goes. You vouch for it."`
	Name       string       `required:"" help:"As colleagues read it."`
	Role       []admin.Role `required:"" help:"One or more: read, recover, approve, admin, audit, partners."`
	Language   string       `default:"es" enum:"${languages}" help:"Of mails: ${enum}."`
	BreakGlass bool         `help:"Sealed away for an emergency: each use raises an alert."`
}

// Run creates the account, without a password.
func (c *StaffCreateCmd) Run(ctx context.Context, env *Environment) error {
	people, err := env.people()
	if err != nil {
		return err
	}
	p, err := people.AddPerson(ctx, admin.NewPerson{Username: c.Username, Email: c.Email, Name: c.Name, Language: c.Language, Roles: c.Role, BreakGlass: c.BreakGlass}, operator)
	if err != nil {
		return c.explain(err)
	}
	_, err = fmt.Fprintf(env.Stdout, "%s can sign in once they have set a password at /recover/password, by a code mailed to them, and a second step.\nid %s\n", p.Name, p.ID)
	return err
}

// explain says which flag is wrong, and what is right.
func (c *StaffCreateCmd) explain(err error) error {
	flaw, _ := errors.AsType[accounts.Flaw](err)
	_, nameFlaw := accounts.CheckNewUsername(c.Username)
	switch {
	case errors.Is(err, accounts.ErrUsernameTaken):
		return fmt.Errorf("--username: somebody has %q: choose another; idp staff list shows the desk's. Nothing was changed", c.Username)
	case errors.Is(err, admin.ErrName):
		return errors.New(`--name: must have 1 to 80 letters, as in --name "Rosa Vega"`)
	case errors.Is(err, admin.ErrRoles):
		return fmt.Errorf("--role: %w", err)
	case flaw != "" && nameFlaw != nil:
		return fmt.Errorf("--username: %q must be 3 to 32 letters, digits, dots and dashes, and begin with a letter or digit, as in rosa.vega", c.Username)
	case flaw != "":
		return fmt.Errorf("--email: %q is not an address, as in rosa@desk.example", c.Email)
	}
	return err
}

// StaffListCmd is "idp staff list".
type StaffListCmd struct{}

// Run prints a table.
func (StaffListCmd) Run(ctx context.Context, env *Environment) error {
	people, err := env.people()
	if err != nil {
		return err
	}
	rows, err := people.Staff(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(env.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "USERNAME\tNAME\tROLES\tSTATUS\tSINCE")
	for _, row := range rows {
		roles := fmt.Sprint(row.Roles)
		if row.BreakGlass {
			roles += " break-glass"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", row.Username, row.Name, roles, row.Status, row.CreatedAt.UTC().Format(time.DateOnly))
	}
	return table.Flush()
}

// StaffRoleCmd is "idp staff role".
type StaffRoleCmd struct {
	Username string       `arg:"" help:"Whose."`
	Roles    []admin.Role `arg:"" optional:"" help:"As --role."`
	Role     []admin.Role `help:"All that they have from now on: one or more of read, recover, approve, admin, audit, partners."`
}

// Validate reports a wrong call.
func (c *StaffRoleCmd) Validate() error {
	if len(c.Role)+len(c.Roles) == 0 {
		return fmt.Errorf("--role: %w, as in: idp staff role %s --role read,audit", admin.ErrRoles, c.Username)
	}
	return nil
}

// Run replaces the roles.
func (c *StaffRoleCmd) Run(ctx context.Context, env *Environment) error {
	people, err := env.people()
	if err != nil {
		return err
	}
	p, err := people.ByName(ctx, c.Username)
	if err != nil {
		return nobody(c.Username, err)
	}
	roles := slices.Concat(c.Role, c.Roles)
	if len(roles) > 0 && slices.Equal(inOrder(roles), inOrder(p.Roles)) {
		_, err = fmt.Fprintf(env.Stdout, "%s has the roles %v already; nothing was changed.\n", p.Name, p.Roles)
		return err
	}
	if err := people.SetRoles(ctx, p.ID, roles, operator); err != nil {
		if errors.Is(err, admin.ErrRoles) {
			err = fmt.Errorf("--role: %w, as in: idp staff role %s --role read,audit", err, c.Username)
		}
		return err
	}
	fmt.Fprintf(env.Stdout, "%s has the roles %v.\n", p.Name, roles)
	return env.missAdmin(ctx, people)
}

// missAdmin says so when nobody is left who can administer the desk.
func (env *Environment) missAdmin(ctx context.Context, people *admin.People) error {
	rows, err := people.Staff(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(rows, func(r admin.StaffRow) bool { return !r.BreakGlass && slices.Contains(r.Roles, admin.Admin) }) {
		_, err = fmt.Fprintln(env.Stdout, "Nobody at the desk has the role admin: people and roles change by idp staff alone, until somebody is given it.")
	}
	return err
}

func inOrder(roles []admin.Role) []admin.Role {
	return slices.Compact(slices.Sorted(slices.Values(roles)))
}

// nobody puts the username and the way on into ErrNoRole.
func nobody(username string, err error) error {
	if errors.Is(err, admin.ErrNoRole) {
		return fmt.Errorf("nobody at the desk has the username %q: idp staff list shows who works there. Nothing was changed", username)
	}
	return err
}

// StaffRemoveCmd is "idp staff remove".
type StaffRemoveCmd struct {
	Username string `arg:"" help:"Whose."`
}

// Run removes the roles, ends the sessions and closes the account.
func (c *StaffRemoveCmd) Run(ctx context.Context, env *Environment) error {
	people, err := env.people()
	if err != nil {
		return err
	}
	p, err := people.ByName(ctx, c.Username)
	if errors.Is(err, admin.ErrNoRole) {
		name, at, leftErr := people.Left(ctx, c.Username)
		if leftErr == nil {
			_, err = fmt.Fprintf(env.Stdout, "%s no longer works at the desk already, since %s; nothing was changed.\n", name, shown(at))
			return err
		}
		if !errors.Is(leftErr, admin.ErrNoRole) {
			err = leftErr
		}
	}
	if err != nil {
		return nobody(c.Username, err)
	}
	if err := people.RemovePerson(ctx, p.ID, operator); err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, "%s no longer works at the desk: sessions have ended, and the account is closed. Changes of theirs that are on hold still come, and can be stopped at the desk.\n", p.Name)
	return env.missAdmin(ctx, people)
}
