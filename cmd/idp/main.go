// Command idp is the sign-in service of HUSKY Health: an OpenID Connect provider
// with self-service registration.
//
//	idp demo      everything on this machine, with a sample portal
//	idp serve     production, configured by environment variables
//	idp migrate   bring the database's schema up to this program
//	idp keys, clients, roster   manage what serve works with
//	idp config    check and show what serve is configured with
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/jackc/pgx/v5/pgconn"

	"huskyidp/internal/postgres"
	"huskyidp/templates"
)

type commands struct {
	Demo     DemoCmd         `cmd:"" help:"Run the whole product on this machine, with a sample portal and a mailbox."`
	Serve    ServeCmd        `cmd:"" help:"Run the service in production."`
	Config   ConfigCmd       `cmd:"" help:"Check the configuration of serve, or show it."`
	Migrate  MigrateCmd      `cmd:"" help:"Bring the database's schema up to this program."`
	Restore  RestoreEpochCmd `cmd:"" name:"restore-epoch" help:"After a restore of the database: void what may have been spent since the backup."`
	Audit    AuditCmd        `cmd:"" help:"Verify and export the record of security events."`
	Report   ReportCmd       `cmd:"" help:"Print the figures that authorities ask for."`
	Keys     KeysCmd         `cmd:"" help:"List, rotate and revoke signing keys; make a key-encryption key."`
	Clients  ClientsCmd      `cmd:"" help:"Register and manage the applications that may ask for sign-ins."`
	Roster   RosterCmd       `cmd:"" help:"Import the roster of members."`
	Accounts AccountsCmd     `cmd:"" help:"Take over members' accounts from another system, or write them for one."`
	Brand    BrandCmd        `cmd:"" help:"Show the programme under your own name, colours and notices."`
	Words    WordsCmd        `cmd:"" help:"Check the translations of pages and mails."`
	Staff    StaffCmd        `cmd:"" help:"Say who works at the support desk."`
	Sandbox  SandboxCmd      `cmd:"" help:"Look after a test environment with invented members."`
	Portal   PortalCmd       `cmd:"" help:"Run the sample portal alone, as an application of its own."`
	Mailbox  MailboxCmd      `cmd:"" help:"Run the demo's mail catcher alone."`
	Health   HealthCmd       `cmd:"" help:"Ask a health address; for container checks."`
	Version  VersionCmd      `cmd:"" help:"Print the version."`
	Man      ManCmd          `cmd:"" help:"Print the manual page: idp man | man -l -"`

	Completion CompletionCmd `cmd:"" help:"Print what completes commands in a shell."`

	ConfigFile  kong.ConfigFlag  `name:"config" placeholder:"FILE" help:"Settings as lines NAME=VALUE, with the names of the environment, which wins."`
	VersionFlag kong.VersionFlag `name:"version" help:"Print the version."`
}

// kongOptions are shared by running and describing the commands.
func kongOptions() []kong.Option {
	languages, _ := templates.CatalogLanguages() // the pattern is well-formed
	return append(typedValues(), kong.Name("idp"), kong.Description("The sign-in service of HUSKY Health. Start with: idp demo"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}), kong.UsageOnError(), kong.Vars{"version": versionLine(), "languages": strings.Join(languages, ",")})
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], environ(), standardOutput(), os.Stderr))
}

// environ is the process environment as a map.
func environ() map[string]string {
	vars := map[string]string{}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		vars[name] = value
	}
	return vars
}

// run is the whole program; tests call it. It returns the exit status.
func run(ctx context.Context, args []string, vars map[string]string, stdout, stderr io.Writer) int {
	return (&process{vars: vars, stdout: stdout, stderr: stderr, commitWait: commitWait, stopWait: stopWait}).run(ctx, args)
}

func (p *process) run(ctx context.Context, args []string) int {
	var c commands
	exited := -1
	out := &output{Writer: p.stdout}
	p.stdout = out
	stdout, stderr := p.stdout, p.stderr
	ctx, p.end = context.WithCancelCause(ctx)
	defer p.close()
	parser, err := kong.New(&c, append(kongOptions(), kong.Writers(stdout, stderr), kong.Exit(func(code int) { exited = code }),
		kong.Configuration(p.load), kong.Resolvers(kong.ResolverFunc(p.flagVariable)))...)
	if err != nil {
		fmt.Fprintln(stderr, "idp:", err)
		return 1
	}
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == completeWord:
		for _, word := range complete(parser.Model, args[1:]) {
			fmt.Fprintln(stdout, word)
		}
		return 0
	}
	command, err := await(ctx, p.stopWait, func() (*kong.Context, error) { return parser.Parse(args) })
	if lost := out.failed(); lost != nil {
		fmt.Fprintf(stderr, "idp: what it prints could not be written: %v\n", withoutPath(lost))
		return 1
	}
	if exited >= 0 { // help or version was printed
		return exited
	}
	if err == nil {
		err = blankValue(command)
	}
	if errors.Is(err, errStuck) {
		fmt.Fprintln(stderr, "idp: stopped before its end. Nothing was changed")
		return 1
	}
	if wrong, ok := errors.AsType[*fs.PathError](err); ok { // of --config: other files are opened by the commands
		err = fmt.Errorf("--config: %w", fileError(wrong.Path, err))
	}
	if err != nil {
		fmt.Fprintf(stderr, "idp: %s\nTry: %s\n", strings.ReplaceAll(withoutPackages(wrongCall(err)), `,""`, ""), tryHelp(command, err))
		return 2
	}
	command.BindTo(ctx, (*context.Context)(nil))
	command.Bind(p, parser.Model)
	if err := command.BindToProvider(func() (*Environment, error) { return p.environment(ctx, command.Command()) }); err != nil {
		fmt.Fprintln(stderr, "idp:", err)
		return 1
	}
	name := strings.Fields(command.Command())[0]
	wait := p.stopWait
	if runsUntilStopped[name] {
		wait = 0
	}
	_, err = await(ctx, wait, func() (struct{}, error) { return struct{}{}, command.Run() })
	err = p.failure(ctx, name, err)
	if lost := out.failed(); lost != nil && (err == nil || errors.Is(err, lost)) {
		if err == nil {
			err = lost
		}
		err = fmt.Errorf("the command has done its work, but what it prints could not be written: %w", err)
	}
	if err != nil {
		fmt.Fprintf(stderr, "idp: %s\n", withoutPackages(err.Error()))
		return 1
	}
	if p.env != nil && p.env.leftOut {
		return exitLeftOut
	}
	return 0
}

// exitLeftOut is the exit status of an import that left out some lines.
const exitLeftOut = 3

// process is the command's view of its environment.
type process struct {
	vars           map[string]string
	origin         map[string]string // the file of each variable that is not from the environment
	stdout, stderr io.Writer
	db             *postgres.DB
	env            *Environment // of the command, once it has been opened
	commitWait     time.Duration
	stopWait       time.Duration           // after a signal
	end            context.CancelCauseFunc // of the command's context
	watching       sync.WaitGroup
}

// watch cancels the command if a commit does not end, see watchCommits.
func (p *process) watch(ctx context.Context, o postgres.Options) {
	o.MaxConns = 1
	p.watching.Go(func() { watchCommits(ctx, o, p.commitWait, p.stderr, p.end) })
}

// load reads the file of --config.
func (p *process) load(in io.Reader) (kong.Resolver, error) {
	path := "the file of --config"
	if file, ok := in.(interface{ Name() string }); ok {
		path = file.Name()
	}
	return kong.ResolverFunc(p.flagVariable), p.configure(in, path)
}

// flagVariable is the value from environment or file for a flag with a variable.
func (p *process) flagVariable(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if value, ok := p.vars[name]; ok {
			return value, nil
		}
	}
	return nil, nil
}

// environment opens database and keys for the management commands.
func (p *process) environment(ctx context.Context, command string) (*Environment, error) {
	e := &Environment{Stdout: p.stdout, Stderr: p.stderr, Now: time.Now}
	p.env = e
	if strings.HasPrefix(command, "roster sample") || strings.HasPrefix(command, "keys generate-kek") {
		return e, nil
	}
	_, s, err := readAdminEnvironment(p.vars)
	if err != nil {
		return nil, err
	}
	o := s.pool(4, nil)
	o.Name = "idp " + strings.Fields(command)[0]
	if p.db, err = openDatabase(ctx, o); err != nil {
		return nil, err
	}
	p.watch(ctx, o)
	if e.Keyring, err = loadKeyring(ctx, p.db, s.keks); err != nil {
		return nil, err
	}
	e.DB, e.MemberNumbers, e.RSABits, e.ClientRules, e.Outbound, e.Looks, e.AgreementDir = p.db, s.numbers, s.rsaBits, s.clientRules, s.outbound, s.templates, s.agreementDir
	return e, nil
}

func (p *process) close() {
	p.end(nil)
	p.watching.Wait()
	if p.db != nil {
		p.db.Close()
	}
}

// migrateError is databaseError with the remedy for a role or a server that cannot migrate.
func migrateError(dsn string, err error) error {
	refused, _ := errors.AsType[*pgconn.PgError](err)
	err = databaseError(dsn, err)
	switch {
	case refused == nil:
	case refused.Code == "42501": // insufficient_privilege
		return fmt.Errorf("%w; migrate as the owner of the tables, which deploy/roles.sql calls idp_owner", err)
	case refused.Code == "25006": // read_only_sql_transaction
		return fmt.Errorf("%w; this is a standby: name the primary, or all hosts with target_session_attrs=read-write", err)
	}
	return err
}

// MigrateCmd is "idp migrate".
type MigrateCmd struct{}

// Run migrates the database of IDP_DATABASE_URL. Instances may be serving meanwhile.
func (MigrateCmd) Run(ctx context.Context, p *process) error {
	vars, _, err := withFiles(p.vars)
	if err != nil {
		return err
	}
	dsn := vars["IDP_DATABASE_URL"]
	if dsn == "" {
		return errors.New("IDP_DATABASE_URL: is missing")
	}
	o := postgres.Options{DSN: dsn, Name: "idp migrate"}
	p.watch(ctx, o)
	newer, err := postgres.Migrate(ctx, o, func() { fmt.Fprintln(p.stderr, "Another idp migrate is running; this one waits for its end.") })
	if err != nil {
		return migrateError(dsn, err)
	}
	said := "The schema is up to date."
	if newer {
		said = "A newer program has migrated the schema; it stays as it is."
	}
	_, err = fmt.Fprintln(p.stdout, said)
	return err
}
