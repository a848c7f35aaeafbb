package audit

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// memberKinds are the kinds that members see.
var memberKinds = []Kind{
	AccountCreated, SignedIn, NewDevice, SignInFailed, SignedOut, SessionEnded, PasswordChanged, PasswordReset, PasswordRemoved, UsernameSent, FactorAdded, FactorRemoved,
	SavedCodesMade, SavedCodeUsed, QuestionChanged, EmailChangeAsked, EmailChanged, EmailChangeStop, LanguageChanged, AppAllowed, AppStopped, AppComplaint,
	AgreementAccepted, DataTaken, DeviceRemembered, DeviceForgotten, CloseAsked, CloseStopped, AccountLocked, AnswerRefused, Disowned, StaffLooked, StaffActed,
}

// Again is the reason of a refusal of what was refused just before: a second tap, or a reload. Its member sees one.
const Again = "again"

// MemberKinds returns the kinds that members see; each has its own text in the catalogs.
func MemberKinds() []Kind { return slices.Clone(memberKinds) }

// Refusals returns when the identity of a registration was refused because it matched nobody, newest first.
func (l *Log) Refusals(ctx context.Context, registration uuid.UUID, limit int) ([]time.Time, error) {
	rows, err := l.db.From(ctx).Query(ctx, `
		select at from audit_events where subject = $1 and kind = 'registration.identity_refused' and reason = 'no_match'
		order by at desc limit $2`, registration.String(), limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[time.Time])
}

// Happened reports whether something of a kind happened to an account at an instant or later.
func (l *Log) Happened(ctx context.Context, accountID uuid.UUID, kind Kind, since time.Time) (yes bool, err error) {
	err = l.db.From(ctx).QueryRow(ctx, `select exists (select from audit_events where account_id = $1 and kind = $2 and at >= $3)`, accountID, kind, since).Scan(&yes)
	return yes, err
}

// MemberHistory returns the events of an account that its member may see, newest first. A sign-in from a new device is
// one event.
func (l *Log) MemberHistory(ctx context.Context, accountID uuid.UUID, offset, limit int) ([]Event, error) {
	rows, err := l.db.From(ctx).Query(ctx, `
		select e.kind, e.at, e.client_id, e.session_id, e.success, e.reason, e.data
		from audit_events e
		where e.account_id = $1 and e.kind = any($2) and e.reason <> 'again' and not (e.kind = 'signed_in' and exists (
			select from audit_events n where n.account_id = $1 and n.kind = 'new_device' and n.session_id = e.session_id))
		order by e.at desc, e.id desc offset $3 limit $4`, accountID, memberKinds, offset, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Event, error) {
		var e Event
		err := row.Scan(&e.Kind, &e.At, &e.ClientID, &e.SessionID, &e.Success, &e.Reason, &e.Data)
		return e, err
	})
}
