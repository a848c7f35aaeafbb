package admin

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/members"
	"huskyidp/recovery"
	"huskyidp/registration"
)

// TestSummary (S-62): masked, with obstacles and when each ends; nothing that the desk may not know.
func TestSummary(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	for range 5 {
		d.people.Authenticate(t.Context(), accounts.Attempt{Username: "maria", Password: "no es esta", Source: "192.0.2.1/32"})
	}
	for range 5 {
		d.people.CheckAnswers(t.Context(), d.maria.ID, map[string]string{"first_pay": "no"}, false)
	}
	sum := d.seen(d.rosa, d.maria.ID)
	var kinds []string
	for _, o := range sum.Obstacles {
		kinds = append(kinds, o.Kind+" "+o.Until.Sub(d.now()).String())
	}
	if want := []string{"lock_password 1m0s", "lock_answer 24h0m0s"}; !slices.Equal(kinds, want) {
		t.Errorf("obstacles %v, want %v", kinds, want)
	}
	if sum.Username != "maria" || sum.Name != "M••• J••• N••• P•••" || sum.Email != "m•••@example.org" || sum.BirthYear != 1984 || sum.MemberNumber != "789" || sum.Status != "active" {
		t.Errorf("summary %+v", sum)
	}
	if want := []Act{ReleaseLock, SendUsername, StartReset, ChangeEmail, ResetQuestion, ChangeMember, EndSessions}; !slices.Equal(sum.Acts, want) {
		t.Errorf("acts %v, want %v", sum.Acts, want)
	}
	if len(sum.Mails) == 0 || sum.Mails[0].State != "sent" {
		t.Errorf("mails %+v", sum.Mails)
	}
	whole := string(must[[]byte](t)(json.Marshal(sum)))
	for _, secret := range []string{"NÚÑEZ", "MARÍA", "004123", "maria@", "03-14", "first_pay", "linterna"} {
		if strings.Contains(whole, secret) {
			t.Errorf("the summary tells %s", secret)
		}
	}
	if reader := d.seen(d.luis, d.maria.ID); len(reader.Acts) != 0 {
		t.Errorf("an approver is offered %v", reader.Acts)
	}
}

// TestNumberGivenAway: the desk sees why an account has neither number nor coverage, until the number is its own again.
func TestNumberGivenAway(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	decided := func(file string) {
		t.Helper()
		seen, err := d.roster.Import(t.Context(), strings.NewReader(file), members.ImportOptions{})
		if err == nil {
			_, err = d.roster.Import(t.Context(), strings.NewReader(file), members.ImportOptions{OtherPerson: []int{2}, Review: seen.Review})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	is := func() bool {
		return slices.ContainsFunc(d.seen(d.rosa, d.maria.ID).Obstacles, func(o Obstacle) bool { return o.Kind == "number_given" })
	}
	if is() {
		t.Error("told of a member who has the number")
	}
	decided(strings.Replace(roster, "MARÍA JOSÉ,NÚÑEZ PEÑA,,1984-03-14", "EVA,SOL,,1990-01-01", 1))
	if !is() {
		t.Error("the number went to another person, and the desk does not see it")
	}
	decided(strings.Replace(roster, "2026-01-01,\n3", "2026-01-02,\n3", 1))
	if sum := d.seen(d.rosa, d.maria.ID); is() || sum.MemberNumber != "789" {
		t.Errorf("after the number came back: %+v", sum)
	}
}

// A caller who is no longer on the roster is told of as such: their card is refused, and no lock says why.
func TestLookSaysEnded(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	is := func() bool {
		return slices.ContainsFunc(d.seen(d.rosa, d.maria.ID).Obstacles, func(o Obstacle) bool { return o.Kind == "ended" })
	}
	if is() {
		t.Error("told of a member who is on the roster")
	}
	lines := strings.SplitAfter(roster, "\n")
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.Contains(line, "NÚÑEZ PEÑA") })
	if _, err := d.roster.Import(t.Context(), strings.NewReader(strings.Join(lines, "")), members.ImportOptions{AllowShrink: true}); err != nil {
		t.Fatal(err)
	}
	if !is() {
		t.Error("the member has left the roster, and the desk does not see it")
	}
}

// TestLookLeavesATrace (S-65): in the book, in the audit, and in the member's history.
func TestLookLeavesATrace(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	d.seen(d.rosa, d.maria.ID)
	if act, outcome := d.last(); act != "look" || outcome != "done" {
		t.Errorf("the book says %s %s", act, outcome)
	}
	if n := d.count(`select count(*) from audit_events where account_id = $1 and kind = 'staff_looked' and actor = $2`, d.maria.ID, d.rosa.ID.String()); n != 1 {
		t.Errorf("%d events in the member's history", n)
	}
	for _, id := range []uuid.UUID{d.luis.ID, d.rosa.ID} {
		if _, err := d.Look(t.Context(), d.rosa, id); !errors.Is(err, ErrStaff) {
			t.Errorf("Look at the desk = %v, want ErrStaff", err)
		}
	}
	if _, err := d.Look(t.Context(), d.rosa, uuid.New()); !errors.Is(err, ErrNotFound) {
		t.Errorf("Look at nobody = %v, want ErrNotFound", err)
	}
}

// TestTimeline: what happened, with who of the desk did it and why.
func TestTimeline(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	d.later(time.Minute)
	must[Outcome](t)(d.Do(t.Context(), d.fresh(d.rosa), nil, d.maria.ID, SendUsername, d.asking(d.maria.ID)))
	d.later(time.Minute)
	d.raise(audit.Event{Kind: audit.AccountLocked, AccountID: d.maria.ID.String(), Reason: "failed_codes"}, audit.Event{Kind: audit.QuestionChanged, AccountID: d.maria.ID.String(), Reason: "removed"})
	sum := d.seen(d.rosa, d.maria.ID)
	if !slices.ContainsFunc(sum.Timeline, func(m Moment) bool { return m.Kind == audit.AccountLocked && m.Refused == "codes" }) {
		t.Errorf("the timeline does not say that codes locked the account: %+v", sum.Timeline)
	}
	if !slices.ContainsFunc(sum.Timeline, func(m Moment) bool { return m.Kind == audit.QuestionChanged && m.Refused == "question_removed" }) {
		t.Errorf("the timeline does not say that the question was removed: %+v", sum.Timeline)
	}
	i := slices.IndexFunc(sum.Timeline, func(m Moment) bool { return m.Act == SendUsername })
	if i < 0 || sum.Timeline[i].Name != "Rosa Vega" || sum.Timeline[i].Reason != "La persona llamó y pidió ayuda" || sum.Timeline[i].Ticket != "HD-1001" || sum.Timeline[i].Role != Recover {
		t.Errorf("timeline %+v", sum.Timeline)
	}
	if n := len(slices.DeleteFunc(slices.Clone(sum.Timeline), func(m Moment) bool { return m.Kind != "staff_acted" })); n != 1 {
		t.Errorf("the timeline has the act %d times", n)
	}
	if !slices.ContainsFunc(sum.Timeline, func(m Moment) bool { return m.Kind == "account_created" }) {
		t.Error("the timeline lacks the registration")
	}
	if !slices.IsSortedFunc(sum.Timeline, func(a, b Moment) int { return b.At.Compare(a.At) }) {
		t.Error("the timeline is out of order")
	}
}

// stuck is a registration that was refused three times, and its reference number.
func (d *desk) stuckWith(card members.Card) (registration.Stuck, string) {
	d.t.Helper()
	claim, problems := card.Parse(d.now(), d.roster.ParseMemberNumber)
	if len(problems) > 0 {
		d.t.Fatal(problems)
	}
	doc := must[*registration.Legal](d.t)(registration.LoadLegal(registration.SampleLegal(), d.set.Languages())).Agreement(d.now(), "es")
	v := registration.Visit{Browser: []byte("browser-digest-32-bytes-long-....")[:32], Source: "192.0.2.9/32", Language: "es"}
	_, token, err := d.enrol.Agree(d.t.Context(), v, doc.Version)
	if err != nil {
		d.t.Fatal(err)
	}
	v.Token = token
	for _, name := range []string{claim.FirstName, "Nobody", claim.FirstName} { // three mistakes, not one
		claim.FirstName = name
		if _, err := d.enrol.SubmitPersonal(d.t.Context(), v, card, claim); err == nil {
			d.t.Fatal("the card was taken")
		}
	}
	reference, _, err := d.enrol.Lock(d.t.Context(), v)
	if err != nil {
		d.t.Fatal(err)
	}
	return must[registration.Stuck](d.t)(d.enrol.StuckAs(d.t.Context(), reference)), reference
}

// TestStuckRegistration: who has no account yet is found by the reference number; the desk sees which fields differ, verifies
// and lifts the lock.
func TestStuckRegistration(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	wrong := jamesCard
	wrong.BirthDay, wrong.Suffix = "3", ""
	stuck, reference := d.stuckWith(wrong)
	f := must[Finding](t)(d.Find(t.Context(), d.rosa, ByAny, strings.ToLower(reference)))
	if f.Count != 1 || f.ID != stuck.ID || f.Referral.Reason != "identity_locked" {
		t.Fatalf("Find = %+v", f)
	}
	sum := d.seen(d.rosa, f.ID)
	if sum.Status != "no_account" || len(sum.Obstacles) != 2 || !slices.Equal(sum.Obstacles[0].Fields, []string{"suffix", "birth_date"}) || sum.Obstacles[1].Kind != "lock_identity" ||
		!sum.Obstacles[1].Until.Equal(d.now().Add(24*time.Hour)) {
		t.Errorf("summary %+v", sum)
	}
	if want := []Act{ReleaseLock}; !slices.Equal(sum.Acts, want) {
		t.Errorf("acts %v, want %v", sum.Acts, want)
	}
	a := d.asking(f.ID)
	a.Lock = identityLock
	if _, err := d.Do(t.Context(), d.rosa, nil, f.ID, ReleaseLock, a); !errors.Is(err, ErrUnverified) {
		t.Errorf("ReleaseLock before the caller is verified = %v", err)
	}
	if v := must[Verification](t)(d.Check(t.Context(), d.rosa, nil, f.ID, Facts, jamesCard)); !v.Verified {
		t.Error("the right card proves nothing")
	}
	if out, err := d.Do(t.Context(), d.rosa, nil, f.ID, ReleaseLock, a); err != nil || out.State != Done {
		t.Fatalf("ReleaseLock = %+v, %v", out, err)
	}
	if sum := d.seen(d.rosa, f.ID); len(sum.Acts) != 0 || slices.ContainsFunc(sum.Obstacles, func(o Obstacle) bool { return o.Kind == "lock_identity" }) {
		t.Errorf("after the release %+v", sum.Obstacles)
	}
	if _, err := d.Check(t.Context(), d.rosa, nil, f.ID, SpokenCode, members.Card{}); err == nil {
		t.Error("a code was mailed to nobody")
	}
	if n := d.count(`select count(*) from audit_events where kind = 'staff_acted' and subject = $1 and account_id is null`, f.ID.String()); n != 1 {
		t.Errorf("%d events under the registration's id", n)
	}
}

// TestLockedCard: the member's number leads to the same lock, and an account shows it as well.
func TestLockedCard(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	wrong := jamesCard
	wrong.FirstName = "Jim"
	d.stuckWith(wrong)
	f := must[Finding](t)(d.Find(t.Context(), d.rosa, ByCardID, jamesCard.CardID))
	sum := d.seen(d.rosa, f.ID)
	if sum.Status != "no_account" || len(sum.Obstacles) != 2 || sum.Name != "J••• T•••" {
		t.Errorf("summary %+v", sum)
	}
}

// TestBookStays (S-72): lines are not written over, whoever tries.
func TestBookStays(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	d.seen(d.rosa, d.maria.ID)
	for _, statement := range []string{`update desk_entries set outcome = 'forbidden'`, `truncate desk_entries`} {
		if _, err := d.db.From(t.Context()).Exec(t.Context(), statement); err == nil {
			t.Errorf("%s works", statement)
		}
	}
	if n := d.count(`select count(*) from desk_entries where outcome = 'done'`); n != 1 {
		t.Errorf("%d lines", n)
	}
}

// far from the database, each round trip counts.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	ask := d.asking(d.maria.ID)
	for name, c := range map[string]struct {
		most int64
		use  func() error
	}{
		"look": {12, func() error { _, err := d.Look(t.Context(), d.rosa, d.maria.ID); return err }},
		"act":  {11, func() error { _, err := d.Do(t.Context(), d.rosa, nil, d.maria.ID, EndSessions, ask); return err }},
	} {
		trips, _ := d.trips.Of(func() {
			if err := c.use(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
		t.Logf("%s: %d round trips", name, trips)
		if trips > c.most {
			t.Errorf("%s takes %d round trips, want at most %d", name, trips, c.most)
		}
	}
}

// An account that its member has closed is shown as such, and nothing can be done with it; while it waits, the desk sees
// the change that waits and may stop it.
func TestSummaryOfClosedAccount(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	must[recovery.Change](t)(d.recovery.Hold(t.Context(), recovery.Change{AccountID: d.maria.ID, Act: recovery.CloseAccount}))
	if sum := d.seen(d.rosa, d.maria.ID); sum.Status != "active" || len(sum.Held) != 1 || sum.Held[0].Act != "close_account" || !slices.Contains(sum.Acts, StopChange) {
		t.Errorf("while it waits: %+v", sum)
	}
	if err := d.people.Close(t.Context(), d.maria.ID); err != nil {
		t.Fatal(err)
	}
	if sum := d.seen(d.rosa, d.maria.ID); sum.Status != "closed" || slices.Contains(sum.Acts, Enable) || slices.Contains(sum.Acts, StartReset) || sum.MemberNumber != "" {
		t.Errorf("closed: %+v", sum)
	}
}
