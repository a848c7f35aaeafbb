package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"huskyidp/internal/web"
)

// ServeCmd is "idp serve".
type ServeCmd struct{}

// Help is shown by --help.
func (ServeCmd) Help() string {
	return `Configuration comes from the environment, and from the file of --config. A secret may come from a file of its own:
IDP_KEK_FILE in place of IDP_KEK. Everything is checked before a port is opened, and every mistake is named; "idp config check"
does the same and opens none. Certificates are reloaded within seconds of a change of their files, and at once on SIGHUP;
SIGTERM drains and ends.
` + settingsHelp()
}

// settingsHelp is the table of the settings.
func settingsHelp() string {
	var required, optional strings.Builder
	for _, field := range fields() {
		out, text := &optional, field.Tag.Get("help")
		if field.Tag.Get("must") != "" {
			out = &required
		}
		if value := field.Tag.Get("envDefault"); value != "" {
			text += " (" + value + ")"
		}
		fmt.Fprintf(out, "  IDP_%-22s %s\n", field.Tag.Get("env"), text)
	}
	return "\nRequired:\n" + required.String() + "\nOptional (default):\n" + optional.String()
}

// Run serves until SIGTERM or SIGINT.
func (ServeCmd) Run(ctx context.Context, p *process) error {
	e, s, err := readEnvironment(p.vars)
	if err != nil {
		return fmt.Errorf("the configuration has mistakes:\n%w", err)
	}
	logger := slog.New(slog.NewJSONHandler(p.stdout, &slog.HandlerOptions{ReplaceAttr: utcTime}))
	for _, name := range e.Accept {
		logger.Warn("a weaker setting is accepted", "setting", name)
	}
	cert, err := loadCertificate(e.TLSCert, e.TLSKey)
	if err != nil {
		return err
	}
	if cert != nil {
		cert.hosts = e.hosts()
		cert.warn(time.Now(), logger)
	}
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	a, err := build(ctx, s, logger)
	if err != nil {
		return err
	}
	defer a.close()
	if err := e.judgeRole(ctx, a.db); err != nil {
		return err
	}
	if err := e.judgeIssuer(ctx, a.db, time.Now()); err != nil {
		return err
	}
	open, err := listen(e, cert)
	defer open.close()
	if err != nil {
		return err
	}
	a.deskOn, a.partnersOn = open.desk, open.partners
	a.loops = append(a.loops, cert.watch(hangup, logger))
	return a.serve(ctx, open.public, open.private, e.Drain)
}

// listeners are the ports of serve.
type listeners struct {
	public                  []net.Listener
	desk, partners, private net.Listener // nil if there is none
}

// listen opens the listeners of the settings. After an error the caller closes those that are open.
func listen(e environment, cert *certificate) (l listeners, err error) {
	secured := func(setting, address string, config func(*tls.Config)) net.Listener {
		if err != nil || address == "" {
			return nil
		}
		var listener net.Listener
		if listener, err = web.Listen(address); err != nil {
			err = fmt.Errorf("IDP_%s: %w", setting, err)
			return nil
		}
		if cert != nil {
			c := tlsConfig(cert.get)
			config(c)
			listener = tls.NewListener(listener, c)
		}
		return listener
	}
	asBrowsers := func(*tls.Config) {}
	askClients := func(c *tls.Config) { c.ClientAuth = tls.RequestClientCert } // judged by the client's registration
	for _, listener := range []net.Listener{secured("LISTEN", e.Listen, asBrowsers), secured("MTLS_LISTEN", e.MTLSListen, askClients)} {
		if listener != nil {
			l.public = append(l.public, listener)
		}
	}
	l.desk = secured("DESK_LISTEN", e.DeskListen, asBrowsers)
	l.partners = secured("PARTNER_LISTEN", e.PartnerListen, asBrowsers)
	if err == nil && e.MetricsListen != "" {
		if l.private, err = net.Listen("tcp", e.MetricsListen); err != nil {
			err = fmt.Errorf("IDP_METRICS_LISTEN: %w", err)
		}
	}
	return l, err
}

func (l listeners) close() {
	for _, listener := range append(l.public, l.desk, l.partners, l.private) {
		if listener != nil {
			_ = listener.Close() // usually its server has closed it
		}
	}
}

// tlsConfig allows TLS 1.3, and 1.2 with AEAD suites and forward secrecy (RFC 9325).
func tlsConfig(certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: certificate,
		NextProtos:     []string{"h2", "http/1.1"},
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
	}
}

func utcTime(groups []string, attr slog.Attr) slog.Attr {
	if len(groups) == 0 && attr.Key == slog.TimeKey {
		attr.Value = slog.TimeValue(attr.Value.Time().UTC())
	}
	return attr
}

func serveOn(server *http.Server, listener net.Listener) func() error {
	return func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}
}

// inFlight is how long running requests may take after the drain.
const inFlight = 20 * time.Second

// serve serves on both listeners until ctx ends, then drains: readiness fails at once, new connections are accepted for
// drain, requests in flight get 20 s, and the workers stop last.
func (a *app) serve(ctx context.Context, publics []net.Listener, private net.Listener, drain time.Duration) error {
	group, ctx := errgroup.WithContext(ctx)
	working, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	if err := a.runner.Start(working); err != nil {
		return fmt.Errorf("starting the job queue: %w", err)
	}
	background := &errgroup.Group{}
	for _, loop := range a.loops {
		background.Go(func() error { loop(working); return nil })
	}
	group.Go(func() error { return a.guard.Watch(ctx, a.jobs) })
	members := a.web.Server(a.handler)
	for _, listener := range publics {
		group.Go(serveOn(members, listener))
	}
	desk := &http.Server{}
	if a.deskOn != nil {
		desk = a.deskWeb.Server(a.desk)
		group.Go(serveOn(desk, a.deskOn))
	}
	partners := &http.Server{}
	if a.partnersOn != nil {
		partners = a.partnersWeb.Server(a.partners)
		group.Go(serveOn(partners, a.partnersOn))
	}
	operators := &http.Server{Handler: a.operations(), ReadHeaderTimeout: 5 * time.Second}
	if private != nil {
		group.Go(serveOn(operators, private))
	}
	debug.FreeOSMemory() // building left more garbage than serving keeps
	a.ready.Store(true)
	a.logger.Info("serving", "issuer", a.issuer, "address", publics[0].Addr().String())
	group.Go(func() error {
		<-ctx.Done()
		a.ready.Store(false)
		a.logger.Info("draining")
		time.Sleep(drain)
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), inFlight)
		defer cancel()
		err := errors.Join(members.Shutdown(end), desk.Shutdown(end), partners.Shutdown(end))
		stop, cancelStop := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancelStop()
		err = errors.Join(err, a.runner.Stop(stop))
		stopWork()
		return errors.Join(err, operators.Close())
	})
	err := group.Wait()
	stopWork()
	if err = errors.Join(err, background.Wait()); err != nil {
		return err
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := a.sealLast(end); err != nil { // the next instance, or the next start, seals it
		a.logger.Warn("the record was not sealed to its end", "error", err.Error())
	}
	return nil
}
