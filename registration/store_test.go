package registration

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/postgres"
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
	sealed := sealed(s.service.store, r.ID, "identity", r.Identity)
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

// A second request of the same registration waits for a second, then is refused as busy.
func TestBusyRegistration(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	b := s.browser().toPersonal()
	held, release, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		s.db.InTx(t.Context(), func(ctx context.Context) error {
			if _, err := s.db.From(ctx).Exec(ctx, `select 1 from registrations for update`); err != nil {
				return err
			}
			close(held)
			<-release
			return nil
		})
	}()
	<-held
	v := Visit{Token: b.cookies["idp_registration"], Browser: s.browserDigest(), Language: "es"}
	err := s.service.KeepIdentity(t.Context(), v, Identity{})
	close(release)
	<-done
	if err != errBusy {
		t.Errorf("KeepIdentity = %v, want errBusy", err)
	}
	if err := s.service.KeepIdentity(t.Context(), v, Identity{}); err != nil {
		t.Errorf("KeepIdentity afterwards = %v", err)
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.browser().toPersonal()
	s.browser().toPersonal().lock()
	for _, want := range []struct {
		after         time.Duration
		registrations int
		guards        int
	}{{0, 2, 2}, {24*time.Hour + time.Second, 1, 0}, {7 * 24 * time.Hour, 0, 0}} {
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
