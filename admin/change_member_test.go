package admin

import (
	"errors"
	"testing"
	"time"

	"huskyidp/accounts"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/members"
)

// TestChangeMember (S-64): an account that is tied to another person's row of the roster is tied to its own by two people after a
// day on hold, with a notice that can stop it, and with an end of every session. Neither a code to the mailbox nor the facts
// on file, which are the other person's, verify the caller.
func TestChangeMember(t *testing.T) {
	t.Parallel()
	for _, m := range []Method{SpokenCode, Facts, CallBack, InPerson} {
		d := newDesk(t, 1)
		session := must[accounts.Started](t)(d.people.StartSession(t.Context(), accounts.SessionStart{Account: d.maria, AMR: []string{"pwd"}}))
		if v := must[Verification](t)(d.Check(t.Context(), d.rosa, nil, d.maria.ID, m, mariaCard)); v.CodeSent {
			must[Verification](t)(d.CheckCode(t.Context(), d.rosa, nil, d.maria.ID, d.spoken()))
		}
		ask := d.asking(d.maria.ID)
		ask.Number = "310-542-266"
		out, err := d.Do(t.Context(), d.fresh(d.rosa), nil, d.maria.ID, ChangeMember, ask)
		if m == SpokenCode || m == Facts {
			if !errors.Is(err, ErrUnverified) {
				t.Errorf("verified by %s: %+v, %v", m, out, err)
			}
			continue
		}
		if err != nil || out.State != Asked {
			t.Fatalf("verified by %s: %+v, %v, want a second person", m, out, err)
		}
		if open := must[[]Request](t)(d.Requests(t.Context(), d.luis)); len(open) != 1 || open[0].Number != "310-542-266" {
			t.Errorf("the second person sees %+v", open)
		}
		if done, err := d.Decide(t.Context(), d.luis, nil, out.RequestID, true, ""); err != nil || done.State != OnHold {
			t.Fatalf("Decide = %+v, %v", done, err)
		}
		if told := len(d.mailed("staff_pending")) + len(d.mailed("staff_pending_in_person")); told != 1 {
			t.Errorf("notified %d times", told)
		}
		must[any](t)(nil, d.recovery.ApplyDue(t.Context()))
		if a := must[accounts.Account](t)(d.people.Get(t.Context(), d.maria.ID)); a.MemberID != d.maria.MemberID {
			t.Error("it is made before its hour")
		}
		d.later(24 * time.Hour)
		must[any](t)(nil, d.recovery.ApplyDue(t.Context()))
		james := must[accounts.Account](t)(d.people.Get(t.Context(), d.maria.ID))
		if james.MemberID == d.maria.MemberID || james.Subject != d.maria.Subject || len(d.mailed("member_changed")) != 1 {
			t.Errorf("afterwards: %+v, notified %d times", james, len(d.mailed("member_changed")))
		}
		if sum := d.seen(d.rosa, d.maria.ID); sum.BirthYear != 1971 || len(sum.Held) != 0 {
			t.Errorf("the desk sees %+v", sum)
		}
		if _, err := d.people.Session(t.Context(), session.Token); !errors.Is(err, accounts.ErrNoSession) {
			t.Errorf("the session of before = %v", err)
		}
		if n := d.count(`select count(*) from audit_events where account_id = $1 and data->>'act' = 'change_member' and kind like '%applied%'`, d.maria.ID); n != 1 {
			t.Errorf("%d rows of the audit say that it was made", n)
		}
		d.member("maria.2", "004123789") // the row of before is free for its owner
	}
}

// TestChangeMemberWantsAFreeRow: a number that nobody has, that ended, that is the account's already, or that has an account is
// refused before anybody is asked; and a row that somebody registers with during the hold stays theirs.
func TestChangeMemberWantsAFreeRow(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	d.verify(d.rosa, d.maria.ID, InPerson)
	try := func(number string) (Outcome, error) {
		ask := d.asking(d.maria.ID)
		ask.Number = number
		return d.Do(t.Context(), d.fresh(d.rosa), nil, d.maria.ID, ChangeMember, ask)
	}
	for _, number := range []string{"", "x", "999999999", "004123789"} {
		if _, err := try(number); codeOf(err) != "no_row" {
			t.Errorf("%q = %v", number, err)
		}
	}
	out := must[Outcome](t)(try("310542266"))
	must[Outcome](t)(d.Decide(t.Context(), d.luis, nil, out.RequestID, true, ""))
	james := d.member("james", "310542266")
	d.later(24 * time.Hour)
	must[any](t)(nil, d.recovery.ApplyDue(t.Context()))
	for _, a := range []accounts.Account{d.maria, james} {
		if now := must[accounts.Account](t)(d.people.Get(t.Context(), a.ID)); now.MemberID != a.MemberID {
			t.Errorf("%s is on another row", a.Username)
		}
	}
	if n := d.count(`select count(*) from held_changes where state = 'stopped'`); n != 1 {
		t.Error("the change waits for ever")
	}
	d.verify(d.rosa, d.maria.ID, InPerson)
	if _, err := try("310542266"); codeOf(err) != "no_row" {
		t.Errorf("a row that has an account = %v", err)
	}
}

// TestChangeMemberOfARowThatEnds: a row that an import ends during the hold is nobody's to be tied to.
func TestChangeMemberOfARowThatEnds(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	d.verify(d.rosa, d.maria.ID, InPerson)
	ask := d.asking(d.maria.ID)
	ask.Number = "310542266"
	out := must[Outcome](t)(d.Do(t.Context(), d.fresh(d.rosa), nil, d.maria.ID, ChangeMember, ask))
	must[Outcome](t)(d.Decide(t.Context(), d.luis, nil, out.RequestID, true, ""))
	row := must[members.Member](t)(d.roster.Find(t.Context(), "310542266"))
	postgrestest.Exec(t, d.db, "update members set ended_at = now() where id = '"+row.ID.String()+"'")
	d.later(24 * time.Hour)
	must[any](t)(nil, d.recovery.ApplyDue(t.Context()))
	if a := must[accounts.Account](t)(d.people.Get(t.Context(), d.maria.ID)); a.MemberID != d.maria.MemberID {
		t.Error("the account is on a row that has ended")
	}
	if n := d.count(`select count(*) from held_changes where state = 'stopped'`); n != 1 {
		t.Error("the change waits for ever")
	}
}

func codeOf(err error) string {
	invalid, _ := errors.AsType[Invalid](err)
	return invalid["member_number"]
}
