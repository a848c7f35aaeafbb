package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/mail"
	"huskyidp/members"
)

// AccountsCmd is "idp accounts".
type AccountsCmd struct {
	Import AccountsImportCmd `cmd:"" help:"Take over members' accounts from another system, with their password hashes."`
	Export AccountsExportCmd `cmd:"" help:"Write members' accounts to a file, for another system."`
}

// accountsAndRoster opens the accounts and the roster for a command.
func (env *Environment) accountsAndRoster() (*accounts.Service, *members.Roster, error) {
	people, err := env.accounts()
	if err != nil {
		return nil, nil, err
	}
	roster, err := members.New(members.Deps{DB: env.DB, Keyring: env.Keyring, Audit: audit.New(env.DB), Now: env.Now, NumberFormat: env.MemberNumbers})
	return people, roster, err
}

// accounts opens the accounts for a command.
func (env *Environment) accounts() (*accounts.Service, error) {
	outbox, err := mail.NewOutbox(env.DB, env.Keyring, env.Now)
	if err != nil {
		return nil, err
	}
	set, err := loadSet(env.Looks)
	if err != nil {
		return nil, err
	}
	// No link is mailed from here, so the issuer does not matter.
	return accounts.New(accounts.Deps{DB: env.DB, Keyring: env.Keyring, Audit: audit.New(env.DB), Outbox: outbox, Mails: set, Now: env.Now, Issuer: "https://idp.invalid"})
}

// AccountsImportCmd is "idp accounts import".
type AccountsImportCmd struct {
	File       string            `arg:"" help:"CSV file with a header line." type:"existingfile"`
	Column     map[string]string `placeholder:"COLUMN=HEADER" help:"Header name of a column, where it differs, such as username=login. May be repeated."`
	DryRun     bool              `help:"Show the report and change nothing."`
	SendMail   bool              `help:"Mail each member whose account is made that it moved. Otherwise nobody is notified."`
	ShowFaults int               `default:"20" help:"How many of the lines left out to print; -1 for all."`
}

// Help is shown by --help.
func (AccountsImportCmd) Help() string {
	return `Columns: member_number, username, email; optional password_hash, email_verified (true, false), language (es, en), status
(active, disabled), created_at (RFC 3339, or a date as a spreadsheet writes it: 2024-03-14, 3/14/2024). The member must be on the roster. Lines with a fault are printed and left out, as
are lines that have one member number, username or password hash: who is meant is not known. An account that exists stays as
it is, so that the same file may be imported again, after an interruption too. The exit status is 3 if lines were left out.

Password hashes: bcrypt, Argon2, scrypt, PBKDF2 and SHA-crypt in their string forms ($2b$…, $argon2id$…, $scrypt$…,
$pbkdf2-sha256$…, $6$…), PBKDF2 of Django (pbkdf2_sha256$…) and of ASP.NET Identity (base64, versions 2 and 3), and {SSHA256},
{SSHA384}, {SSHA512}. A hash is replaced at the member's first sign-in, and deleted after 12 months without one. Until the
last is gone, a wrong password costs one hash of each scheme, whosever it is: the time does not tell who was imported.

At the first sign-in the member accepts the agreement, proves the address by a mailed code, sets a secret question, and
another password if the old one breaks the rules. With email_verified the address serves recovery before that.`
}

// importBatch is how many accounts are created in one transaction.
const importBatch = 500

// accountImport is a run of the command.
type accountImport struct {
	AccountsImportCmd
	people *accounts.Service
	roster *members.Roster
	bar    *importBar
	faults *linePrinter

	added, unchanged, left     int
	password, language, proven int // accounts that are unchanged although the file says something else
}

// Run imports, shows progress on a terminal, and prints the report.
func (c *AccountsImportCmd) Run(ctx context.Context, env *Environment) error {
	if err := env.notSandbox(ctx); err != nil {
		return err
	}
	people, roster, err := env.accountsAndRoster()
	if err != nil {
		return err
	}
	in, err := openSteady(c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	file, err := readTwice(in, func() (*accountFile, error) {
		return openAccountFile(in, c.Column, roster.ParseMemberNumber, env.Now())
	})
	if err != nil {
		return fmt.Errorf("%s: %w. Nothing was changed", c.File, err)
	}
	bar := newImportBar(env.Stderr)
	run := &accountImport{AccountsImportCmd: *c, people: people, roster: roster, bar: bar, faults: &linePrinter{out: env.Stderr, bar: bar, left: c.ShowFaults}}
	started := time.Now()
	err = run.all(ctx, file, in.was.Size())
	bar.close()
	run.faults.summary("faulty lines")
	if err != nil {
		return &toldState{fmt.Errorf("%s: %w", c.File, err), fmt.Sprintf("%d accounts were made before; the same file may be imported again, and changes nothing twice", run.added)}
	}
	env.leftOut = run.left > 0
	end := fmt.Sprintf("The import took %s.", time.Since(started).Round(10*time.Millisecond))
	if c.DryRun {
		end = "This was a dry run: nothing was changed."
	}
	_, err = fmt.Fprintf(env.Stdout, "added      %10d\nunchanged  %10d\nleft out   %10d\n%s%s\n", run.added, run.unchanged, run.left, run.kept(), end)
	return err
}

// kept is the line about accounts of which the file says something else than what stays, if any.
func (run *accountImport) kept() string {
	if run.password+run.language+run.proven == 0 {
		return ""
	}
	return fmt.Sprintf("Of the unchanged ones %d have another password in the file, %d another language, %d another email_verified: what exists stays, since it may have changed here.\n",
		run.password, run.language, run.proven)
}

func (run *accountImport) all(ctx context.Context, file *accountFile, size int64) error {
	for {
		batch := make([]accountLine, 0, importBatch)
		var end error
		for len(batch) < importBatch && end == nil {
			var line accountLine
			if line, end = file.account(); end == nil {
				batch = append(batch, line)
			}
		}
		if err := run.some(ctx, batch); err != nil {
			return err
		}
		run.bar.progress("accounts", file.read, size)
		if errors.Is(end, io.EOF) {
			return nil
		}
		if end != nil {
			return end
		}
	}
}

// some imports a batch and counts the results.
func (run *accountImport) some(ctx context.Context, batch []accountLine) error {
	numbers := make([]string, 0, len(batch))
	for _, line := range batch {
		if line.fault == nil {
			numbers = append(numbers, line.number)
		}
	}
	ids, err := run.roster.IDs(ctx, numbers)
	if err != nil {
		return err
	}
	if err := run.hintZeros(ctx, batch, ids); err != nil {
		return err
	}
	var all []accounts.Import
	var lines []accountLine
	for _, line := range batch {
		var ok bool
		if line.MemberID, ok = ids[line.number]; !ok && line.fault == nil {
			line.fault = errors.New("member_number: is not on the roster")
		}
		if line.fault != nil {
			run.leave(line.line, line.fault)
			continue
		}
		all, lines = append(all, line.Import), append(lines, line)
	}
	outcomes, err := run.people.ImportAll(ctx, all, run.DryRun, run.SendMail)
	if err != nil {
		return err
	}
	for i, outcome := range outcomes {
		switch {
		case outcome == nil:
			run.added++
		case errors.Is(outcome, accounts.ErrImported):
			run.unchanged++
			if kept, ok := errors.AsType[*accounts.KeptError](outcome); ok {
				run.count(lines[i], kept)
			}
		case errors.Is(outcome, accounts.ErrImportedOther):
			run.leave(lines[i].line, errors.New("the account exists with another address or status, and stays as it is"))
		case errors.Is(outcome, accounts.ErrMemberHasAccount):
			run.leave(lines[i].line, errors.New("member_number: the member has an account with another username"))
		default:
			run.leave(lines[i].line, errors.New("username: another member has it"))
		}
	}
	return nil
}

func (run *accountImport) count(line accountLine, kept *accounts.KeptError) {
	if kept.Password {
		run.password++
	}
	if kept.Language && line.saysLanguage {
		run.language++
	}
	if kept.EmailProven && line.saysProven {
		run.proven++
	}
}

func (run *accountImport) leave(line int, fault error) {
	run.left++
	run.faults.print(members.LineError{Line: line, Problem: fault.Error()})
}

// AccountsExportCmd is "idp accounts export".
type AccountsExportCmd struct {
	File           string `arg:"" help:"CSV file to write, which must not exist. Its owner alone can read it."`
	PasswordHashes bool   `help:"With password hashes: Argon2id PHC strings over the password in Unicode's form NFKC."`
}

// Help is shown by --help.
func (AccountsExportCmd) Help() string {
	return `The columns of "idp accounts import", which takes the file. Secret questions, second steps and passkeys are not in it: they
are bound to this service. The export is recorded in the audit. The file holds personal data, and with --password-hashes
what passwords can be guessed from: encrypt it, move it once, delete it.`
}

// Run writes the file.
func (c *AccountsExportCmd) Run(ctx context.Context, env *Environment) (err error) {
	people, roster, err := env.accountsAndRoster()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: %w, and is not overwritten: name another", c.File, withoutPath(err))
	}
	if err != nil {
		return madeError(c.File, err)
	}
	defer func() {
		if err = errors.Join(err, out.Close()); err != nil {
			err = &toldState{errors.Join(err, os.Remove(c.File)), "No file was kept"}
		}
	}()
	w := csv.NewWriter(out)
	if err := w.Write(accountColumns); err != nil {
		return err
	}
	n := 0
	err = people.Export(ctx, c.PasswordHashes, func(batch []accounts.Exported) error {
		ids := make([]uuid.UUID, len(batch))
		for i, one := range batch {
			ids[i] = one.MemberID
		}
		numbers, err := roster.Numbers(ctx, ids)
		if err != nil {
			return err
		}
		for _, one := range batch {
			status := "active"
			if one.Status != accounts.Active {
				status = "disabled"
			}
			err := w.Write([]string{numbers[one.MemberID], one.Username, one.Email, one.PasswordHash, strconv.FormatBool(one.EmailProven), one.Language, status, one.CreatedAt.Format(time.RFC3339)})
			if err != nil {
				return err
			}
		}
		n += len(batch)
		return nil
	})
	w.Flush()
	if err = errors.Join(err, w.Error()); err != nil {
		return fmt.Errorf("exporting accounts: %w", err)
	}
	_, err = fmt.Fprintf(env.Stdout, "%d accounts are in %s.\n", n, c.File)
	return err
}
