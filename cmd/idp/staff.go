package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

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
accounts), audit (export the audit). recover, approve and admin can also read. Changes work at once.`
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
	Role       []admin.Role `required:"" help:"One or more: read, recover, approve, admin, audit."`
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
		return err
	}
	_, err = fmt.Fprintf(env.Stdout, "%s can sign in once they have set a password at /recover/password, by a code mailed to them, and a second step.\nid %s\n", p.Name, p.ID)
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
	Role     []admin.Role `arg:"" help:"All that they have from now on."`
}

// Run replaces the roles.
func (c *StaffRoleCmd) Run(ctx context.Context, env *Environment) error {
	people, err := env.people()
	if err != nil {
		return err
	}
	p, err := people.ByName(ctx, c.Username)
	if err != nil {
		return err
	}
	if err := people.SetRoles(ctx, p.ID, c.Role, operator); err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Stdout, "%s has the roles %v.\n", p.Name, c.Role)
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
	if err != nil {
		return err
	}
	if err := people.RemovePerson(ctx, p.ID, operator); err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Stdout, "%s no longer works at the desk.\n", p.Name)
	return err
}
