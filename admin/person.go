package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
)

// Person is the actor, as read for the current call, and how they signed in.
type Person struct {
	ID         uuid.UUID // of the account
	Name       string
	Roles      []Role
	BreakGlass bool
	AuthTime   time.Time
	Session    string // of the desk: the same through a step-up, another one after a sign-out
	Email      string // of the account; "" for a person that was only named
}

// NewPerson is a new member of the desk.
type NewPerson struct {
	Username, Email, Name, Language string
	Roles                           []Role
	BreakGlass                      bool // sealed away for an emergency: each use is an alert (S-61)
}

// Member of the desk, as listed for operators.
type StaffRow struct {
	Person
	Username  string
	Email     string // where the code for the first password goes
	Status    accounts.Status
	CreatedAt time.Time
	RemovedAt time.Time // zero for who works here
	Asked     AskedRoles
	isActive  bool // the account
	hadRoles  bool // before all were taken away
}

var (
	// ErrRoles is returned for an unknown role, or no role.
	ErrRoles = errors.New("admin: give one or more of the roles read, recover, approve, admin, audit, partners")
	// ErrName is returned for a name that is empty, too long, or has characters not found in names.
	ErrName = errors.New("admin: a name has 1 to 80 letters")
)

// PeopleDeps are the dependencies of People. All are required.
type PeopleDeps struct {
	DB       *postgres.DB
	Audit    *audit.Log
	Accounts *accounts.Service
	Now      func() time.Time
}

// People manages who works at the desk, and with which roles. The operator's commands need nothing else of this
// package.
type People struct {
	PeopleDeps
	store *store
}

// NewPeople returns an error if a dependency is missing.
func NewPeople(d PeopleDeps) (*People, error) {
	if d.DB == nil || d.Audit == nil || d.Accounts == nil || d.Now == nil {
		return nil, errors.New("admin: DB, Audit, Accounts and Now are required")
	}
	return &People{d, &store{db: d.DB}}, nil
}

// AddPerson creates an account of the desk. by is the actor: a person of the desk, or the operator's command. The error
// is ErrRoles, ErrName, those of accounts.CreateStaff, or the database's.
func (s *People) AddPerson(ctx context.Context, n NewPerson, by string) (Person, error) {
	return s.addPerson(ctx, n, uuid.Nil, by)
}

// addPerson is AddPerson, for roles that another administrator than asker has to confirm.
func (s *People) addPerson(ctx context.Context, n NewPerson, asker uuid.UUID, by string) (Person, error) {
	n.Name = strings.TrimSpace(n.Name)
	if !nameable(n.Name) {
		return Person{}, ErrName
	}
	roles, err := checkRoles(n.Roles)
	if err != nil {
		return Person{}, err
	}
	p := Person{Name: n.Name, Roles: roles, BreakGlass: n.BreakGlass}
	now := s.Now()
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		account, err := s.Accounts.CreateStaff(ctx, accounts.NewStaff{Username: n.Username, Email: n.Email, Language: n.Language})
		if err != nil {
			return err
		}
		p.ID = account.ID
		given := p
		if asker != uuid.Nil {
			given.Roles = []Role{}
		}
		if err := s.store.insertPerson(ctx, given, now, AskedRoles{Roles: roles, By: asker}); err != nil {
			return err
		}
		return s.Audit.Record(ctx, staffEvent(audit.StaffCreated, p.ID, by, now, given.Roles))
	})
	return p, err
}

func nameable(name string) bool {
	return name != "" && utf8.RuneCountInString(name) <= 80 && !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) })
}

// flaws are what is wrong with a new person, but for the roles.
func (n NewPerson) flaws() Invalid {
	invalid := Invalid{}
	if !nameable(strings.TrimSpace(n.Name)) {
		invalid["name"] = "name_length"
	}
	_, err := accounts.CheckNewUsername(n.Username)
	if flaw, ok := errors.AsType[accounts.Flaw](err); ok {
		invalid["username"] = "username_" + string(flaw)
	}
	if _, err := accounts.ParseEmail(n.Email); err != nil {
		invalid["email"] = "email_format"
	}
	return invalid
}

// SetRoles replaces a person's roles, and the roles that were asked for them, effective from their next call. A request that they
// begin anew goes on.
func (s *People) SetRoles(ctx context.Context, id uuid.UUID, roles []Role, by string) error {
	roles, err := checkRoles(roles)
	if err != nil {
		return err
	}
	return s.setRoles(ctx, id, roles, by)
}

// setRoles is SetRoles, for none as well. Whoever may no longer help lets go of their cases.
func (s *People) setRoles(ctx context.Context, id uuid.UUID, roles []Role, by string) error {
	now := s.Now()
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.setRoles(ctx, id, roles, now); err != nil {
			return err
		}
		if !(Person{Roles: roles}).may(TakeCase) {
			if err := s.store.releaseCases(ctx, id, now); err != nil {
				return err
			}
		}
		if err := s.store.endAsked(ctx, Person{ID: id, Roles: roles}, now); err != nil {
			return err
		}
		return s.Audit.Record(ctx, staffEvent(audit.StaffChanged, id, by, now, roles))
	})
}

// RemovePerson ends a person's work at the desk: roles, sessions, account, and what they asked for. Their name stays for the book, unless
// they never had a role.
func (s *People) RemovePerson(ctx context.Context, id uuid.UUID, by string) error {
	now := s.Now()
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.removePerson(ctx, id, now); err != nil {
			return err
		}
		if err := s.store.releaseCases(ctx, id, now); err != nil {
			return err
		}
		if err := s.store.endAsked(ctx, Person{ID: id}, now); err != nil {
			return err
		}
		if _, err := s.Accounts.Disable(ctx, id); err != nil {
			return err
		}
		return s.Audit.Record(ctx, staffEvent(audit.StaffRemoved, id, by, now, nil))
	})
}

// Staff returns the people of the desk, oldest first.
func (s *People) Staff(ctx context.Context) ([]StaffRow, error) {
	people, err := s.store.people(ctx)
	if err != nil {
		return nil, err
	}
	for i := range people {
		if err := s.addAccount(ctx, &people[i]); err != nil {
			return nil, err
		}
	}
	return people, nil
}

// addAccount completes a row with what is kept of the account.
func (s *People) addAccount(ctx context.Context, r *StaffRow) error {
	account, err := s.Accounts.Get(ctx, r.ID)
	r.Username, r.Email, r.Status = account.Username, account.Email, account.Status
	return err
}

// ByName finds a person of the desk by username. The error is ErrNoRole, or the database's.
func (s *People) ByName(ctx context.Context, username string) (Person, error) {
	found, err := s.Accounts.FindExact(ctx, accounts.ByUsername, username)
	if err != nil {
		return Person{}, err
	}
	if len(found) != 1 {
		return Person{}, ErrNoRole
	}
	return s.store.person(ctx, found[0].ID)
}

// Left finds a person who left the desk by username, and when. The error is ErrNoRole, or the database's.
func (s *People) Left(ctx context.Context, username string) (name string, at time.Time, err error) {
	found, err := s.Accounts.FindExact(ctx, accounts.ByUsername, username)
	if err != nil {
		return "", time.Time{}, err
	}
	if len(found) != 1 {
		return "", time.Time{}, ErrNoRole
	}
	return s.store.left(ctx, found[0].ID)
}

// Who reads a person's current roles, so that taking one away works at once (S-61). The error is ErrNoRole, or the
// database's.
func (s *People) Who(ctx context.Context, accountID uuid.UUID, authTime time.Time) (Person, error) {
	p, err := s.store.person(ctx, accountID)
	if err != nil {
		return p, err
	}
	account, err := s.Accounts.Get(ctx, accountID)
	p.AuthTime, p.Email = authTime, account.Email
	return p, err
}

// noteUse raises the alert for an emergency account.
func (s *Service) noteUse(ctx context.Context, p Person) error {
	if !p.BreakGlass {
		return nil
	}
	return s.audit.Record(ctx, audit.Event{Kind: audit.BreakGlass, At: s.now(), AccountID: p.ID.String(), Actor: p.ID.String(), Success: true})
}

func checkRoles(roles []Role) ([]Role, error) {
	roles = slices.Compact(slices.Sorted(slices.Values(roles)))
	for _, role := range roles {
		if !slices.Contains(Roles(), role) {
			return nil, ErrRoles
		}
	}
	if len(roles) == 0 {
		return nil, ErrRoles
	}
	return roles, nil
}

func staffEvent(kind audit.Kind, id uuid.UUID, by string, at time.Time, roles []Role) audit.Event {
	words := make([]string, len(roles))
	for i, role := range roles {
		words[i] = string(role)
	}
	return audit.Event{Kind: kind, At: at, AccountID: id.String(), Actor: by, Success: true, Data: map[string]string{"roles": strings.Join(words, " ")}}
}

func (s *store) insertPerson(ctx context.Context, p Person, now time.Time, asked AskedRoles) error {
	if asked.By == uuid.Nil {
		_, err := s.db.From(ctx).Exec(ctx, `
			insert into staff (account_id, name, roles, break_glass, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)`,
			p.ID, p.Name, p.Roles, p.BreakGlass, now)
		return err
	}
	_, err := s.db.From(ctx).Exec(ctx, `
		insert into staff (account_id, name, roles, break_glass, created_at, updated_at, asked_roles, asked_by, asked_at) values ($1, $2, $3, $4, $5, $5, $6, $7, $5)`,
		p.ID, p.Name, p.Roles, p.BreakGlass, now, asked.Roles, asked.By)
	return err
}

// setRoles keeps a request to begin anew, whose roles are those that the person has.
func (s *store) setRoles(ctx context.Context, id uuid.UUID, roles []Role, now time.Time) error {
	tag, err := s.db.From(ctx).Exec(ctx, `
		update staff s set roles = $2, had_roles = had_roles or cardinality(roles) > 0, updated_at = $3, asked_roles = case when goes_on then $2 end,
			asked_by = case when goes_on then asked_by end, asked_at = case when goes_on then asked_at end,
			asked_reason_sealed = case when goes_on then asked_reason_sealed end, asked_ticket = case when goes_on then asked_ticket else '' end,
			asked_reset = goes_on, asked_ended = goes_on and asked_ended
		from (select account_id as id, coalesce(asked_reset and asked_roles = roles and cardinality($2::text[]) > 0, false) as goes_on from staff) was
		where was.id = s.account_id and account_id = $1 and removed_at is null`, id, roles, now)
	if err == nil && tag.RowsAffected() == 0 {
		return ErrNoRole
	}
	return err
}

func (s *store) removePerson(ctx context.Context, id uuid.UUID, now time.Time) error {
	tag, err := s.db.From(ctx).Exec(ctx, `delete from staff where account_id = $1 and cardinality(roles) = 0 and not had_roles`, id)
	if err != nil || tag.RowsAffected() > 0 {
		return err
	}
	tag, err = s.db.From(ctx).Exec(ctx, `
		update staff set removed_at = $2, updated_at = $2, had_roles = true, roles = '{}', asked_roles = null, asked_by = null, asked_at = null,
			asked_reason_sealed = null, asked_ticket = '', asked_reset = false, asked_ended = false where account_id = $1 and removed_at is null`, id, now)
	if err == nil && tag.RowsAffected() == 0 {
		return ErrNoRole
	}
	return err
}

func (s *store) person(ctx context.Context, id uuid.UUID) (Person, error) {
	p := Person{ID: id}
	err := s.db.From(ctx).QueryRow(ctx, `
		select s.name, s.roles, s.break_glass from staff s join account_states a on a.account_id = s.account_id
		where s.account_id = $1 and s.removed_at is null and a.active and cardinality(s.roles) > 0`, id).Scan(&p.Name, &p.Roles, &p.BreakGlass)
	if errors.Is(err, pgx.ErrNoRows) {
		return Person{}, ErrNoRole
	}
	if err != nil {
		return Person{}, fmt.Errorf("reading a person of the desk: %w", err)
	}
	return p, nil
}

// left returns the name of a person who left, and when. The error is ErrNoRole, or the database's.
func (s *store) left(ctx context.Context, id uuid.UUID) (name string, at time.Time, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `select name, removed_at from staff where account_id = $1 and removed_at is not null`, id).Scan(&name, &at)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", time.Time{}, ErrNoRole
	}
	if err != nil {
		return "", time.Time{}, fmt.Errorf("reading a person who left the desk: %w", err)
	}
	return name, at, nil
}

// people returns the people of the desk, without what is kept of the account.
func (s *store) people(ctx context.Context) ([]StaffRow, error) {
	return s.staff(ctx, `s.removed_at is null order by s.account_id`)
}

// former returns people who left, the last first.
func (s *store) former(ctx context.Context) ([]StaffRow, error) {
	return s.staff(ctx, `s.removed_at is not null order by s.removed_at desc, s.account_id limit $1`, formerShown)
}

func (s *store) staff(ctx context.Context, where string, args ...any) ([]StaffRow, error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		select s.account_id, s.name, s.roles, s.break_glass, s.created_at, s.asked_roles, s.asked_by, s.asked_at, coalesce(by.name, ''), s.asked_reason_sealed, s.asked_ticket, s.asked_reset, s.asked_ended, s.had_roles, a.active, s.removed_at
		from staff s join account_states a on a.account_id = s.account_id left join staff by on by.account_id = s.asked_by
		where `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("listing the desk: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (p StaffRow, err error) {
		var by *uuid.UUID
		var at, removed *time.Time
		err = r.Scan(&p.ID, &p.Name, &p.Roles, &p.BreakGlass, &p.CreatedAt, &p.Asked.Roles, &by, &at, &p.Asked.Name, &p.Asked.sealed, &p.Asked.Ticket, &p.Asked.Reset, &p.Asked.Ended, &p.hadRoles, &p.isActive, &removed)
		p.Asked.Reset = p.Asked.Reset && slices.Equal(p.Asked.Roles, p.Roles) // the release before asks for roles alone, and leaves it
		p.Asked.By, p.Asked.At = postgres.Value(by), postgres.Value(at).UTC()
		p.RemovedAt = postgres.Value(removed).UTC()
		return p, err
	})
}

// names returns the names of people who act or acted.
func (s *store) names(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	rows, err := s.db.From(ctx).Query(ctx, `select account_id, name from staff where account_id = any($1)`, ids)
	if err != nil {
		return nil, err
	}
	names := map[uuid.UUID]string{}
	var id uuid.UUID
	var name string
	_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error { names[id] = name; return nil })
	return names, err
}
