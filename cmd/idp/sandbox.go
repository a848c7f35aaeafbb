package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/mailbox"
	"huskyidp/internal/postgres"
	"huskyidp/internal/site"
	"huskyidp/registration"
	"huskyidp/sandbox"
)

// SandboxCmd is "idp sandbox".
type SandboxCmd struct {
	Reset SandboxResetCmd `cmd:"" help:"Put a sandbox back into its first state."`
}

// SandboxResetCmd is "idp sandbox reset".
type SandboxResetCmd struct{}

// Help is shown by --help.
func (SandboxResetCmd) Help() string {
	return `Ends what members and apps have left in a sandbox, the service with IDP_SANDBOX=true: accounts, sessions, tokens, permissions,
codes, locks and mails. The known accounts are made again, with their first passwords. Registered clients, partners, the desk's people
and the record stay. It is one transaction, also while instances serve; after an interruption nothing has changed. A database of
production is refused. For a reset each night run it from a timer.`
}

// Run resets.
func (SandboxResetCmd) Run(ctx context.Context, env *Environment) error {
	people, roster, err := env.accountsAndRoster()
	if err != nil {
		return err
	}
	legal, err := loadLegal(env.AgreementDir, []string{"es", "en"}) // those of the known accounts
	if err != nil {
		return err
	}
	s, err := sandbox.New(sandbox.Deps{DB: env.DB, Audit: env.audit(), Accounts: people, Roster: roster, Sample: sampleRoster, Accept: acceptances(legal), Now: env.Now})
	if err != nil {
		return err
	}
	if err := s.Reset(ctx); err != nil {
		return sandboxError(err, true)
	}
	_, err = fmt.Fprintln(env.Stdout, "The sandbox is in its first state.")
	return err
}

// sandboxError says what an operator can do about a database of the other kind.
func sandboxError(err error, isSandbox bool) error {
	var said string
	switch {
	case errors.Is(err, sandbox.ErrSandbox):
		said = "IDP_DATABASE_URL: this database is a sandbox's, with invented members and known passwords: production needs one of its own. If this is to be the sandbox, set IDP_SANDBOX=true"
	case errors.Is(err, sandbox.ErrProduction):
		said = "IDP_DATABASE_URL: this database is a production service's: a sandbox needs one of its own, which is empty at its first start. Nothing was changed"
	case errors.Is(err, sandbox.ErrInUse):
		said = "IDP_DATABASE_URL: this database holds accounts, a roster or clients that no sandbox made: a sandbox needs one of its own, which is empty at its first start. Nothing was changed"
	case errors.Is(err, sandbox.ErrUnclaimed) && isSandbox:
		said = "IDP_DATABASE_URL: no sandbox has started on this database yet: its first start, with IDP_SANDBOX=true, makes the first state. Nothing was changed"
	default:
		return err
	}
	return &oneLine{said, err}
}

// notSandbox refuses a command that brings people's data into a sandbox.
func (env *Environment) notSandbox(ctx context.Context) error {
	err := sandbox.Check(ctx, env.DB, false)
	if errors.Is(err, sandbox.ErrSandbox) {
		return &oneLine{"IDP_DATABASE_URL: this database is a sandbox's, whose members are invented: nothing else is imported into it. Nothing was changed", err}
	}
	if err != nil {
		return &toldState{err, "Nothing was changed; the same file may be imported again"}
	}
	return nil
}

// acceptances are the texts in force as accepted by a member.
func acceptances(legal *registration.Legal) func(time.Time, string) (accounts.Acceptance, accounts.Acceptance) {
	accepted := func(doc registration.Document, now time.Time) accounts.Acceptance {
		return accounts.Acceptance{Version: doc.Version, Language: doc.Language, TextHash: doc.Hash, At: now}
	}
	return func(now time.Time, lang string) (accounts.Acceptance, accounts.Acceptance) {
		return accepted(legal.Agreement(now, lang), now), accepted(legal.Certification(now, lang), now)
	}
}

// openSandbox makes the first state where there is none, and adds the pages of a sandbox.
func (a *app) openSandbox(ctx context.Context, sv *services) error {
	s, err := sandbox.New(sandbox.Deps{DB: a.db, Audit: sv.audit, Accounts: sv.accounts, Roster: sv.members, Sample: sampleRoster, Accept: acceptances(sv.legal), Now: time.Now})
	if err != nil {
		return err
	}
	if err := s.Start(ctx); err != nil {
		return fmt.Errorf("making the sandbox's first state: %w", err)
	}
	pages, err := sandbox.NewHandler(s, a.web)
	if err != nil {
		return err
	}
	pages.Mount(a.engine)
	mails := mailbox.NewHandlerOf(keptMails{a.keeper(sv)}, sandbox.MailPath, &site.Site{Templates: a.templates, Logger: a.logger, Prefix: "mailbox_", Secure: a.isSecure(), Sandbox: true})
	group := a.web.Pages(a.engine)
	for _, path := range []string{sandbox.MailPath, sandbox.MailPath + "/:id", sandbox.MailPath + "/:id/html"} {
		group.GET(path, gin.WrapH(mails))
	}
	return nil
}

func (a *app) isSecure() bool {
	u, err := url.Parse(a.issuer)
	return err == nil && u.Scheme == "https"
}

// keeper keeps the mails of a sandbox.
func (a *app) keeper(sv *services) *sandbox.Keeper {
	return &sandbox.Keeper{DB: a.db, Keyring: sv.keyring, Mails: a.templates, Now: time.Now}
}

// keptMails shows them in package mailbox.
type keptMails struct{ keeper *sandbox.Keeper }

func shownMail(m sandbox.Mail) mailbox.Mail {
	return mailbox.Mail{ID: m.ID.String(), To: m.To, At: m.At, Subject: m.Subject, Text: m.Text, HTML: m.HTML}
}

func (k keptMails) List(ctx context.Context) (all []mailbox.Mail, err error) {
	kept, err := k.keeper.List(ctx)
	for _, m := range kept {
		all = append(all, shownMail(m))
	}
	return all, err
}

func (k keptMails) Find(ctx context.Context, id string) (mailbox.Mail, bool, error) {
	m, found, err := k.keeper.Find(ctx, id)
	return shownMail(m), found, err
}

// claimDatabase says what the database is for, or refuses one of the other kind.
func claimDatabase(ctx context.Context, db *postgres.DB, isSandbox bool) error {
	return sandboxError(sandbox.Claim(ctx, db, isSandbox), isSandbox)
}
