package audit_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres/postgrestest"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func TestRecordAndHistory(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	log := audit.New(db)
	account := uuid.Must(uuid.NewV7())
	older := audit.Event{
		Kind: audit.SignInFailed, At: noon, AccountID: account.String(), Reason: "wrong_password",
		RequestID: "r1", Data: map[string]string{"failures": "1"},
	}
	newer := audit.Event{Kind: audit.SignedIn, At: noon.Add(time.Minute), AccountID: account.String(), SessionID: "s", Success: true, Data: map[string]string{}}
	other := audit.Event{Kind: audit.KeyCreated, At: noon, Success: true}
	if err := log.Record(t.Context(), older, newer, other); err != nil {
		t.Fatalf("Record: %v", err)
	}
	got, err := log.History(t.Context(), account, 10)
	if err != nil {
		t.Fatalf("History: %v", err)
	}
	if diff := cmp.Diff([]audit.Event{newer, older}, got); diff != "" {
		t.Errorf("History (-want +got):\n%s", diff)
	}
}

// S-71: no row without its change.
func TestRecordJoinsTheTransaction(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	log := audit.New(db)
	account := uuid.Must(uuid.NewV7())
	undo := errors.New("undo")
	err := db.InTx(t.Context(), func(ctx context.Context) error {
		if err := log.Record(ctx, audit.Event{Kind: audit.SignedIn, At: noon, AccountID: account.String()}); err != nil {
			return err
		}
		return undo
	})
	if !errors.Is(err, undo) {
		t.Fatalf("InTx = %v, want %v", err, undo)
	}
	if got, err := log.History(t.Context(), account, 10); err != nil || len(got) != 0 {
		t.Errorf("History after a rollback = %v, %v, want nothing", got, err)
	}
}

// S-72: rows can be neither changed nor removed.
func TestAppendOnly(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	if err := audit.New(db).Record(t.Context(), audit.Event{Kind: audit.SignedIn, At: noon}); err != nil {
		t.Fatalf("Record: %v", err)
	}
	for _, statement := range []string{
		`update audit_events set success = true`, `delete from audit_events`, `truncate audit_events`,
	} {
		if _, err := db.From(t.Context()).Exec(t.Context(), statement); err == nil {
			t.Errorf("%s went through", statement)
		}
		if _, err := postgrestest.Owner(t, db).Exec(t.Context(), statement); err == nil { // by trigger
			t.Errorf("%s went through for the owner", statement)
		}
	}
}

func TestRecordRefusesIncompleteEvents(t *testing.T) {
	t.Parallel()
	log := audit.New(postgrestest.New(t))
	for name, e := range map[string]audit.Event{
		"no kind":     {At: noon},
		"no instant":  {Kind: audit.SignedIn},
		"bad account": {Kind: audit.SignedIn, At: noon, AccountID: "maria"},
	} {
		if err := log.Record(t.Context(), e); err == nil {
			t.Errorf("Record(%s) went through", name)
		}
	}
}
