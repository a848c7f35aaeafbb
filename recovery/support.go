package recovery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Referral is what a reference number refers to, for support.
type Referral struct {
	Reference string
	Reason    string    // as in Refer
	About     uuid.UUID // a registration, or zero
	Language  string
	At        time.Time
}

// ErrNoReferral is returned for a number that was never issued.
var ErrNoReferral = errors.New("recovery: no such reference number")

// Referral finds a number as it is read out: case, spaces and dashes do not matter. The error is ErrNoReferral, or the
// database's.
func (s *Service) Referral(ctx context.Context, spoken string) (Referral, error) {
	reference, ok := parseReference(spoken)
	if !ok {
		return Referral{}, ErrNoReferral
	}
	r := Referral{Reference: reference}
	var about *uuid.UUID
	err := s.db.From(ctx).QueryRow(ctx, `select reason, about, language, created_at from support_references where reference = $1`, reference).
		Scan(&r.Reason, &about, &r.Language, &r.At)
	if errors.Is(err, pgx.ErrNoRows) {
		return Referral{}, ErrNoReferral
	}
	if err != nil {
		return Referral{}, fmt.Errorf("finding a reference number: %w", err)
	}
	if about != nil {
		r.About = *about
	}
	r.At = r.At.UTC()
	return r, nil
}

// parseReference normalizes a number to the form in which it is stored.
func parseReference(spoken string) (string, bool) {
	if len(spoken) > 64 {
		return "", false
	}
	letters := strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToUpper(strings.TrimSpace(spoken)))
	if len(letters) != 9 || strings.Trim(letters, alphabet) != "" {
		return "", false
	}
	return letters[:3] + "-" + letters[3:6] + "-" + letters[6:], true
}
