package admin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
	"huskyidp/internal/ratelimit"
	"huskyidp/members"
	"huskyidp/templates"
)

// caseActs limits what one person does with the queue.
var caseActs = ratelimit.Limit{Name: "desk_cases", Count: 240, Per: time.Hour}

// caseStates are what the acts on a matter lead to. NoteCase leaves it as it is.
var caseStates = map[Act]CaseState{TakeCase: Taken, HandOver: HandedOver, FinishCase: Finished, NoteCase: Waits}

// TakenError says that somebody else has done something with the matter meanwhile.
type TakenError struct{ Matter }

func (e *TakenError) Error() string {
	return "admin: the matter is " + string(e.State) + " by somebody else"
}

// Note is what a person of the desk wrote about a matter.
type Note struct {
	ID   uuid.UUID
	At   time.Time
	Name string
	Text string
}

const noteMax = 500 // letters

// Helping is an act on a matter as a person saw it.
type Helping struct {
	Act     Act
	Version int       // Help.Version; not for NoteCase
	To      uuid.UUID // of HandOver: a colleague; zero for whoever takes it next
	Note    string    // may be empty except for NoteCase
}

func (a *Helping) check(roster *members.Roster) error {
	if _, known := caseStates[a.Act]; !known {
		return fmt.Errorf("admin: %q is no act on a matter", a.Act)
	}
	wrong := ""
	switch a.Note, wrong = checkText(a.Note, 0, noteMax, roster); {
	case a.Note == "" && a.Act == NoteCase:
		return Invalid{"note": "missing"}
	case wrong != "":
		return Invalid{"note": wrong}
	}
	return nil
}

// HelpWith takes a matter, hands it over, finishes it or adds a note, one press each; a note that was typed is kept with
// whatever was pressed. Of two people who press at the same moment one succeeds, and the other learns who. Pressing again
// changes nothing. Who asked for a change on hold, or approved it, may only add notes. The error is Invalid, *TakenError, those
// of allow, ErrOwn, ErrNotFound, ErrOtherBody, *LimitError, ErrBusy, or the
// database's.
func (s *Service) HelpWith(ctx context.Context, p Person, o *Once, ref string, a Helping) (m Matter, err error) {
	if !matterForm.MatchString(ref) {
		return m, ErrNotFound
	}
	if err := a.check(s.roster); err != nil {
		return m, err
	}
	err = s.record(ctx, p, entry{act: a.Act, ticket: ref}, func(ctx context.Context, _ *entry) error {
		return s.once(ctx, p, o, &m, func(ctx context.Context) error {
			m, err = s.helpWith(ctx, p, ref, a)
			return err
		})
	})
	return m, err
}

func (s *Service) helpWith(ctx context.Context, p Person, ref string, a Helping) (Matter, error) {
	if err := s.allow(p, a.Act, nil); err != nil {
		return Matter{}, err
	}
	if err := s.take(ctx, caseActs, p); err != nil {
		return Matter{}, err
	}
	m, err := s.store.matter(ctx, p.ID, ref)
	if err != nil {
		return Matter{}, err
	}
	if m.Own && a.Act != NoteCase {
		return Matter{}, ErrOwn
	}
	if a.Note != "" {
		if err := s.store.insertNote(ctx, ref, p.ID, s.now(), a.Note); err != nil {
			return Matter{}, err
		}
	}
	if a.Act == NoteCase {
		return m, nil
	}
	wanted := Help{State: caseStates[a.Act], StaffID: p.ID, Name: p.Name, At: s.now(), Version: a.Version + 1}
	if a.Act == HandOver && a.To != uuid.Nil {
		colleagues, err := s.helpers(ctx, p, m)
		if err != nil {
			return Matter{}, err
		}
		i := slices.IndexFunc(colleagues, func(c Helper) bool { return c.ID == a.To })
		if i < 0 {
			return Matter{}, Invalid{"to": "unknown"}
		}
		wanted.To, wanted.ToName = a.To, colleagues[i].Name
	}
	moved, err := s.store.move(ctx, m, a.Version, wanted)
	if err != nil {
		return Matter{}, err
	}
	if moved {
		if a.Act == FinishCase && !m.Held() {
			if err := s.recovery.EndReference(ctx, m.Ref); err != nil {
				return Matter{}, err
			}
		}
		m.Help = wanted
		if wanted.To != uuid.Nil {
			return m, s.mail(ctx, wanted.To, "staff_case", templates.Args{"link": s.base + queuePath + "/" + ref})
		}
		return m, nil
	}
	if m, err = s.store.matter(ctx, p.ID, ref); err != nil {
		return Matter{}, err
	}
	if m.State == wanted.State && m.StaffID == p.ID && m.To == wanted.To { // pressed twice, or in two tabs
		return m, nil
	}
	return Matter{}, &TakenError{m}
}

// Helper is a colleague to whom a case may be handed over.
type Helper struct {
	ID       uuid.UUID
	Name     string
	Username string // "" unless another one has the same name
}

// helpers are the other people who may help with a matter and work here: they can sign in, and have done so. They are sorted by name.
func (s *Service) helpers(ctx context.Context, p Person, m Matter) (found []Helper, err error) {
	people, err := s.store.people(ctx)
	if err != nil {
		return nil, err
	}
	parties, err := s.store.parties(ctx, m.Ref)
	if err != nil {
		return nil, err
	}
	for _, who := range people {
		if slices.Contains(parties, who.ID.String()) {
			continue
		}
		if who.ID == p.ID || who.BreakGlass || !who.isActive || !who.may(m.helpAct()) {
			continue
		}
		account, err := s.accounts.Get(ctx, who.ID)
		if err != nil {
			return nil, err
		}
		if !account.LastSignInAt.IsZero() {
			found = append(found, Helper{who.ID, who.Name, account.Username})
		}
	}
	slices.SortFunc(found, func(a, b Helper) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Username, b.Username))
	})
	names := map[string]int{}
	for _, h := range found {
		names[h.Name]++
	}
	for i, h := range found {
		if names[h.Name] == 1 && h.Name != p.Name {
			found[i].Username = ""
		}
	}
	return found, nil
}

// move changes who has a matter, if it is as it was seen. What somebody has can be taken from them, but only they hand it over
// or finish it.
func (s *store) move(ctx context.Context, m Matter, seen int, to Help) (bool, error) {
	tag, err := s.db.From(ctx).Exec(ctx, `
		insert into desk_cases as c (matter, since, state, staff_id, at, taken_at, handed_to)
		select @matter, @since, @state, @staff, @at, @at, @to where @seen = 0 or exists (select from desk_cases where matter = @matter)
		on conflict on constraint desk_cases_pkey do update
			set state = excluded.state, staff_id = excluded.staff_id, at = excluded.at, handed_to = excluded.handed_to, version = c.version + 1
			where c.version = @seen and (c.state <> 'taken' or c.staff_id = excluded.staff_id or excluded.state = 'taken')`,
		pgx.NamedArgs{"matter": m.Ref, "since": m.Since, "state": to.State, "staff": to.StaffID, "at": to.At, "seen": seen, "to": postgres.Nullable(to.To)})
	return tag.RowsAffected() > 0, busy(err)
}

// releaseCases lets whoever takes it next have what a person has, and what waits for that person.
func (s *store) releaseCases(ctx context.Context, id uuid.UUID, now time.Time) error {
	_, err := s.db.From(ctx).Exec(ctx, `
		update desk_cases set state = 'handed_over', handed_to = null, at = case state when 'taken' then $2 else at end, version = version + 1
		where staff_id = $1 and state = 'taken' or handed_to = $1 and state = 'handed_over'`, id, now)
	return busy(err)
}

func (s *store) insertNote(ctx context.Context, ref string, by uuid.UUID, at time.Time, note string) error {
	id := uuid.Must(uuid.NewV7())
	_, err := s.db.From(ctx).Exec(ctx, `insert into desk_notes (id, matter, staff_id, at, note_sealed) values ($1, $2, $3, $4, $5)`,
		id, ref, by, at, s.seal("desk_notes", "note_sealed", id, []byte(note)))
	return err
}

// notes are those of a matter, oldest first.
func (s *store) notes(ctx context.Context, ref string) ([]Note, error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		select id, at, coalesce((select name from staff where account_id = staff_id), ''), note_sealed
		from desk_notes where matter = $1 order by at, id`, ref)
	if err != nil {
		return nil, fmt.Errorf("reading notes: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (n Note, err error) {
		var sealed []byte
		if err := row.Scan(&n.ID, &n.At, &n.Name, &sealed); err != nil {
			return n, err
		}
		text, err := s.open("desk_notes", "note_sealed", n.ID, sealed)
		n.At, n.Text = n.At.UTC(), string(text)
		return n, err
	})
}
