package admin

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
)

// Matter is one thing that waits for the desk: a number that a member was told, or a change on hold. It names nobody (S-62).
type Matter struct {
	Ref      string // reference number, or the ID of the change
	Need     string // identity_locked, username, password or other; of a change its act
	Since    time.Time
	DueAt    time.Time // a day later, or when the change is made
	Language string    // of the member; "" for a change
	Account  uuid.UUID // of a change
	Asker    string    // of a change: the colleague who asked for it; "" for the member
	Own      bool      // a change that the viewer asked for or approved: somebody else looks after it
	Help
	Notes int
}

// matterForm is the form of Matter.Ref.
var matterForm = regexp.MustCompile(`^[0-9A-Za-z-]{1,36}$`)

// Help says who of the desk has a matter.
type Help struct {
	State   CaseState
	StaffID uuid.UUID
	Name    string    // "" once that person has left
	Freed   bool      // HandedOver, by somebody who may no longer help
	To      uuid.UUID // the colleague for whom it waits, of HandedOver; zero for anybody
	ToName  string
	At      time.Time
	Version int // 0 until somebody takes it
}

// helpAct is an act that whoever helps with a matter may do: an administrator alone can stop a change, and do nothing for members who
// are stuck.
func (m Matter) helpAct() Act {
	if m.Held() {
		return StopChange
	}
	return StartReset
}

// CaseState is how far the help with a matter is.
type CaseState string

// The states. Nobody has taken a waiting one; one that was handed over waits again.
const (
	Waits      CaseState = ""
	Taken      CaseState = "taken"
	HandedOver CaseState = "handed_over"
	Finished   CaseState = "done"
)

// Held reports whether it is a change on hold.
func (m Matter) Held() bool { return m.Account != uuid.Nil }

// Show selects matters by who has them.
type Show string

// The selections.
const (
	ShowOpen Show = "open" // not finished
	ShowFree Show = "free" // that nobody has, and that waits for nobody in particular
	ShowMine Show = "mine" // and what waits for the viewer
	ShowDone Show = "done"
)

// Shows lists them.
func Shows() []Show { return []Show{ShowOpen, ShowFree, ShowMine, ShowDone} }

// Needs are the values of Filter.Need: what members asked help for, and held for all changes on hold.
func Needs() []string { return []string{"identity_locked", "password", "username", "other", "held"} }

// Filter selects and orders a page of the queue.
type Filter struct {
	Show   Show   // "" is ShowOpen
	Need   string // "" for all
	Newest bool   // else who waits longest is first
	Page   int    // from 0
}

const (
	queuePage = 50
	queueSpan = 30 * 24 * time.Hour // numbers are kept as long
)

// Queue is a page of what waits, and how many match.
type Queue struct {
	Matters []Matter
	Total   int
}

func (f Filter) check() error {
	switch {
	case f.Show != "" && !slices.Contains(Shows(), f.Show):
		return Invalid{"show": "unknown"}
	case f.Need != "" && !slices.Contains(Needs(), f.Need):
		return Invalid{"need": "unknown"}
	}
	return nil
}

// Queue lists what waits for the desk. The error is Invalid, ErrForbidden, or the database's.
func (s *Service) Queue(ctx context.Context, p Person, f Filter) (q Queue, err error) {
	if err := f.check(); err != nil {
		return q, err
	}
	err = s.record(ctx, p, entry{act: ListQueue}, func(ctx context.Context, _ *entry) error {
		if err := s.allow(p, ListQueue, nil); err != nil {
			return err
		}
		q, err = s.store.queue(ctx, p.ID, f, s.now())
		return err
	})
	return q, err
}

const matterColumns = `m.matter, m.need, m.since, m.due_at, m.language, m.account_id, coalesce(c.state, ''), c.staff_id,
	coalesce(s.name, ''), s.roles, c.handed_to, coalesce(t.name, ''), c.at, coalesce(c.version, 0), (select count(*) from desk_notes n where n.matter = m.matter),
	coalesce((select a.name from staff a where a.account_id::text = m.asked_by), ''), m.asked_by = @me::text or exists (` + approvers + ` and r.decided_by::text = @me)`

// approvers finds who approved a change on hold.
const approvers = `select r.decided_by from desk_requests r where r.subject_id = m.account_id and r.act = m.need and r.asked_by::text = m.asked_by
		and r.decision = 'approved' and r.decided_at between m.since - interval '1 minute' and m.since + interval '1 minute'`

const fromMatters = ` from support_matters m left join desk_cases c on c.matter = m.matter left join staff s on s.account_id = c.staff_id
	left join staff t on t.account_id = c.handed_to `

func (m *Matter) scan(row pgx.Row, more ...any) error {
	var account, staff, to *uuid.UUID
	var at *time.Time
	var holder Person
	err := row.Scan(append([]any{&m.Ref, &m.Need, &m.Since, &m.DueAt, &m.Language, &account, &m.State, &staff, &m.Name, &holder.Roles, &to, &m.ToName, &at, &m.Version, &m.Notes, &m.Asker, &m.Own}, more...)...)
	m.Account, m.StaffID, m.To = postgres.Value(account), postgres.Value(staff), postgres.Value(to)
	m.Freed = m.State == HandedOver && m.To == uuid.Nil && m.Name != "" && !holder.may(TakeCase)
	m.Since, m.DueAt, m.At = m.Since.UTC(), m.DueAt.UTC(), postgres.Value(at).UTC()
	return err
}

func (s *store) queue(ctx context.Context, me uuid.UUID, f Filter, now time.Time) (q Queue, err error) {
	order := `m.since, m.matter`
	if f.Newest {
		order = `m.since desc, m.matter`
	}
	rows, err := s.db.From(ctx).Query(ctx, `select `+matterColumns+`, count(*) over ()`+fromMatters+`
		where m.since > @since and (@need = '' or m.need = @need or @need = 'held' and m.account_id is not null)
			and case @show
				when 'free' then c.state is null or c.state = 'handed_over' and t.account_id is null
				when 'mine' then c.state = 'taken' and c.staff_id = @me::uuid or c.state = 'handed_over' and c.handed_to = @me::uuid
				when 'done' then c.state = 'done'
				else c.state is distinct from 'done' end
		order by `+order+` limit @limit offset @offset`,
		pgx.NamedArgs{"since": now.Add(-queueSpan), "need": f.Need, "show": f.Show, "me": me.String(), "limit": queuePage, "offset": f.Page * queuePage})
	if err != nil {
		return q, fmt.Errorf("reading the queue: %w", err)
	}
	q.Matters, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (m Matter, err error) {
		return m, m.scan(row, &q.Total)
	})
	return q, err
}

// matter reads one of the queue. The error is ErrNotFound, or the database's.
func (s *store) matter(ctx context.Context, me uuid.UUID, ref string) (m Matter, err error) {
	err = m.scan(s.db.From(ctx).QueryRow(ctx, `select `+matterColumns+fromMatters+`where m.matter = @ref`, pgx.NamedArgs{"me": me.String(), "ref": ref}))
	if errors.Is(err, pgx.ErrNoRows) {
		return m, ErrNotFound
	}
	return m, err
}

// parties are who asked for a change on hold, and who approved it.
func (s *store) parties(ctx context.Context, ref string) ([]string, error) {
	rows, err := s.db.From(ctx).Query(ctx, `select m.asked_by from support_matters m where m.matter = $1
		union select p.decided_by::text from support_matters m, lateral (`+approvers+`) p where m.matter = $1`, ref)
	if err != nil {
		return nil, fmt.Errorf("reading who asked for a change: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
