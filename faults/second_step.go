package main

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"

	"huskyidp/internal/rig"
	"huskyidp/internal/visitor"
)

// authenticator is the app of a person's second step.
type authenticator struct {
	key  string
	sure bool      // the service has acknowledged it
	step int64     // of the last code
	last string    // the last code that was accepted, with an answer
	at   time.Time // when it was accepted
}

// codeTime is how long a code works: its step of 30 s, and the next.
const codeTime = time.Minute

// ready reports whether the app shows an unused code.
func (a *authenticator) ready() bool { return time.Now().Unix()/30 > a.step }

// code returns the app's code, after waiting if the current one was used.
func (a *authenticator) code(ctx context.Context) (string, error) {
	for !a.ready() {
		if !rig.Pause(ctx, 500*time.Millisecond) {
			return "", ctx.Err()
		}
	}
	now := time.Now()
	a.step = now.Unix() / 30
	return totp.GenerateCode(a.key, now)
}

// accepted records that a code was used.
func (a *authenticator) accepted(code string) { a.last, a.at, a.sure = code, time.Now(), true }

// read takes the key from the page that shows it.
func readAuthenticator(body string) *authenticator {
	found := shownKey.FindStringSubmatch(body)
	if found == nil {
		return nil
	}
	return &authenticator{key: strings.ReplaceAll(found[1], " ", "")}
}

// secure adds a second step to a member's account, in the browser that is signed in.
func (j *journeys) secure(ctx context.Context, p *person) error {
	b := p.browser
	if err := j.on(b, b.Get(ctx, "/account/factors/totp"), "adding a second step", "/account/factors/totp"); err != nil {
		return err
	}
	app := readAuthenticator(b.Body)
	if app == nil {
		j.ledger.fault("the page shows no key: %s", told(b.Body))
		return errGaveUp
	}
	code, err := app.code(ctx)
	if err != nil {
		return err
	}
	p.app, p.secured = app, true // perhaps, until there is an answer
	if err := j.on(b, b.Submit(ctx, url.Values{"code": {code}}), "a second step", "/account/factors"); err != nil {
		return err
	}
	app.accepted(code)
	j.ledger.count("second steps")
	if err := j.on(b, b.Get(ctx, "/account/factors"), "the second steps", "/account/factors"); err != nil {
		app.sure = false
		return err
	}
	if strings.Contains(b.Body, "cuenta desde el") || strings.Contains(b.Body, "counts from") { // added after a sign-in on a new device: it waits a day
		p.app = nil
	}
	return nil
}

// second is the second step of a sign-in, if the member has one.
func (j *journeys) second(ctx context.Context, p *person, b *visitor.Browser, err error) error {
	if p.app == nil || err != nil || !strings.HasPrefix(b.At, "/login/factor/totp") {
		if err == nil && b.Away != nil && p.app != nil && p.app.sure {
			j.ledger.fault("%s signs in without the second step", p.Username)
		}
		return err
	}
	code, err := p.app.code(ctx)
	if err != nil {
		return err
	}
	if err = b.Submit(ctx, url.Values{"code": {code}}); err == nil && b.Away != nil {
		p.app.accepted(code)
		j.ledger.count("second steps")
	}
	return err
}

// usedTwice presents the last accepted code again, while it would be valid.
func (c *check) usedTwice(ctx context.Context, p *person) {
	if p.app == nil || p.account != yes || p.doubt != "" || p.app.last == "" || time.Since(p.app.at) > codeTime-5*time.Second {
		return
	}
	b, err := c.withPassword(ctx, p, p.Password)
	if err != nil || !strings.HasPrefix(b.At, "/login/factor/totp") {
		return // as account reports
	}
	form := *b
	err = c.patiently(b, func() error {
		b.Body, b.At = form.Body, form.At
		return b.Submit(ctx, url.Values{"code": {p.app.last}})
	})
	if err == nil && b.Away != nil {
		c.wrong("%s: the code of an app works twice, %s after its use", p.Username, span(time.Since(p.app.at)))
		return
	}
	c.right("used codes of an app")
}
