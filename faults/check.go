package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"huskyidp/internal/rig"
	"huskyidp/internal/visitor"
)

// check verifies the ledger against the service: what was acknowledged holds, and nothing works twice.
type check struct {
	*stage
	mu     sync.Mutex
	broken []string
	proven map[string]int
}

// retryTime is how long a used refresh token still returns its successor to its client (S-38).
const retryTime = 10 * time.Second

// check verifies everybody who did something since the last one. What it replays ends their tokens, so they sign in
// again later.
func (s *stage) check() *check {
	c := &check{stage: s, proven: map[string]int{}}
	before := s.postponed
	s.postponed = nil
	people := s.ledger.touchedPeople()
	rand.Shuffle(len(people), func(i, k int) { people[i], people[k] = people[k], people[i] })
	var group sync.WaitGroup
	next := make(chan func())
	for range 6 {
		group.Go(func() {
			for prove := range next {
				prove()
			}
		})
	}
	for _, p := range people {
		next <- func() { c.person(s.ctx, p) }
	}
	for _, prove := range before {
		next <- func() { prove(c) }
	}
	close(next)
	group.Wait()
	c.halves(s.ctx)
	c.deskBook(s.ctx)
	return c
}

func (c *check) wrong(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = append(c.broken, fmt.Sprintf(format, args...))
}

func (c *check) right(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.proven[what]++
}

func (c *check) person(ctx context.Context, p *person) {
	if p.account == no {
		return // the card was abandoned before anything could be acknowledged
	}
	c.usedTwice(ctx, p)
	c.account(ctx, p)
	defer c.link(ctx, p)
	for n, f := range p.families {
		c.family(ctx, p, f, n)
	}
	// Presenting a code again ends its tokens and is possible for a minute; a spent token still works for ten seconds.
	// Each person's are tried in one of the two ways.
	if rand.IntN(2) == 0 {
		for _, used := range p.codes {
			c.code(ctx, p, used)
		}
	} else {
		c.later(p)
	}
	for _, cookies := range p.signedOut {
		b := c.journeys.visitor(p)
		maps.Copy(b.Cookies, cookies)
		if c.patiently(b, func() error { return b.Get(ctx, "/account") }) == nil && b.Status == http.StatusOK && pathOf(b) == "/account" {
			c.wrong("%s: a session that was signed out of lives", p.Username)
		} else {
			c.right("ended sessions")
		}
	}
	p.browser, p.families, p.codes, p.signedOut, p.touched = nil, nil, nil, nil, false
}

var notMe = regexp.MustCompile(`(/not-me\?link=[A-Za-z0-9_-]{43})`)

// link presses "this wasn't me" in the notice of a new password, for some people: it works once, and the account stays
// protected.
func (c *check) link(ctx context.Context, p *person) {
	if !p.recovered || p.account != yes || rand.IntN(3) > 0 {
		return
	}
	now, cancel := context.WithCancel(ctx)
	cancel()
	link, err := c.mails.Find(now, p.Email, 0, notMe)
	if err != nil {
		return // not arrived yet
	}
	b := c.journeys.visitor(p)
	if err := c.patiently(b, func() error { return b.Get(ctx, link) }); err != nil || b.Status != http.StatusOK {
		c.wrong("%s: the link of a notice is answered %d", p.Username, b.Status)
		return
	}
	form := *b
	err = c.patiently(b, func() error { b.Body, b.At = form.Body, form.At; return b.Submit(ctx, nil) })
	if err != nil || pathOf(b) != "/not-me/done" {
		c.wrong("%s: the button of a notice leads to %d %s", p.Username, b.Status, pathOf(b))
		return
	}
	p.account = no // protected: its owner would need another password
	if err := c.patiently(b, func() error { return b.Get(ctx, link) }); err != nil || b.Status != http.StatusGone {
		c.wrong("%s: the link of a notice works twice", p.Username)
	}
	if ok, _ := c.signsIn(ctx, p, p.Password); ok {
		c.wrong("%s: an account that was protected signs in", p.Username)
	}
	c.right("used links")
}

// later leaves spent tokens to the next check.
func (c *check) later(p *person) {
	families := p.families
	c.mu.Lock()
	defer c.mu.Unlock()
	c.postponed = append(c.postponed, func(next *check) {
		for _, f := range families {
			next.spent(c.ctx, p, f)
		}
	})
}

// account signs in with the acknowledged password, or with the one that may have been set.
func (c *check) account(ctx context.Context, p *person) {
	ok, said := c.signsIn(ctx, p, p.Password)
	if !ok && p.doubt != "" {
		if ok, said = c.signsIn(ctx, p, p.doubt); ok {
			p.Password = p.doubt
		}
	}
	p.doubt = ""
	switch {
	case ok && p.account == maybe: // created, though there was no answer
		p.account = yes
		c.ledger.back(p)
		c.right("accounts made without an answer")
	case ok:
		c.right("accounts")
	case p.account == yes:
		c.wrong("%s: the account was acknowledged and does not sign in: %s", p.Username, said)
		p.account = no
	}
}

func (c *check) signsIn(ctx context.Context, p *person, password string) (ok bool, said string) {
	b, err := c.withPassword(ctx, p, password)
	if err == nil && p.app != nil && strings.HasPrefix(b.At, "/login/factor/totp") {
		var code string
		if code, err = p.app.code(ctx); err == nil {
			form := *b
			err = c.patiently(b, func() error { b.Body, b.At = form.Body, form.At; return b.Submit(ctx, url.Values{"code": {code}}) })
		}
	} else if err == nil && b.Away != nil && p.app != nil && p.app.sure {
		c.wrong("%s: signs in without the second step that was acknowledged", p.Username)
	}
	if err != nil {
		return false, err.Error()
	}
	if b.Away != nil {
		p.keepDevice(b)
	}
	return b.Away != nil && b.Away.Query().Get("code") != "", fmt.Sprintf("%d at %s: %s", b.Status, pathOf(b), told(b.Body))
}

// withPassword is a sign-in up to the page after the password.
func (c *check) withPassword(ctx context.Context, p *person, password string) (*visitor.Browser, error) {
	b := c.journeys.visitor(p)
	if err := c.patiently(b, func() error { return b.Get(ctx, authorize("")) }); err != nil {
		return b, err
	}
	form := *b
	return b, c.patiently(b, func() error {
		b.Body, b.At = form.Body, form.At
		return b.Submit(ctx, url.Values{"username": {p.Username}, "password": {password}})
	})
}

// patiently retries where the service asks for patience.
func (c *check) patiently(b *visitor.Browser, ask func() error) (err error) {
	for range 20 {
		if err = ask(); err == nil && (b.Away != nil || b.Status != http.StatusServiceUnavailable && b.Status != http.StatusTooManyRequests) {
			return nil
		}
		if !rig.Pause(c.ctx, 300*time.Millisecond) {
			break
		}
	}
	if err == nil {
		err = fmt.Errorf("answered %d again and again", b.Status)
	}
	return err
}

// ask is patiently for programs.
func (c *check) ask(ask func() (int, map[string]any)) (status int, said map[string]any) {
	for range 20 {
		status, said = ask()
		if status != 0 && status != http.StatusServiceUnavailable && status != http.StatusTooManyRequests || !rig.Pause(c.ctx, 300*time.Millisecond) {
			return status, said
		}
	}
	return status, said
}

func (c *check) family(ctx context.Context, p *person, f *family, n int) {
	switch {
	case f.revoked == yes:
		status, _ := c.ask(func() (int, map[string]any) { return c.journeys.askRefresh(ctx, p, f.token) })
		if status == http.StatusOK {
			c.wrong("%s: a refresh token whose revocation was acknowledged refreshes", p.Username)
			return
		}
		c.right("revocations")
	case f.revoked == no && !f.doubt:
		status, said := c.ask(func() (int, map[string]any) { return c.journeys.askRefresh(ctx, p, f.token) })
		if status != http.StatusOK {
			c.wrong("%s: a refresh token that was given out is refused: %d %s %s (family %d of %d, %d spent)", p.Username, status,
				text(said, "error"), text(said, "error_description"), n+1, len(p.families), len(f.spent))
			return
		}
		f.spent = append(f.spent, spentToken{f.token, time.Now()})
		c.right("live tokens")
	}
}

// spent presents used refresh tokens again. The first ends the family, so it is the newest.
func (c *check) spent(ctx context.Context, p *person, f *family) {
	if len(f.spent) == 0 {
		return
	}
	newest := f.spent[len(f.spent)-1]
	rig.Pause(ctx, time.Until(newest.at.Add(retryTime+time.Second)))
	for i := len(f.spent) - 1; i >= 0; i-- {
		status, said := c.ask(func() (int, map[string]any) { return c.journeys.askRefresh(ctx, p, f.spent[i].token) })
		switch {
		case status == http.StatusOK:
			c.wrong("%s: a refresh token works twice, %s after its use", p.Username, span(time.Since(f.spent[i].at)))
			return
		case text(said, "error") != "invalid_grant":
			c.wrong("%s: a used refresh token is answered %d %s", p.Username, status, text(said, "error"))
			return
		}
		c.right("spent tokens")
	}
}

// code presents an authorization code again: once if it was acknowledged, otherwise until it has been accepted once.
func (c *check) code(ctx context.Context, p *person, used usedCode) {
	redeem := func() int {
		status, _ := c.ask(func() (int, map[string]any) { return c.journeys.askRedeem(ctx, p, used.code) })
		return status
	}
	if used.redeemed == maybe {
		redeem()
	}
	if redeem() == http.StatusOK {
		c.wrong("%s: an authorization code works twice", p.Username)
		return
	}
	c.right("spent codes")
}

// halves are the parts of a transaction that were found without the rest of it.
var halves = map[string]string{
	"accounts without what belongs to them": `select count(*) from accounts a where status = 'active' and member_id is not null and exists (select from registrations r where r.account_id = a.id) and (
		not exists (select from account_questions q where q.account_id = a.id) or
		(select count(distinct kind) from account_acceptances c where c.account_id = a.id) < 2 or
		not exists (select from mails m where m.account_id = a.id and m.kind = 'welcome') or
		not exists (select from audit_events e where e.account_id = a.id and e.kind = 'account_created') or
		not exists (select from audit_events e where e.account_id = a.id and e.kind = 'registration.finished'))`,
	"registrations both open and finished": `select count(*) from registrations r join accounts a on a.id = r.account_id where r.finished_at is null`,
	"registrations finished for nobody":    `select count(*) from registrations r where r.finished_at is not null and not exists (select from accounts a where a.id = r.account_id)`,
	"redeemed codes without tokens": `select count(*) from code_redemptions c join grants g on g.id = c.grant_id
		where c.succeeded and 'offline_access' = any(g.scopes) and not exists (select from refresh_tokens t where t.grant_id = g.id)`,
	"tokens without a redeemed code":      `select count(*) from refresh_tokens t where not exists (select from code_redemptions c where c.grant_id = t.grant_id and c.succeeded)`,
	"members with two accounts":           `select count(*) from (select member_id from accounts where member_id is not null group by 1 having count(*) > 1) d`,
	"passwords set without a notice":      `select count(*) from recoveries r where r.step = 'done' and not exists (select from mails m where m.account_id = r.account_id and m.kind = 'password_changed')`,
	"revoked grants without an audit row": `select count(*) from grants g where g.revoked_at is not null and not exists (select from audit_events e where e.account_id = g.account_id and e.at >= g.revoked_at - interval '5 seconds')`,
}

func (c *check) halves(ctx context.Context) {
	for what, query := range halves {
		n, err := one[int](ctx, c.cluster.primary, query)
		if err != nil {
			c.wrong("%s: %v", what, err)
		} else if n > 0 {
			c.wrong("%d %s", n, what)
		}
	}
}

// deskBook verifies the agents' acts: recorded once if acknowledged, at most once if there was no answer.
func (c *check) deskBook(ctx context.Context) {
	c.ledger.mu.Lock()
	tickets := c.ledger.desk
	c.ledger.desk = nil
	c.ledger.mu.Unlock()
	for _, t := range tickets {
		n, err := one[int](ctx, c.cluster.primary, `select count(*) from desk_entries where act = 'end_sessions' and outcome = 'done' and ticket = $1`, t.number)
		switch {
		case err != nil:
			c.wrong("the desk's book: %v", err)
		case n > 1 || n == 0 && t.done == yes:
			c.wrong("what was done for %s stands in the desk's book %d times", t.number, n)
		case t.done == yes:
			c.right("acts of the desk")
		}
	}
}

// String lists what was verified.
func (c *check) String() string {
	var parts []string
	for _, what := range []string{"accounts", "accounts made without an answer", "live tokens", "spent tokens", "spent codes", "revocations", "ended sessions", "used codes of an app", "used links", "acts of the desk"} {
		if n := c.proven[what]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	return strings.Join(parts, ", ")
}
