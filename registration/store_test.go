package registration

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
)

// The schema holds what must always be true.
func TestConstraints(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.browser().toReview()
	for statement, want := range map[string]string{
		`update registrations set code_tries = 6`:                                                       "registrations_code_tries",
		`update registrations set failures = -1`:                                                        "registrations_failures",
		`update registrations set finished_at = touched_at`:                                             "registrations_finished",
		`update registrations set code_mac = '\x00', code_expires_at = null`:                            "registrations_code",
		`update registrations set member_id = null, holder_id = account_id`:                             "registrations_holder",
		`update registrations set credentials = null`:                                                   "registrations_proven",
		`insert into identity_guards (kind, key, failures, opened_at) values ('x', '\x00', 1, now())`:   "identity_guards_kind",
		`insert into identity_guards values ('card', '\x00', 1, now(), null, now(), null)`:              "identity_guards_locked",
		`insert into support_references values ('H7K-2QD-9MA', 'other', '\x00', null, 'es', now())`:     "support_references_form",
		`insert into support_references values ('H7K-2QD-9MW', 'curiosity', '\x00', null, 'es', now())`: "support_references_reason",
		`insert into registrations select gen_random_uuid(), token_hash, browser, gen_random_uuid(), flow, language, created_at, touched_at,
			agreement_version, agreement_language, agreement_hash, agreed_at from registrations`: "registrations_token_hash_key",
	} {
		_, err := s.db.From(t.Context()).Exec(t.Context(), statement)
		if got := postgres.Violated(err); got != want {
			t.Errorf("%s violates %q (%v), want %q", statement, got, err, want)
		}
	}
}

// S-46: a sealed column copied to another row does not open.
func TestSealedColumnsAreBoundToTheirRow(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	r := Registration{ID: uuid.Must(uuid.NewV7()), Identity: Identity{FirstName: "María"}}
	sealed := s.service.store.seal(r.ID, "identity", r.Identity)
	var back Identity
	if err := s.service.store.unseal(r.ID, "identity", sealed, &back); err != nil || back != r.Identity {
		t.Errorf("unseal = %+v, %v", back, err)
	}
	if err := s.service.store.unseal(uuid.Must(uuid.NewV7()), "identity", sealed, &back); err == nil {
		t.Error("it opens in another row")
	}
	if err := s.service.store.unseal(r.ID, "credentials", sealed, &back); err == nil {
		t.Error("it opens in another column")
	}
}

// A second request of the same registration waits for a second, then is told to come again.
func TestBusyRegistration(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	b := s.browser().toPersonal()
	held, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		s.db.InTx(t.Context(), func(ctx context.Context) error {
			if _, err := s.db.From(ctx).Exec(ctx, `select 1 from registrations for update`); err != nil {
				return err
			}
			close(held)
			time.Sleep(1500 * time.Millisecond)
			return nil
		})
	}()
	<-held
	v := Visit{Token: b.cookies["idp_registration"], Browser: s.browserDigest(), Language: "es"}
	if err := s.service.KeepIdentity(t.Context(), v, Identity{}); err != errBusy {
		t.Errorf("KeepIdentity = %v, want errBusy", err)
	}
	<-done
	if err := s.service.KeepIdentity(t.Context(), v, Identity{}); err != nil {
		t.Errorf("KeepIdentity afterwards = %v", err)
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.browser().toPersonal()
	locked := s.browser().toPersonal()
	for range 3 {
		locked.post(mariaWrong...)
	}
	for _, want := range []struct {
		after         time.Duration
		registrations int
		guards        int
	}{{0, 2, 3}, {24*time.Hour + time.Second, 1, 0}, {7 * 24 * time.Hour, 0, 0}} {
		s.later(want.after)
		if _, err := s.service.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.count(`select count(*) from registrations`); got != want.registrations {
			t.Errorf("after %s: %d registrations, want %d", want.after, got, want.registrations)
		}
		if got := s.count(`select count(*) from identity_guards`); got != want.guards {
			t.Errorf("after %s: %d guards, want %d", want.after, got, want.guards)
		}
	}
}

// trips counts round trips: a statement or a batch each, begin and commit included.
type trips struct{ n atomic.Int64 }

func (t *trips) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	t.n.Add(1)
	return ctx
}
func (t *trips) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (t *trips) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	t.n.Add(1)
	return ctx
}
func (t *trips) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (t *trips) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

// What each post asks of the database may not grow unseen.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	counter := &trips{}
	s := newSiteOn(t, postgrestest.Open(t, postgres.Options{DSN: postgrestest.DSN(t), MaxConns: 1, Tracer: counter}))
	b := s.browser()
	post := func(most int64, pairs ...string) {
		t.Helper()
		path := b.path
		before := counter.n.Load()
		b.send(pairs...)
		got := counter.n.Load() - before
		t.Logf("POST %s: %d round trips", path, got)
		if got > most {
			t.Errorf("POST %s takes %d round trips, want at most %d", path, got, most)
		}
		if b.status == 303 {
			b.get(b.location)
		}
	}
	b.get("/register/agreement?flow=f1")
	post(3, "act", "agree")
	post(7, maria...)
	post(14, mariaChoice...)
	post(4, "code", s.code())
	post(8, "certify", "yes")
}
