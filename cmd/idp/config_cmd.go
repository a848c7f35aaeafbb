package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"huskyidp/internal/audit"
	"huskyidp/internal/epoch"
	"huskyidp/internal/mail"
	"huskyidp/internal/postgres"
	"huskyidp/keys"
	"huskyidp/sandbox"
	"huskyidp/templates"
)

// ConfigCmd is "idp config".
type ConfigCmd struct {
	Check ConfigCheckCmd `cmd:"" help:"Check everything that serve checks, and the mail server; opens no port and changes nothing."`
	Show  ConfigShowCmd  `cmd:"" help:"Print every setting with its value and where it comes from; secrets are hidden."`
}

// ConfigCheckCmd is "idp config check".
type ConfigCheckCmd struct{}

// Help is shown by --help.
func (ConfigCheckCmd) Help() string {
	return `Prints a line for each check, and exits with status 1 if one failed: a job of a release runs it before the instances start.`
}

// Run makes all checks, even after one has failed.
func (ConfigCheckCmd) Run(ctx context.Context, p *process) error {
	e, s, err := readEnvironment(p.vars)
	c := &checks{out: p.stdout}
	c.tell("settings", err)
	if e.TLSCert != "" && e.TLSKey != "" {
		cert, err := loadCertificate(e.TLSCert, e.TLSKey)
		if err == nil {
			err = cert.judge(time.Now(), e.hosts())
		}
		c.tell("certificate", err)
	}
	set, err := loadTemplates(s)
	c.tell("language", err)
	if set == nil {
		set, err = loadSet(templates.Options{})
		if err != nil {
			return err
		}
	}
	_, err = loadLegal(s.agreementDir, set.Languages())
	c.tell("agreement", err)
	c.database(ctx, e, s)
	if sender, err := mail.NewSMTP(s.smtp); err == nil { // otherwise the settings are reported
		c.tell("mail server", sender.Greet(ctx))
	}
	if c.failed > 0 {
		causes := ""
		if c.causes > c.failed {
			causes = fmt.Sprintf(", for %d causes", c.causes)
		}
		return fmt.Errorf("%d of %d checks failed%s", c.failed, c.made, causes)
	}
	return nil
}

// checks prints what was checked.
type checks struct {
	out          io.Writer
	made, failed int
	causes       int // lines of those that failed
}

func (c *checks) tell(what string, err error) {
	c.made++
	if err == nil {
		fmt.Fprintf(c.out, "ok      %s\n", what)
		return
	}
	c.failed++
	for line := range strings.Lines(err.Error()) {
		c.causes++
		fmt.Fprintf(c.out, "failed  %s: %s\n", what, strings.TrimRight(line, "\n"))
	}
}

// errUndo rolls back what a check has written.
var errUndo = errors.New("undone")

func (c *checks) database(ctx context.Context, e environment, s settings) {
	if s.dsn == "" {
		return // the settings are reported
	}
	db, err := openDatabase(ctx, s.pool(4, nil))
	if errors.Is(err, postgres.ErrSchema) {
		c.tell("database", nil)
	} else {
		c.tell("database", err)
	}
	if err == nil || errors.Is(err, postgres.ErrSchema) {
		c.tell("schema", err)
	}
	if err != nil {
		return
	}
	defer db.Close()
	c.tell("role", e.judgeRole(ctx, db))
	c.tell("epoch", checkEpoch(ctx, db, s))
	if err := sandbox.Check(ctx, db, s.sandbox); err != nil && !errors.Is(err, sandbox.ErrUnclaimed) {
		c.tell("sandbox", sandboxError(err, s.sandbox))
	}
	if len(s.keks) == 0 {
		return
	}
	err = db.InTx(ctx, func(ctx context.Context) error {
		return db.InTx(ctx, func(ctx context.Context) error { // nested, so that nothing in it is committed
			ring, err := loadKeyring(ctx, db, s.keks)
			if err != nil {
				return err
			}
			signing, err := keys.New(keys.Deps{DB: db, Keyring: ring, Audit: audit.New(db), Now: time.Now, RSABits: s.rsaBits})
			if err != nil {
				return err
			}
			return errors.Join(signing.Ensure(ctx), errUndo)
		})
	})
	if err == errUndo || err != nil && err.Error() == errUndo.Error() {
		err = nil
	}
	c.tell("keys", err)
}

// checkEpoch checks a connection as serve does, and rolls back what that writes.
func checkEpoch(ctx context.Context, db *postgres.DB, s settings) error {
	guard := epoch.NewGuard(slog.New(slog.DiscardHandler), func(time.Duration) {})
	if s.stateDir != "" {
		if err := guard.Remember(filepath.Join(s.stateDir, epochFile)); err != nil {
			return fmt.Errorf("IDP_STATE_DIR: %w", fileError(s.stateDir, err))
		}
	}
	conn, err := db.Pool().Acquire(ctx)
	if err != nil {
		return databaseError(s.dsn, err)
	}
	defer conn.Release()
	undone, err := conn.Begin(ctx)
	if err != nil {
		return databaseError(s.dsn, err)
	}
	defer func() { _ = undone.Rollback(context.WithoutCancel(ctx)) }() // otherwise closing the connection does it
	return guard.Check(ctx, conn.Conn())
}

// ConfigShowCmd is "idp config show".
type ConfigShowCmd struct{}

// Run prints the table even if it has mistakes, and then reports them.
func (ConfigShowCmd) Run(p *process) error {
	vars, _, wrong := withFiles(p.vars)
	table := tabwriter.NewWriter(p.stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tVALUE\tORIGIN")
	for _, field := range fields() {
		name := "IDP_" + field.Tag.Get("env")
		value, set := vars[name]
		origin := "environment"
		_, fromFile := p.vars[name+"_FILE"]
		switch {
		case !set && !fromFile:
			value, origin = field.Tag.Get("envDefault"), "default"
		case fromFile:
			origin = name + "_FILE=" + p.vars[name+"_FILE"]
		}
		for _, given := range []string{name, name + "_FILE"} {
			if path := p.origin[given]; path != "" && given == name {
				origin = path
			} else if path != "" {
				origin += " of " + path
			}
		}
		switch secret := field.Tag.Get("secret"); {
		case value == "" && origin == "default":
			value = "-"
		case secret == "all":
			value = "(hidden)"
		case secret == "password":
			value = shownDSN(value)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", name, strings.Join(strings.Fields(value), " "), origin)
	}
	return errors.Join(table.Flush(), wrong)
}
