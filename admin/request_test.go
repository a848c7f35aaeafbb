package admin

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
)

// askEmail asks for another address of the member.
func (d *desk) askEmail() Outcome {
	d.t.Helper()
	d.verify(d.rosa, d.maria.ID, InPerson)
	a := d.asking(d.maria.ID)
	a.Email = "nueva@example.org"
	out := must[Outcome](d.t)(d.Do(d.t.Context(), d.fresh(d.rosa), nil, d.maria.ID, ChangeEmail, a))
	if out.State != Asked || out.RequestID == uuid.Nil {
		d.t.Fatalf("ChangeEmail = %+v, want it to wait for a second person", out)
	}
	return out
}

// TestTwoPeople (S-64): asked for by one, approved by another within 24 hours, then held for 24 hours.
func TestTwoPeople(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	out := d.askEmail()
	both := d.person("bob", Recover, Approve)
	open := must[[]Request](t)(d.Requests(t.Context(), d.luis))
	if len(open) != 1 || open[0].Email != "nueva@example.org" || open[0].Own || open[0].Name != "Rosa Vega" || open[0].Ticket != "HD-1001" {
		t.Fatalf("Requests = %+v", open)
	}
	if n := must[int](t)(d.Waiting(t.Context(), d.luis)); n != 1 {
		t.Errorf("Waiting = %d", n)
	}
	if _, err := d.Decide(t.Context(), d.rosa, nil, out.RequestID, true, ""); !errors.Is(err, ErrForbidden) {
		t.Errorf("Decide without the role = %v", err)
	}
	stale := both
	stale.AuthTime = d.now().Add(-time.Hour)
	if _, err := d.Decide(t.Context(), stale, nil, out.RequestID, true, ""); !errors.Is(err, ErrStepUp) {
		t.Errorf("Decide with an old sign-in = %v", err)
	}
	done, err := d.Decide(t.Context(), both, nil, out.RequestID, true, "")
	if err != nil || done.State != OnHold || !done.ApplyAt.Equal(d.now().Add(24*time.Hour)) {
		t.Fatalf("Decide = %+v, %v, want it on hold for a day", done, err)
	}
	if n := d.count(`select count(*) from audit_events where account_id = $1 and kind = 'staff_acted' and data->>'act' = 'change_email' and data->>'state' = 'on_hold'`, d.maria.ID); n != 1 {
		t.Errorf("%d events that say that it is on hold", n)
	}
	sum := d.seen(d.rosa, d.maria.ID)
	if len(sum.Held) != 1 {
		t.Errorf("held: %+v", sum.Held)
	}
	if m := sum.Timeline[0]; m.Name != "Bob Vega" || m.Role != Approve || m.Outcome != outcomeApproved || m.Reason != "La persona llamó y pidió ayuda" {
		t.Errorf("the timeline says %+v", m)
	}
	if _, err := d.Decide(t.Context(), d.luis, nil, out.RequestID, true, ""); !errors.Is(err, ErrGone) {
		t.Errorf("Decide again = %v, want ErrGone", err)
	}
	if open := must[[]Request](t)(d.Requests(t.Context(), d.luis)); len(open) != 0 {
		t.Errorf("Requests after the decision = %+v", open)
	}
}

// TestOwnRequest (S-64): the second person is another one, also with both roles; the database says so as well.
func TestOwnRequest(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	d.rosa = d.person("both", Recover, Approve)
	out := d.askEmail()
	if _, err := d.Decide(t.Context(), d.rosa, nil, out.RequestID, true, ""); !errors.Is(err, ErrOwn) {
		t.Errorf("Decide of one's own = %v, want ErrOwn", err)
	}
	if open := must[[]Request](t)(d.Requests(t.Context(), d.rosa)); len(open) != 1 || !open[0].Own {
		t.Errorf("Requests = %+v, want one's own marked", open)
	}
	if err := d.store.decide(t.Context(), out.RequestID, d.rosa.ID, outcomeApproved, d.now()); err == nil {
		t.Error("the database takes one person for two")
	}
}

// TestRefusal: with a reason; it ends the request.
func TestRefusal(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	out := d.askEmail()
	if _, err := d.Decide(t.Context(), d.luis, nil, out.RequestID, false, "no"); err == nil {
		t.Error("a refusal without reason was taken")
	}
	if _, err := d.Decide(t.Context(), d.luis, nil, out.RequestID, false, "No coincide con la ficha"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Decide(t.Context(), d.luis, nil, out.RequestID, true, ""); !errors.Is(err, ErrGone) {
		t.Errorf("Decide after the refusal = %v, want ErrGone", err)
	}
	if len(d.seen(d.rosa, d.maria.ID).Held) != 0 {
		t.Error("a refused change is held")
	}
}

// TestStaleRequest (S-64): after 24 hours, or once the member has changed, nothing is approved any more.
func TestStaleRequest(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	out := d.askEmail()
	if _, err := d.people.Disable(t.Context(), d.maria.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Decide(t.Context(), d.luis, nil, out.RequestID, true, ""); !errors.Is(err, ErrConflict) {
		t.Errorf("Decide on a changed member = %v, want ErrConflict", err)
	}
	d.later(requestLife)
	if _, err := d.Decide(t.Context(), d.fresh(d.luis), nil, out.RequestID, true, ""); !errors.Is(err, ErrGone) {
		t.Errorf("Decide after a day = %v, want ErrGone", err)
	}
	if open := must[[]Request](t)(d.Requests(t.Context(), d.luis)); len(open) != 0 {
		t.Errorf("Requests after a day = %+v", open)
	}
}

// TestThirdHelp (S-65): the third recovery of one member in seven days needs a second person, whoever helped before.
func TestThirdHelp(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	eva := d.person("eva", Recover)
	for _, p := range []Person{d.rosa, eva} {
		if out := must[Outcome](t)(d.Do(t.Context(), p, nil, d.maria.ID, SendUsername, d.asking(d.maria.ID))); out.State != Done {
			t.Fatalf("help = %+v", out)
		}
	}
	if !d.seen(d.rosa, d.maria.ID).NeedsSecond {
		t.Error("the page does not say so")
	}
	out := must[Outcome](t)(d.Do(t.Context(), d.rosa, nil, d.maria.ID, SendUsername, d.asking(d.maria.ID)))
	if out.State != Asked {
		t.Fatalf("the third help = %+v, want it to wait for a second person", out)
	}
	if out := must[Outcome](t)(d.Do(t.Context(), d.rosa, nil, d.maria.ID, EndSessions, d.asking(d.maria.ID))); out.State != Done {
		t.Errorf("ending sessions = %+v: it is not help with signing in", out)
	}
	sent := len(d.mailed("username"))
	if done, err := d.Decide(t.Context(), d.luis, nil, out.RequestID, true, ""); err != nil || done.State != Done || len(d.mailed("username")) != sent+1 {
		t.Errorf("Decide = %+v, %v", done, err)
	}
	d.later(helpWindow)
	if out := must[Outcome](t)(d.Do(t.Context(), d.fresh(d.rosa), nil, d.maria.ID, SendUsername, d.asking(d.maria.ID))); out.State != Done {
		t.Errorf("a week later = %+v", out)
	}
}

// TestFactorNeedsSecond (S-64): however the caller was verified, one person is never enough to take the factors away; a code
// read out of the mailbox does not lift a hold alone either.
func TestFactorNeedsSecond(t *testing.T) {
	t.Parallel()
	for _, m := range []Method{Facts, CallBack, InPerson, SpokenCode} {
		d := newDesk(t, 1)
		ada := d.person("ada", Admin, Recover)
		for _, p := range []Person{d.rosa, ada} {
			if v := must[Verification](t)(d.Check(t.Context(), p, nil, d.maria.ID, m, mariaCard)); v.CodeSent {
				must[Verification](t)(d.CheckCode(t.Context(), p, nil, d.maria.ID, d.spoken()))
			}
			d.later(time.Minute)
		}
		ada = d.fresh(ada)
		if _, err := d.Do(t.Context(), d.fresh(d.rosa), nil, d.maria.ID, ResetFactor, d.asking(d.maria.ID)); !errors.Is(err, ErrConflict) {
			t.Errorf("%s: ResetFactor without a factor = %v, want ErrConflict", m, err)
		}
		d.withApp(d.maria.ID)
		if out := must[Outcome](t)(d.Do(t.Context(), d.fresh(d.rosa), nil, d.maria.ID, ResetFactor, d.asking(d.maria.ID))); out.State != Asked {
			t.Errorf("verified by %s: ResetFactor = %+v, want a second person", m, out)
		}
		if n := d.count(`select count(*) from held_changes`); n != 0 {
			t.Errorf("verified by %s: %d changes are held at one person's word", m, n)
		}
		must[Outcome](t)(d.Do(t.Context(), ada, nil, d.maria.ID, Disable, d.asking(d.maria.ID)))
		want := Done
		if m == SpokenCode || m == Facts { // what whoever shares a mailbox and a drawer has
			want = Asked
		}
		if out := must[Outcome](t)(d.Do(t.Context(), ada, nil, d.maria.ID, Enable, d.asking(d.maria.ID))); out.State != want {
			t.Errorf("verified by %s: Enable = %+v, want %s", m, out, want)
		}
	}
}

// TestQuestionNeedsSecond (S-64): a question is taken away by two people after a day, and never on the word of somebody who has
// the mailbox, which is the other proof of a recovery, or the card, which a relative who shares the mailbox has at hand.
func TestQuestionNeedsSecond(t *testing.T) {
	t.Parallel()
	for _, m := range []Method{Facts, CallBack, InPerson, SpokenCode} {
		d := newDesk(t, 1)
		if v := must[Verification](t)(d.Check(t.Context(), d.rosa, nil, d.maria.ID, m, mariaCard)); v.CodeSent {
			must[Verification](t)(d.CheckCode(t.Context(), d.rosa, nil, d.maria.ID, d.spoken()))
		}
		if sum := d.seen(d.rosa, d.maria.ID); !slices.Contains(sum.Acts, ResetQuestion) {
			t.Errorf("the page offers %v", sum.Acts)
		}
		out, err := d.Do(t.Context(), d.fresh(d.rosa), nil, d.maria.ID, ResetQuestion, d.asking(d.maria.ID))
		if m == SpokenCode || m == Facts {
			if !errors.Is(err, ErrUnverified) {
				t.Errorf("verified by %s: %+v, %v", m, out, err)
			}
			continue
		}
		if err != nil || out.State != Asked {
			t.Fatalf("verified by %s: %+v, %v, want a second person", m, out, err)
		}
		if done, err := d.Decide(t.Context(), d.luis, nil, out.RequestID, true, ""); err != nil || done.State != OnHold {
			t.Errorf("Decide = %+v, %v", done, err)
		}
		d.later(24 * time.Hour)
		must[any](t)(nil, d.recovery.ApplyDue(t.Context()))
		if _, err := d.Do(t.Context(), d.fresh(d.rosa), nil, d.maria.ID, ResetQuestion, d.asking(d.maria.ID)); !errors.Is(err, ErrConflict) {
			t.Errorf("with no question left = %v, want ErrConflict", err)
		}
		if sum := d.seen(d.rosa, d.maria.ID); slices.Contains(sum.Acts, ResetQuestion) {
			t.Errorf("with no question left the page offers %v", sum.Acts)
		}
	}
}

// TestDeniedQuestionNeedsSecond: the desk sees why a question is closed; two people open it, and never on the word of somebody
// who has the mailbox or the card.
func TestDeniedQuestionNeedsSecond(t *testing.T) {
	t.Parallel()
	for _, m := range []Method{Facts, CallBack, InPerson, SpokenCode} {
		d := newDesk(t, 1)
		d.exec(`update account_questions set closed = 'denied'`)
		if v := must[Verification](t)(d.Check(t.Context(), d.rosa, nil, d.maria.ID, m, mariaCard)); v.CodeSent {
			must[Verification](t)(d.CheckCode(t.Context(), d.rosa, nil, d.maria.ID, d.spoken()))
		}
		sum := d.seen(d.rosa, d.maria.ID)
		if !slices.Contains(sum.Acts, ReleaseLock) || len(sum.Obstacles) != 1 || sum.Obstacles[0].Kind != "lock_question" {
			t.Errorf("the page offers %v for %v", sum.Acts, sum.Obstacles)
		}
		a := d.asking(d.maria.ID)
		a.Lock = "question"
		out, err := d.Do(t.Context(), d.fresh(d.rosa), nil, d.maria.ID, ReleaseLock, a)
		if m == SpokenCode || m == Facts {
			if !errors.Is(err, ErrUnverified) {
				t.Errorf("verified by %s: %+v, %v", m, out, err)
			}
			continue
		}
		if err != nil || out.State != Asked || d.count(`select count(*) from account_questions where closed is null`) != 0 {
			t.Fatalf("verified by %s: %+v, %v, want a second person", m, out, err)
		}
		if done, err := d.Decide(t.Context(), d.luis, nil, out.RequestID, true, ""); err != nil || done.State != Done {
			t.Errorf("Decide = %+v, %v", done, err)
		}
		if len(d.mailed("staff_acted")) != 1 || len(d.seen(d.rosa, d.maria.ID).Obstacles) != 0 {
			t.Error("it is not open, or the member was not notified")
		}
	}
}

// TestAskedForInPerson (S-64): how the caller was verified is frozen with the request, and a link in the old mailbox does not
// stop what its owner asked for with an ID.
func TestAskedForInPerson(t *testing.T) {
	t.Parallel()
	for m, want := range map[Method]string{Facts: "email_requested", CallBack: "email_requested", InPerson: "email_requested_in_person"} {
		d := newDesk(t, 1)
		must[Verification](t)(d.Check(t.Context(), d.rosa, nil, d.maria.ID, m, mariaCard))
		ask := d.asking(d.maria.ID)
		ask.Email = "nueva@example.org"
		out := must[Outcome](t)(d.Do(t.Context(), d.fresh(d.rosa), nil, d.maria.ID, ChangeEmail, ask))
		must[Outcome](t)(d.Decide(t.Context(), d.luis, nil, out.RequestID, true, ""))
		if len(d.mailed(want)) != 1 {
			t.Errorf("verified by %s, the old address is not notified by %s", m, want)
		}
	}
}

// race runs 32 calls at once and counts those that were the one. The connections are open before, so that nobody is first
// because the others have to connect.
func (d *desk) race(call func(i int) (won bool, err error)) (won int) {
	t := d.t
	t.Helper()
	var open sync.WaitGroup
	for range 8 {
		open.Go(func() {
			if _, err := d.db.From(t.Context()).Exec(t.Context(), `select pg_sleep(0.1)`); err != nil {
				t.Error(err)
			}
		})
	}
	open.Wait()
	var wins atomic.Int64
	var wait sync.WaitGroup
	begin := make(chan struct{})
	for i := range 32 {
		wait.Go(func() {
			<-begin
			ok, err := call(i)
			if err != nil {
				t.Errorf("call %d: %v", i, err)
			}
			if ok {
				wins.Add(1)
			}
		})
	}
	close(begin)
	wait.Wait()
	return int(wins.Load())
}

// eight people of the desk: the calls of one would wait for each other at the limit of that person.
func (d *desk) eight(role Role) (people []Person) {
	for i := range 8 {
		people = append(people, d.person(fmt.Sprintf("person-%d", i), role))
	}
	return people
}

// TestApprovalRace (S-64, R-03): 32 approvals at once do the act once. It is one that nothing else keeps from being done twice.
func TestApprovalRace(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 8)
	var out Outcome
	for range helpAlone + 1 {
		out = must[Outcome](t)(d.Do(t.Context(), d.rosa, nil, d.maria.ID, SendUsername, d.asking(d.maria.ID)))
	}
	if out.State != Asked {
		t.Fatalf("the third help = %+v", out)
	}
	people := d.eight(Approve)
	won := d.race(func(i int) (bool, error) {
		_, err := d.Decide(t.Context(), people[i%len(people)], nil, out.RequestID, true, "")
		if errors.Is(err, ErrGone) || errors.Is(err, ErrBusy) {
			return false, nil
		}
		return err == nil, err
	})
	if sent := len(d.mailed("username")) - helpAlone; won != 1 || sent != 1 {
		t.Errorf("%d of 32 approvals won, %d mails were sent; want one", won, sent)
	}
}

// TestSpokenCodeRace (S-14, R-03): a code that is read out works once, and wrong ones end it.
func TestSpokenCodeRace(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 8)
	d.verify(d.rosa, d.maria.ID, SpokenCode)
	code := d.spoken()
	won := d.race(func(int) (bool, error) {
		v, err := d.CheckCode(t.Context(), d.rosa, nil, d.maria.ID, code)
		if errors.Is(err, ErrNoCode) || errors.Is(err, ErrBusy) {
			return false, nil
		}
		return v.Verified, err
	})
	if won != 1 {
		t.Errorf("%d of 32 calls were verified by one code", won)
	}
}

// TestConcurrentActs: of two people who saw the same state, the second has to look again.
func TestConcurrentActs(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 8)
	people := d.eight(Recover)
	a := d.asking(d.maria.ID)
	won := d.race(func(i int) (bool, error) {
		_, err := d.Do(t.Context(), people[i%len(people)], nil, d.maria.ID, SendUsername, a)
		if _, limit := errors.AsType[*LimitError](err); limit || errors.Is(err, ErrConflict) || errors.Is(err, ErrBusy) {
			return false, nil
		}
		return err == nil, err
	})
	if won != 1 || len(d.mailed("username")) != 1 {
		t.Errorf("%d of 32 acts on one state were done, %d mails", won, len(d.mailed("username")))
	}
}
