package registration

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/mail"
	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/templates"
)

// performance.md section 2: a post of registration takes four round trips and one commit. One of the trips is the
// provider's, which looks for the request that waits: none here.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	counter := &postgrestest.Trips{}
	s := newSiteOn(t, postgrestest.Open(t, postgres.Options{DSN: postgrestest.DSN(t), MaxConns: 1, Tracer: counter}), 20*time.Second)
	err := s.db.InTx(t.Context(), func(ctx context.Context) error { // the queue asks once what PostgreSQL can do
		m := mail.Message{Kind: "verify", To: "a@example.org", Content: templates.Mail{Subject: "a", Text: "b"}}
		return s.service.Outbox.(tap).Outbox.Queue(ctx, &pgx.Batch{}, m)
	})
	if err != nil {
		t.Fatal(err)
	}
	post := func(b *browser, flow int64, pairs ...string) {
		t.Helper()
		path := b.path
		b.still = true
		trips, commits := counter.Of(func() { b.send(pairs...) })
		b.still = false
		if trips+flow > 4 || commits > 1 {
			t.Errorf("POST %s = %d takes %d round trips and %d commits, want at most 4 and 1", path, b.status, trips+flow, commits)
		}
		if b.status == 303 {
			if trips, _ := counter.Of(func() { b.get(b.location) }); trips > 3 && strings.Contains(b.path, "refused=") {
				t.Errorf("GET %s takes %d round trips, want at most 3", path, trips)
			}
		}
	}
	const refused = 1 // the name of the app, which is read for the page
	b := s.browser()
	b.get("/register/agreement?flow=f1")
	post(b, 0, "act", "agree")
	b.get("/register/agreement?flow=f1")
	post(b, 0, "act", "agree")
	post(b, refused, with(maria, "first_name", "")...)
	post(b, refused, with(maria, "card_id", "999999998")...)
	post(b, 0, maria...)
	post(b, refused, with(mariaChoice, "email_again", "otra@example.org")...)
	post(b, 0, mariaChoice...)
	post(b, refused, "code", "000000")
	s.later(2 * accounts.MailGap.Per)
	post(b, 0, "act", "resend")
	post(b, 0, "code", s.code())
	post(b, refused, "certify", "")
	post(b, 1, "certify", "yes") // where to continue

	again := s.browser() // a member who has an account looks alike (S-13)
	again.get("/register/agreement?flow=f1")
	post(again, 0, "act", "agree")
	post(again, 0, maria...)
	post(again, refused, mariaChoice...) // the username is taken
	post(again, 0, with(mariaChoice, "username", "otra.maria", "email", "otra@example.org", "email_again", "otra@example.org")...)
	post(again, refused, "code", "000000")

	locked := s.browser()
	locked.source = "192.0.2.77:4000"
	locked.get("/register/agreement?flow=f1")
	post(locked, 0, "act", "agree")
	post(locked, refused, with(maria, "card_id", "999999998")...)
	post(locked, refused, with(maria, "card_id", "999999998")...) // counted once
	post(locked, 0, with(mariaWrong, "card_id", "999999998")...)  // the third with this number
	if !strings.HasPrefix(locked.path, "/register/locked") {
		t.Errorf("the third refusal leads to %s", locked.path)
	}
}
