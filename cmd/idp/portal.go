package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"

	"golang.org/x/sync/errgroup"

	"huskyidp/internal/mailbox"
	"huskyidp/internal/portal"
	"huskyidp/templates"
)

// PortalCmd is "idp portal".
type PortalCmd struct {
	Listen   string `default:"127.0.0.1:8090" help:"Address to listen on."`
	BaseURL  string `name:"base-url" default:"http://localhost:8090" help:"The portal as browsers see it, without a slash at its end."`
	Issuer   string `required:"" help:"The provider's issuer, as browsers and this program reach it."`
	ClientID string `name:"client-id" default:"sample-portal" help:"client_id at the provider."`
}

// Help is shown by --help.
func (PortalCmd) Help() string {
	return `A relying party of its own, for trying a provider. Register it there with the redirect URI <base-url>/callback, the
post-logout redirect URI <base-url>/, the login initiation URI <base-url>/login and the back-channel logout URI
<base-url>/backchannel-logout. Its secret comes from
IDP_PORTAL_SECRET or the file named by IDP_PORTAL_SECRET_FILE; without one it is a public client. With IDP_PORTAL_KEY
(32 characters or more, also from a file) a public client remembers sign-ins on their way over a restart.`
}

// Run serves until ctx ends.
func (c *PortalCmd) Run(ctx context.Context, p *process) error {
	vars, _, err := withFiles(p.vars)
	if err != nil {
		return err
	}
	for flag, address := range map[string]string{"--issuer": c.Issuer, "--base-url": c.BaseURL} {
		if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("%s: %q is not an address, as in https://idp.example", flag, address)
		}
	}
	set, err := loadSet(templates.Options{})
	if err != nil {
		return err
	}
	site, err := portal.New(portal.Options{
		Issuer: c.Issuer, ClientID: c.ClientID, ClientSecret: vars["IDP_PORTAL_SECRET"], Key: []byte(vars["IDP_PORTAL_KEY"]),
		BaseURL: c.BaseURL, Templates: set,
		Logger: slog.New(slog.NewJSONHandler(p.stderr, &slog.HandlerOptions{ReplaceAttr: utcTime})),
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "Sample portal at %s\n", c.BaseURL)
	return serveUntil(ctx, listener, site)
}

// MailboxCmd is "idp mailbox".
type MailboxCmd struct {
	Listen string `default:"127.0.0.1:8091" help:"Address of the pages."`
	SMTP   string `name:"smtp" default:"127.0.0.1:1025" help:"Address that takes mails."`
	File   string `placeholder:"FILE" help:"Keep the newest mails in this file; in memory only if left out."`
}

// Help is shown by --help.
func (MailboxCmd) Help() string {
	return `Takes every mail, delivers none, and shows them at /demo/mail to whoever can reach the address. For trials only.`
}

// Run serves until ctx ends.
func (c *MailboxCmd) Run(ctx context.Context, p *process) (err error) {
	set, err := loadSet(templates.Options{})
	if err != nil {
		return err
	}
	box, err := mailbox.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, box.Close()) }()
	pages, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	mails, err := net.Listen("tcp", c.SMTP)
	if err != nil {
		return errors.Join(err, pages.Close())
	}
	logger := slog.New(slog.NewJSONHandler(p.stderr, &slog.HandlerOptions{ReplaceAttr: utcTime}))
	fmt.Fprintf(p.stdout, "Mails by SMTP at %s, pages at http://%s%s\n", mails.Addr(), pages.Addr(), mailbox.Path)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return box.ServeSMTP(ctx, mails) })
	group.Go(func() error { return serveUntil(ctx, pages, mailbox.NewHandler(box, set, logger)) })
	return group.Wait()
}
