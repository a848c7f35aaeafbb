package admin

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/members"
)

// The states of a change of roles, besides Done and Asked.
const (
	TakenAsked State = "taken_asked" // some were taken away at once, others are given once another administrator has confirmed them
	Replaced   State = "replaced"    // done, and what was asked for before ended
)

// AskPerson is a change of who works at the desk.
type AskPerson struct {
	NewPerson // of AddColleague; the roles of SetColleague too
	Reason    string
	Ticket    string
	Seen      string // StaffRow.Version as the person saw it; not of AddColleague
}

// AddColleague creates an account of the desk whose roles another administrator has to confirm: one alone could otherwise be both
// people of an act that needs two (S-64). The error is Invalid, those of allow, *LimitError,
// ErrOtherBody, or the database's.
func (s *Service) AddColleague(ctx context.Context, p Person, o *Once, a AskPerson) (id uuid.UUID, err error) {
	if err := a.check(a.flaws(), s.roster); err != nil {
		return id, err
	}
	err = s.changePeople(ctx, p, o, AddPerson, &a, &id, func(ctx context.Context, e *entry) error {
		people, err := s.Staff(ctx)
		if err != nil {
			return err
		}
		address, err := accounts.ParseEmail(a.Email)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(people, func(r StaffRow) bool { return accounts.SameEmail(r.Email, address) }) {
			return Invalid{"email": "email_colleague"} // one person would be both people of an act that needs two (S-64)
		}
		added, err := s.addPerson(ctx, a.NewPerson, p.ID, p.ID.String())
		if errors.Is(err, accounts.ErrUsernameTaken) {
			return Invalid{"username": "username_taken"}
		}
		if err != nil {
			return err
		}
		if err := s.askRoles(ctx, added.ID, a, p.ID, false); err != nil {
			return err
		}
		e.data = map[string]string{"person": added.ID.String()}
		id, e.outcome = added.ID, outcomeAsked
		return s.tell(ctx, ConfirmPerson, s.about(AddPerson, a.Ticket, colleaguePath(added.ID)), p.ID)
	})
	return id, err
}

// SetColleague replaces somebody's roles. What is taken away ends at once, what is given waits for another administrator: the state is
// Done, Asked, for both TakenAsked, or Replaced. A request that the person begins anew goes on; while it waits, nothing is given. The error
// is Invalid, those of allow, ErrNotFound, ErrOwn, *PendingError, ErrConflict, *LimitError, ErrOtherBody, or the database's.
func (s *Service) SetColleague(ctx context.Context, p Person, o *Once, id uuid.UUID, a AskPerson) (state State, err error) {
	if err := a.check(Invalid{}, s.roster); err != nil {
		return "", err
	}
	err = s.changePeople(ctx, p, o, SetRoles, &a, &state, func(ctx context.Context, e *entry) error {
		e.data = map[string]string{"person": id.String()}
		who, err := s.lockColleague(ctx, p, id, a.Seen)
		if err != nil {
			return err
		}
		same, waits := slices.Equal(who.Roles, a.Roles), who.Asked.Open(s.now())
		switch {
		case same && (!waits || who.Asked.Reset):
			return Invalid{"roles": "roles_same"}
		case who.lacks(a.Roles) && waits && who.Asked.Reset:
			return who.waiting(p) // one request at a time
		}
		if waits && !who.Asked.Reset {
			if err := s.tellAsker(ctx, who.Asked.By, p.ID, false, s.about(who.asking(), who.Asked.Ticket, colleaguePath(id))); err != nil {
				return err
			}
		}
		if !who.lacks(a.Roles) {
			state = Done
			if waits && !who.Asked.Reset {
				state = Replaced
			}
			if err := s.SetRoles(ctx, id, a.Roles, p.ID.String()); err != nil || same {
				return err
			}
			return s.accounts.Notify(ctx, id, "staff_roles", nil)
		}
		state, e.outcome = Asked, outcomeAsked
		if kept := who.kept(a.Roles); !slices.Equal(kept, who.Roles) {
			state = TakenAsked
			if err := s.setRoles(ctx, id, kept, p.ID.String()); err != nil {
				return err
			}
			if err := s.accounts.Notify(ctx, id, "staff_roles", nil); err != nil {
				return err
			}
		}
		if err := s.askRoles(ctx, id, a, p.ID, false); err != nil {
			return err
		}
		return s.tell(ctx, ConfirmPerson, s.about(SetRoles, a.Ticket, colleaguePath(id)), p.ID, id)
	})
	return state, err
}

// ResetColleague asks another administrator to let somebody who lost their two-step verification begin anew (accounts.RestartStaff): one alone
// could otherwise let anybody in who reads that person's mail. The error is as of SetColleague; *PendingError while anything waits, ErrConflict also
// if there is nothing to remove.
func (s *Service) ResetColleague(ctx context.Context, p Person, o *Once, id uuid.UUID, a AskPerson) error {
	if err := a.checkWhy(Invalid{}, s.roster); err != nil {
		return err
	}
	var done bool
	return s.changePeople(ctx, p, o, ResetPerson, &a, &done, func(ctx context.Context, e *entry) error {
		e.data = map[string]string{"person": id.String()}
		who, err := s.lockColleague(ctx, p, id, a.Seen)
		if err != nil {
			return err
		}
		if who.Asked.Open(s.now()) {
			return who.waiting(p)
		}
		list, err := s.accounts.EnrolledFactors(ctx, id)
		if err != nil {
			return err
		}
		if len(list) == 0 || len(who.Roles) == 0 {
			return ErrConflict
		}
		e.outcome = outcomeAsked
		a.Roles = who.Roles
		if err := s.askRoles(ctx, id, a, p.ID, true); err != nil {
			return err
		}
		return s.tell(ctx, ConfirmPerson, s.about(ResetPerson, a.Ticket, colleaguePath(id)), p.ID, id)
	})
}

// ConfirmColleague gives somebody the roles that another administrator asked for, or lets them begin anew, or refuses it; a new person who is refused is
// removed. The error is as of SetColleague, and ErrGone.
func (s *Service) ConfirmColleague(ctx context.Context, p Person, o *Once, id uuid.UUID, seen string, confirm bool) error {
	act := RefusePerson
	if confirm {
		act = ConfirmPerson
	}
	var done bool
	return s.changePeople(ctx, p, o, act, &AskPerson{}, &done, func(ctx context.Context, e *entry) error {
		e.data = map[string]string{"person": id.String()}
		who, err := s.lockColleague(ctx, p, id, seen)
		if err != nil {
			return err
		}
		asking := who.asking()
		may, err := s.stillMay(ctx, who.Asked.By, asking)
		switch {
		case err != nil:
			return err
		case who.Asked.Ended, who.Asked.Open(s.now()) && confirm && !may:
			return &BlockedError{Why: BlockedAsker, Name: who.Asked.Name, Ended: true}
		case !who.Asked.Open(s.now()):
			return ErrGone
		case who.Asked.By == p.ID && confirm:
			return ErrOwn
		}
		path := colleaguePath(id)
		if !confirm && who.isNew() { // whose page goes
			path = peoplePath
		}
		if err := s.tellAsker(ctx, who.Asked.By, p.ID, confirm, s.about(asking, who.Asked.Ticket, path)); err != nil {
			return err
		}
		switch {
		case confirm && who.Asked.Reset:
			e.data["reset"] = "yes"
			if err := s.accounts.RestartStaff(ctx, id); err != nil {
				return err
			}
			if err := s.endAskedFor(ctx, who, p); err != nil {
				return err
			}
			return s.accounts.Notify(ctx, id, "staff_restarted", nil)
		case confirm:
			if err := s.SetRoles(ctx, id, who.Asked.Roles, p.ID.String()); err != nil {
				return err
			}
			return s.accounts.Notify(ctx, id, newsOf(who), nil)
		case !who.isNew():
			return s.endAskedFor(ctx, who, p)
		}
		return s.RemovePerson(ctx, id, p.ID.String())
	})
}

// WithdrawColleague ends what the person asked for about somebody, whose roles stay; a new person is removed. The error is those of allow,
// ErrNotFound, *NothingError if nothing of theirs waits, *LimitError, ErrOtherBody, or the database's.
func (s *Service) WithdrawColleague(ctx context.Context, p Person, o *Once, id uuid.UUID) error {
	var done bool
	return s.changePeople(ctx, p, o, Withdraw, &AskPerson{}, &done, func(ctx context.Context, e *entry) error {
		e.data = map[string]string{"person": id.String()}
		who, err := s.colleague(ctx, id)
		switch {
		case err != nil:
			return err
		case who.Asked.By != p.ID || !who.Asked.Open(s.now()):
			return &NothingError{Why: "withdrawn"}
		case who.isNew():
			return s.RemovePerson(ctx, id, p.ID.String())
		}
		return s.endAskedFor(ctx, who, p)
	})
}

// stillMay reports whether somebody who asked for an act may still ask for it: what a person asked for before their roles were taken
// away is not done by another's press of a button.
func (s *Service) stillMay(ctx context.Context, id uuid.UUID, act Act) (bool, error) {
	who, err := s.store.person(ctx, id)
	if errors.Is(err, ErrNoRole) {
		return false, nil
	}
	return who.may(act), err
}

// endAsked ends what a person asked for and may not ask for with the roles that they have now: it does not come back with the role.
func (s *store) endAsked(ctx context.Context, p Person, now time.Time) error {
	may := []Act{}
	for act := range rules {
		if p.may(act) {
			may = append(may, act)
		}
	}
	_, err := s.db.From(ctx).Exec(ctx, `
		update desk_requests set decision = $4, decided_by = asked_by, decided_at = $2
		where asked_by = $1 and decided_at is null and expires_at > $2 and act <> all($3)`, p.ID, now, may, outcomeEnded)
	if err != nil || p.may(SetRoles) {
		return err
	}
	_, err = s.db.From(ctx).Exec(ctx, `update staff set asked_ended = true where asked_by = $1`, p.ID)
	return err
}

// lacks reports whether one of the roles grants something that the person may not do.
func (p Person) lacks(roles []Role) bool {
	return slices.ContainsFunc(roles, func(role Role) bool {
		return !slices.ContainsFunc(p.Roles, func(own Role) bool { return own.gives(role) })
	})
}

// kept are the person's roles that go on if others are to take their place.
func (p Person) kept(wanted []Role) []Role {
	kept := []Role{}
	gives := func(roles []Role, role Role) bool {
		return slices.ContainsFunc(roles, func(r Role) bool { return r.gives(role) })
	}
	for _, role := range p.Roles {
		if gives(wanted, role) {
			kept = append(kept, role)
		}
	}
	if gives(p.Roles, Read) && gives(wanted, Read) && !gives(kept, Read) {
		kept = append(kept, Read)
	}
	return kept
}

// newsOf is the kind of mail for somebody whose roles were confirmed.
func newsOf(who StaffRow) string {
	if who.isNew() {
		return "staff_added"
	}
	return "staff_roles"
}

// RemoveColleague ends somebody's work at the desk at once: roles, sessions and account. The error is as of SetColleague.
func (s *Service) RemoveColleague(ctx context.Context, p Person, o *Once, id uuid.UUID, a AskPerson) error {
	if err := a.checkWhy(Invalid{}, s.roster); err != nil {
		return err
	}
	var done bool
	return s.changePeople(ctx, p, o, RemovePerson, &a, &done, func(ctx context.Context, e *entry) error {
		e.data = map[string]string{"person": id.String()}
		if _, err := s.lockColleague(ctx, p, id, a.Seen); err != nil {
			return err
		}
		return s.RemovePerson(ctx, id, p.ID.String())
	})
}

// changePeople runs a change of people: one after the other, and only while the actor still has the role, so that of two
// administrators who remove each other one stays.
func (s *Service) changePeople(ctx context.Context, p Person, o *Once, act Act, a *AskPerson, reply any, use func(ctx context.Context, e *entry) error) error {
	return s.record(ctx, p, entry{act: act, reason: a.Reason, ticket: a.Ticket}, func(ctx context.Context, e *entry) error {
		return s.once(ctx, p, o, reply, func(ctx context.Context) error {
			if err := s.store.lockPeople(ctx); err != nil {
				return err
			}
			now, err := s.Who(ctx, p.ID, p.AuthTime)
			if errors.Is(err, ErrNoRole) {
				return ErrForbidden
			}
			if err != nil {
				return err
			}
			if err := s.allow(now, act, nil); err != nil {
				return err
			}
			if err := s.take(ctx, acts, p); err != nil {
				return err
			}
			return use(ctx, e)
		})
	})
}

// lockColleague reads the person that a change concerns. Nobody changes their own roles, and emergency accounts are the operator's.
func (s *Service) lockColleague(ctx context.Context, p Person, id uuid.UUID, seen string) (StaffRow, error) {
	who, err := s.colleague(ctx, id)
	switch {
	case err != nil:
		return who, err
	case who.Former():
		return who, ErrNotFound
	case id == p.ID:
		return who, ErrOwn
	case who.BreakGlass:
		return who, ErrForbidden
	case who.Version() != seen:
		return who, ErrConflict
	}
	return who, nil
}

func (a *AskPerson) check(invalid Invalid, roster *members.Roster) error {
	roles, err := checkRoles(a.Roles)
	if err != nil {
		invalid["roles"] = "roles_missing"
	}
	a.Roles = roles
	return a.checkWhy(invalid, roster)
}

func (a *AskPerson) checkWhy(invalid Invalid, roster *members.Roster) error {
	a.Reason, a.Ticket = checkWhy(a.Reason, a.Ticket, roster, invalid)
	if len(invalid) > 0 {
		return invalid
	}
	return nil
}

// lockPeople serialises changes to people: the lock lasts until the transaction ends.
func (s *store) lockPeople(ctx context.Context) error {
	_, err := s.db.From(ctx).Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('desk people', 0))`)
	return busy(err)
}
