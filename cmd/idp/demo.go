package main

import (
	"cmp"
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"huskyidp/internal/mail"
	"huskyidp/internal/mailbox"
	"huskyidp/internal/portal"
	"huskyidp/internal/postgres/embedded"
	"huskyidp/internal/seal"
	"huskyidp/members"
	"huskyidp/provider"
	"huskyidp/sandbox"
	"huskyidp/templates"
)

//go:embed sample/roster.csv
var sampleRoster string

// DemoCmd is "idp demo".
type DemoCmd struct {
	Port        int    `default:"8080" help:"Port of the provider on localhost; 0 for any free one."`
	PortalPort  int    `default:"8090" help:"Port of the sample portal on localhost; 0 for any free one."`
	DeskPort    int    `default:"8095" help:"Port of the support desk on 127.0.0.1; 0 for any free one."`
	FHIRPort    int    `name:"fhir-port" default:"8096" help:"Port of the sample FHIR server on localhost; 0 for any free one."`
	PartnerPort int    `name:"partner-port" default:"8097" help:"Port of the partner area on partners.localhost; 0 for any free one."`
	SandboxPort int    `name:"sandbox-port" default:"8098" help:"Port of the sandbox on localhost, a test environment for partners; 0 for any free one."`
	DataDir     string `help:"Folder for the database, keys and mails. Default: the system's state folder."`
	Fresh       bool   `help:"Erase the data folder's demo first and start empty."`

	Brand string `placeholder:"DIR" help:"Show this brand, see \"idp brand\"." type:"existingdir"`

	Languages []string `placeholder:"TAG,…" help:"Show these languages, es among them. Default: all but drafts."`

	Kiosk         bool `help:"Treat every browser as one of a library: short sessions, nothing kept."`
	Certification bool `help:"Allow clients of the profile certification: hybrid and implicit flows."`
}

// Help is shown by --help.
func (DemoCmd) Help() string {
	return `Starts PostgreSQL, the provider, a sample portal that members sign in from, a FHIR server with invented records, a sandbox, and a
mailbox with the mails that the service sends. Everything listens on this machine alone. Ctrl-C stops all of it; the next start finds the same
accounts again, and the roster that was imported meanwhile. Other commands work on its data with
IDP_DATABASE_URL="host=DATA/postgres/run user=idp dbname=idp" and IDP_KEK_FILE=DATA/kek, where DATA is the folder that it prints; the sandbox has dbname=sandbox.`
}

// Run starts everything and blocks until ctx ends.
func (d *DemoCmd) Run(ctx context.Context, p *process) error {
	dir, held, err := d.folder()
	if err != nil {
		return err
	}
	defer held.Close()
	var brand *templates.Brand
	if d.Brand != "" {
		if brand, err = loadBrand(d.Brand, d.Languages); err != nil {
			return err
		}
	}
	var on [7]net.Listener // before the database, so that a port in use is reported at once
	defer func() {
		for _, l := range on {
			if l != nil {
				_ = l.Close() // usually its server has closed it
			}
		}
	}()
	for i, port := range []struct {
		number int
		flag   string
	}{{d.Port, "port"}, {d.PortalPort, "portal-port"}, {d.DeskPort, "desk-port"}, {d.FHIRPort, "fhir-port"}, {}, {d.PartnerPort, "partner-port"}, {d.SandboxPort, "sandbox-port"}} {
		if on[i], err = listenLocal(port.number, port.flag); err != nil {
			return err
		}
	}
	if err := holder(held, localURL(on[0])); err != nil {
		return err
	}
	db, err := d.database(ctx, dir, p.stderr)
	if err != nil {
		return err
	}
	defer func() {
		if err := db.Stop(); err != nil {
			fmt.Fprintln(p.stderr, "idp:", err)
		}
	}()
	return causeOf(ctx, db, d.run(ctx, p, dir, brand, db, on))
}

// causeOf returns the end of the database in place of the error of whatever noticed it first.
func causeOf(ctx context.Context, db *embedded.Server, err error) error {
	if err == nil || errors.Is(err, embedded.ErrEnded) {
		return err
	}
	soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), 500*time.Millisecond)
	defer cancel()
	return cmp.Or(db.Watch(soon), err)
}

// run builds the service on the database and serves it. on are the listeners of provider, portal, desk, FHIR server, mail, partner area and
// sandbox.
func (d *DemoCmd) run(ctx context.Context, p *process, dir string, brand *templates.Brand, db *embedded.Server, on [7]net.Listener) error {
	public, app, desk, fhir, smtp := on[0], on[1], on[2], on[3], on[4]
	kek, err := demoKEK(dir)
	if err != nil {
		return err
	}
	s := settings{
		dsn: db.DSN("idp"), conns: 16, issuer: "http://" + public.Addr().String(), keks: []seal.KEK{kek}, clientRules: provider.Rules{InsecureLocal: true, Certification: d.Certification},
		language: "es", identityLock: 24 * time.Hour, rememberDevice: 30 * 24 * time.Hour, numbers: members.DefaultNumberFormat,
		smtp: mail.SMTPOptions{Address: smtp.Addr().String(), TLS: mail.PlainText, From: "no-reply@idp.invalid", ReplyTo: "WebSupport@CHNCT.org"},
	}
	s.templates.Brand, s.templates.Languages = brand, d.Languages
	if d.Kiosk {
		s.kiosks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::/64")} // ::1, as web.Source has it
	}
	if hasAgreement(d.Brand) {
		s.agreementDir = d.Brand
	}
	s.issuer, s.tryURL, s.tryHealthURL = localURL(public), localURL(app)+portal.TryPath, localURL(app)+portal.TryHealthPath
	s.sandboxIssuer, s.sandboxToken = localURL(on[6]), rand.Text()
	s.outbound.Allow = []string{strings.TrimPrefix(localURL(app), "http://"), strings.TrimPrefix(s.sandboxIssuer, "http://")} // the portal is notified of sign-outs
	s.deskAddress = "http://" + desk.Addr().String()                                                                          // 127.0.0.1 is another host than localhost: cookies stay apart, as in production
	s.partnerAddress = "http://partners." + strings.TrimPrefix(localURL(on[5]), "http://")                                    // passkeys belong to a name
	s.checksAddress = s.issuer                                                                                                // which programs on this machine find, other than a name of its own
	log, err := os.OpenFile(filepath.Join(dir, "idp.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	logger := slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{ReplaceAttr: utcTime}))
	a, err := build(ctx, s, logger)
	if _, isOther := errors.AsType[*seal.UnwrapError](err); isOther {
		return fmt.Errorf("the data in %s were made with another key than %s: put that key back, or start empty with --fresh", dir, filepath.Join(dir, "kek"))
	}
	if err != nil {
		return err
	}
	defer a.close()
	a.deskOn, a.partnersOn = desk, on[5]
	tried, err := build(ctx, demoSandbox(s, db), logger)
	if err != nil {
		return err
	}
	defer tried.close()
	return d.serve(ctx, p.stdout, a, demoParts{dir: dir, db: db, public: public, app: app, fhir: fhir, smtp: smtp, sandbox: on[6], tried: tried})
}

type demoParts struct {
	dir                     string
	db                      *embedded.Server
	public, app, fhir, smtp net.Listener
	sandbox                 net.Listener
	tried                   *app // the sandbox
}

func (d *DemoCmd) serve(ctx context.Context, out io.Writer, a *app, parts demoParts) error {
	if err := importSample(ctx, a); err != nil {
		return err
	}
	if err := hireSample(ctx, a); err != nil {
		return err
	}
	if err := samplePartner(ctx, a); err != nil {
		return err
	}
	box, err := mailbox.Open(filepath.Join(parts.dir, "mails.jsonl"))
	if err != nil {
		return err
	}
	defer box.Close()
	mails := mailbox.NewHandler(box, a.templates, a.logger)
	a.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == mailbox.Path || strings.HasPrefix(r.URL.Path, mailbox.Path+"/") {
			mails.ServeHTTP(w, r)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/check/") || strings.HasPrefix(r.URL.Path, "/checking/") {
			r.Host = strings.TrimPrefix(a.partnersURL(), "http://")
			a.partners.ServeHTTP(w, r)
			return
		}
		a.engine.ServeHTTP(w, r)
	})
	secret, err := portalClient(ctx, a, parts.dir, localURL(parts.app))
	if err != nil {
		return err
	}
	if err := tryClient(ctx, a, localURL(parts.app)); err != nil {
		return err
	}
	records, err := fhirServers(ctx, a, parts)
	if err != nil {
		return err
	}
	if err := healthClient(ctx, a, localURL(parts.app), localURL(parts.fhir)+fhirPath); err != nil {
		return err
	}
	site, err := portal.New(portal.Options{Issuer: a.issuer, BaseURL: localURL(parts.app), ClientID: "sample-portal",
		ClientSecret: secret, TryClientID: tryClientID, HealthClientID: healthClientID, FHIRServer: localURL(parts.fhir) + fhirPath, Templates: a.templates, Logger: a.logger})
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return parts.db.Watch(ctx) })
	group.Go(func() error { return box.ServeSMTP(ctx, parts.smtp) })
	group.Go(func() error { return serveUntil(ctx, parts.app, site) })
	group.Go(func() error { return serveUntil(ctx, parts.fhir, records) })
	group.Go(func() error { return a.serve(ctx, []net.Listener{parts.public}, nil, 0) })
	group.Go(func() error { return parts.tried.serve(ctx, []net.Listener{parts.sandbox}, nil, 0) })
	group.Go(func() error { return d.welcome(ctx, out, a, parts) })
	return group.Wait()
}

// welcome prints the addresses and the sample cards.
func (d *DemoCmd) welcome(ctx context.Context, out io.Writer, a *app, parts demoParts) error {
	cards, err := sampleCards(ctx, a.roster)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, `
  Sample portal   %s      start here: press "Acceso del Usuario"
  Provider        %s
  Mailbox         %s/demo/mail
  Support desk    http://%s   as %s or %s: they set a password first, at %s/recover/password
  Partner area    %s   apps of partners, which %s decides on; an invitation to an invented one is in the mailbox
  Developers      %s/developers   with a sign-in to try
  Sandbox         %s%s   a test environment for partners: an issuer with invented members, their cards and passwords
  FHIR server     %s   invented records; try an app that reads them at %s
  Data            %s
`, localURL(parts.app), a.issuer, a.issuer, a.deskOn.Addr(), sampleStaff[0].Username, sampleStaff[1].Username, a.issuer, a.partnersURL(), sampleStaff[1].Username, a.issuer, parts.tried.issuer, sandbox.Path,
		localURL(parts.fhir)+fhirPath, localURL(parts.app)+portal.TryHealthPath, parts.dir)
	if len(cards) == 0 {
		fmt.Fprint(out, "\n  The roster is the one that you imported; the sample cards are not on it. --fresh starts with them again.\n\n  Ctrl-C stops everything.\n")
		return nil
	}
	fmt.Fprint(out, "\n  Sample cards (invented people):\n")
	table := tabwriter.NewWriter(out, 0, 8, 3, ' ', 0)
	fmt.Fprintln(table, "    Nombre\tApellido\tSufijo\tFecha de Nacimiento\tNúmero de ID del Cliente")
	for _, card := range cards {
		fmt.Fprintf(table, "    %s\t%s\t%s\t%s\t%s\n", card[1], card[2], card[3], card[4], card[0])
	}
	table.Flush()
	fmt.Fprintf(out, "\n  Ctrl-C stops everything.\n")
	return nil
}

// serveUntil serves on the listener until ctx ends.
func serveUntil(ctx context.Context, l net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	stopped := context.AfterFunc(ctx, func() {
		end, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_ = server.Shutdown(end) // what is still open is cut when the program ends
	})
	defer stopped()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
