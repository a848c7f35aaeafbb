package recovery

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Support finds a number however it is read out, and nothing by a part of it (S-62).
func TestReferral(t *testing.T) {
	f := newFixture(t)
	about := uuid.Must(uuid.NewV7())
	var reference string
	err := f.db.InTx(t.Context(), func(ctx context.Context) (err error) {
		b := &pgx.Batch{}
		if reference, err = f.Refer(ctx, b, "identity_locked", []byte{1}, about, "en"); err != nil {
			return err
		}
		return f.db.Finish(ctx, b)
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Referral{Reference: reference, Reason: "identity_locked", About: about, Language: "en", At: f.now()}
	for _, spoken := range []string{reference, strings.ToLower(reference), " " + strings.ReplaceAll(reference, "-", " ") + " ", strings.ReplaceAll(reference, "-", "")} {
		if got, err := f.Referral(t.Context(), spoken); err != nil || got != want {
			t.Errorf("Referral(%q) = %+v, %v, want %+v", spoken, got, err, want)
		}
	}
	for _, spoken := range []string{"", reference[:8], reference + "2", "%", "___-___-___", strings.Repeat("2", 100)} {
		if _, err := f.Referral(t.Context(), spoken); !errors.Is(err, ErrNoReferral) {
			t.Errorf("Referral(%q) = %v, want ErrNoReferral", spoken, err)
		}
	}
}
