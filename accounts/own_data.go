package accounts

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/web"
)

// AcceptedText is a version of the agreement or of the certification that the member accepted.
type AcceptedText struct {
	Kind     string // agreement or certification
	Version  string
	Language string
	At       time.Time
}

// AcceptedTexts returns what the member has accepted, the newest first.
func (s *Service) AcceptedTexts(ctx context.Context, id uuid.UUID) ([]AcceptedText, error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		select kind, version, language, accepted_at from account_acceptances where account_id = $1 order by accepted_at desc, kind`, id)
	if err != nil {
		return nil, fmt.Errorf("reading acceptances: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[AcceptedText])
}

// ownHistory is the number of events that a member may take along.
const ownHistory = 10_000

// FullHistory returns the events of the account's history, the newest first; more reports whether there are older ones.
func (s *Service) FullHistory(ctx context.Context, id uuid.UUID) (list []Occurrence, more bool, err error) {
	return s.history(ctx, id, 0, ownHistory)
}

// takenAgain is how long taking the data again, as another file or by a second press, is the same event.
const takenAgain = 10 * time.Minute

func (s *Service) dataJustTaken(ctx context.Context, session Session, now time.Time) (bool, error) {
	newest, err := s.audit.MemberHistory(ctx, session.AccountID, 0, historyPage)
	return slices.ContainsFunc(newest, func(e audit.Event) bool {
		return e.Kind == audit.DataTaken && e.SessionID == session.SID && e.At.After(now.Add(-takenAgain))
	}), err
}

// TellsOfData reports whether DataTaken would notify the owner now.
func (s *Service) TellsOfData(ctx context.Context, session Session) (bool, error) {
	now := s.now()
	if again, err := s.dataJustTaken(ctx, session, now); again || err != nil {
		return false, err
	}
	key, err := s.countedAs(ctx, "data_taken", session.AccountID, now)
	if err != nil {
		return false, err
	}
	left, _, err := s.limiter.Left(ctx, repeated, key, now)
	return left > 0, err
}

// DataTaken records that the member has taken along what is stored about the account, and notifies the owner.
func (s *Service) DataTaken(ctx context.Context, session Session) error {
	now := s.now()
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if again, err := s.dataJustTaken(ctx, session, now); again || err != nil {
			return err
		}
		err := s.audit.Record(ctx, audit.Event{
			Kind: audit.DataTaken, At: now, AccountID: session.AccountID.String(), SessionID: session.SID, RequestID: web.RequestID(ctx), Success: true,
		})
		if err != nil {
			return err
		}
		return s.Notify(ctx, session.AccountID, "data_taken", nil)
	})
}
