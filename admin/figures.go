package admin

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
)

// Day are the figures of one day in the time zone of the pages. They name no member.
type Day struct {
	Begins time.Time
	Help   []HelpFigure
	Locks  []Count // by cause
	Ends   []Count // of registrations begun on that day, by the last step that they reached within a day
	People []PersonFigure
}

// PersonFigure is what one person of the desk did.
type PersonFigure struct {
	ID       uuid.UUID
	Name     string // "" once that person has left
	Searches int
	Looks    int // at members
	Acts     int // on members: done or approved
	Asked    int // for a second person
	Cases    int // of the queue, finished
	Denied   int
}

// HelpFigure is what came of the numbers that members were told for one need.
type HelpFigure struct {
	Need               string
	Asked, Taken, Done int
	ToTake, ToDone     time.Duration // medians
}

// Count is a number under a fixed word.
type Count struct {
	Word string
	N    int
}

const figuresSpan = 31 // days; numbers are kept for 30

// lockWords are the causes of locks, and registrationWords the steps of a registration.
var (
	lockKinds = []audit.Kind{audit.AccountLocked, audit.PasswordDisabled, audit.AnswersClosed, audit.IdentityLocked}
	lockWords = map[string]string{
		"account_locked failed_sign_ins": "sign_in", "account_locked failed_codes": "code", string(audit.PasswordDisabled): "password",
		string(audit.AnswersClosed): "answer", string(audit.IdentityLocked): "registration",
	}
	registrationSteps = []audit.Kind{audit.RegistrationAgreed, audit.IdentityRefused, audit.IdentityMatched, audit.CodeSent, audit.EmailProven, audit.RegistrationFinished}
	registrationWords = map[audit.Kind]string{
		audit.RegistrationAgreed: "agreed", audit.IdentityRefused: "refused", audit.IdentityMatched: "matched", audit.CodeSent: "code_sent",
		audit.EmailProven: "proven", audit.RegistrationFinished: "finished",
	}
)

// Figures returns a range of days, newest first; both from and to are included. The error is Invalid, ErrForbidden, or
// the database's.
func (s *Service) Figures(ctx context.Context, p Person, from, to time.Time) (days []Day, err error) {
	midnight := func(day time.Time, later int) time.Time {
		return time.Date(day.Year(), day.Month(), day.Day()+later, 0, 0, 0, 0, s.zone)
	}
	first, after := midnight(from, 0), midnight(to, 1)
	if !first.Before(after) || first.Before(midnight(to, 1-figuresSpan)) {
		return nil, Invalid{"from": "span"}
	}
	err = s.record(ctx, p, entry{act: Figures}, func(ctx context.Context, e *entry) error {
		e.data = map[string]string{"from": first.UTC().Format(time.RFC3339), "to": after.UTC().Format(time.RFC3339)}
		if err := s.allow(p, Figures, nil); err != nil {
			return err
		}
		days = nil
		for i := 0; midnight(to, -i).Compare(first) >= 0; i++ {
			d, err := s.figuresOf(ctx, midnight(to, -i), midnight(to, 1-i))
			if err != nil {
				return err
			}
			days = append(days, d)
		}
		return nil
	})
	return days, err
}

func (s *Service) figuresOf(ctx context.Context, from, to time.Time) (Day, error) {
	d, b := Day{Begins: from}, &pgx.Batch{}
	var locks, ends []audit.Tally
	s.store.queueHelp(b, from, to, &d.Help)
	s.store.queuePeople(b, from, to, &d.People)
	s.audit.QueueTally(b, from, to, lockKinds, &locks)
	s.audit.QueueFurthest(b, from, to, to.Add(24*time.Hour), registrationSteps, &ends)
	if err := s.db.From(ctx).SendBatch(ctx, b).Close(); err != nil {
		return d, fmt.Errorf("reading figures: %w", err)
	}
	for _, l := range locks {
		word := lockWords[string(l.Kind)]
		if word == "" {
			word = lockWords[string(l.Kind)+" "+l.Reason]
		}
		if word != "" {
			d.Locks = append(d.Locks, Count{word, l.N})
		}
	}
	for _, e := range ends {
		d.Ends = append(d.Ends, Count{registrationWords[e.Kind], e.N})
	}
	return d, nil
}

func (s *store) queueHelp(b *pgx.Batch, from, to time.Time, figures *[]HelpFigure) {
	b.Queue(`
		select m.need, count(*), count(c.matter), count(*) filter (where c.state = 'done'),
			coalesce(percentile_cont(0.5) within group (order by extract(epoch from c.taken_at - m.since)), 0)::bigint,
			coalesce(percentile_cont(0.5) within group (order by extract(epoch from c.at - m.since)) filter (where c.state = 'done'), 0)::bigint
		from support_matters m left join desk_cases c on c.matter = m.matter
		where m.account_id is null and m.since >= $1 and m.since < $2 group by m.need order by m.need`, from, to).Query(func(rows pgx.Rows) (err error) {
		*figures, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (f HelpFigure, err error) {
			var take, done int64
			err = row.Scan(&f.Need, &f.Asked, &f.Taken, &f.Done, &take, &done)
			f.ToTake, f.ToDone = time.Duration(take)*time.Second, time.Duration(done)*time.Second
			return f, err
		})
		return err
	})
}

func (s *store) queuePeople(b *pgx.Batch, from, to time.Time, figures *[]PersonFigure) {
	b.Queue(`
		select e.staff_id, coalesce(s.name, ''), count(*) filter (where e.act = any($3)), count(*) filter (where e.act = $4),
			count(*) filter (where e.act = any($5) and e.outcome in ($6, $7)), count(*) filter (where e.outcome = $8),
			count(*) filter (where e.act = $9 and e.outcome = $6), count(*) filter (where coalesce(e.refined, e.outcome) <> all($10))
		from desk_entries e left join staff s on s.account_id = e.staff_id
		where e.at >= $1 and e.at < $2 group by e.staff_id, s.name order by s.name, e.staff_id`,
		from, to, []Act{Find, FindName}, Look, memberActs(), outcomeDone, outcomeApproved, outcomeAsked, FinishCase,
		[]string{outcomeDone, outcomeAsked, outcomeApproved, outcomeRefused, outcomeFailed, outcomeSent, "step_up"}).Query(func(rows pgx.Rows) (err error) {
		*figures, err = pgx.CollectRows(rows, pgx.RowToStructByPos[PersonFigure])
		return err
	})
}
