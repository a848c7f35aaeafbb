package admin

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/members"
)

// TestActs (S-63, S-65): each act does its work, is reported to the member and recorded in book and audit, in one transaction.
func TestActs(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	admin := d.person("ada", Admin)
	d.verify(d.rosa, d.maria.ID, SpokenCode)
	must[Verification](t)(d.CheckCode(t.Context(), d.rosa, nil, d.maria.ID, d.spoken()))
	d.verify(admin, d.maria.ID, InPerson)
	for range 5 {
		_, err := d.people.Authenticate(t.Context(), accounts.Attempt{Username: "maria", Password: "no es esta", Source: "192.0.2.1/32"})
		if !errors.Is(err, accounts.ErrWrongCredentials) {
			t.Fatal(err)
		}
	}
	session := must[accounts.Started](t)(d.people.StartSession(t.Context(), accounts.SessionStart{Account: d.maria, AMR: []string{"pwd"}}))
	for range 5 { // the sign-in above has cleared them
		d.people.Authenticate(t.Context(), accounts.Attempt{Username: "maria", Password: "no es esta", Source: "192.0.2.1/32"})
	}
	for _, c := range []struct {
		by    Person
		act   Act
		check func() bool
	}{
		{d.rosa, ReleaseLock, func() bool { return len(d.seen(d.rosa, d.maria.ID).Obstacles) == 0 }},
		{d.rosa, SendUsername, func() bool { return len(d.mailed("username")) == 1 }},
		{d.rosa, EndSessions, func() bool {
			_, err := d.people.Session(t.Context(), session.Token)
			return errors.Is(err, accounts.ErrNoSession)
		}},
		{admin, Disable, func() bool { return d.seen(admin, d.maria.ID).Status == "disabled" }},
		{admin, Enable, func() bool { return d.seen(admin, d.maria.ID).Status == "active" }},
	} {
		told := len(d.mailed("staff_acted"))
		a := d.asking(d.maria.ID)
		a.Lock = "password"
		out, err := d.Do(t.Context(), c.by, nil, d.maria.ID, c.act, a)
		if err != nil || out.State != Done {
			t.Fatalf("%s = %+v, %v, want it done", c.act, out, err)
		}
		if act, outcome := d.last(); act != string(c.act) || outcome != "done" {
			t.Errorf("%s: the book says %s %s", c.act, act, outcome)
		}
		if kinds := d.kinds(1); kinds[0] != "staff_acted" {
			t.Errorf("%s: the newest audit event is %s", c.act, kinds[0])
		}
		if got := d.mailed("staff_acted"); len(got) != told+1 || !strings.Contains(got[told].Content.Text, "HD-1001") {
			t.Errorf("%s: the member was notified %d times", c.act, len(got)-told)
		}
		if !c.check() {
			t.Errorf("%s did nothing", c.act)
		}
	}
	if n := d.count(`select count(*) from audit_events where account_id = $1 and kind = 'staff_acted' and data->>'act' = 'disable' and actor = $2`, d.maria.ID, admin.ID.String()); n != 1 {
		t.Errorf("%d audit events of the closing, for the member's history", n)
	}
	if n := d.count(`select count(*) from audit_events where data::text like '%llamó%'`); n != 0 {
		t.Error("the audit holds what a person typed")
	}
}

// TestRefusedAsks (S-65): what was typed, reason and case number too, is judged before anything is looked up, and nothing is done.
func TestRefusedAsks(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	for name, c := range map[string]struct {
		act    Act
		change func(*Ask)
		field  string
	}{
		"short reason":  {SendUsername, func(a *Ask) { a.Reason = " ayuda    " }, "reason"},
		"long reason":   {SendUsername, func(a *Ask) { a.Reason = strings.Repeat("a", 501) }, "reason"},
		"control":       {SendUsername, func(a *Ask) { a.Reason = "La persona\x00llamó" }, "reason"},
		"no ticket":     {SendUsername, func(a *Ask) { a.Ticket = "" }, "ticket"},
		"odd ticket":    {SendUsername, func(a *Ask) { a.Ticket = "María López" }, "ticket"},
		"unknown lock":  {ReleaseLock, func(a *Ask) { a.Lock = "door" }, "lock"},
		"wrong address": {ChangeEmail, func(a *Ask) { a.Email = "maria" }, "email"},
	} {
		a := d.asking(d.maria.ID)
		c.change(&a)
		_, err := d.Do(t.Context(), d.rosa, nil, d.maria.ID, c.act, a)
		if invalid, ok := errors.AsType[Invalid](err); !ok || invalid[c.field] == "" {
			t.Errorf("%s: Do = %v, want %s named", name, err, c.field)
		}
	}
	if n := d.count(`select count(*) from desk_entries`); n != 0 {
		t.Errorf("%d lines in the book", n)
	}
	if _, err := d.Do(t.Context(), d.rosa, nil, d.maria.ID, Look, d.asking(d.maria.ID)); err == nil {
		t.Error("Do accepted an act that is not on a member")
	}
}

// TestDenials (S-61, S-63, S-64, S-65): each denial is answered, recorded under its word with its reason, and does nothing.
func TestDenials(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	reader := d.person("rea", Read)
	stale := d.rosa
	stale.AuthTime = d.now().Add(-freshness)
	for name, c := range map[string]struct {
		by   Person
		on   uuid.UUID
		act  Act
		want error
		word string
	}{
		"no role":         {reader, d.maria.ID, SendUsername, ErrForbidden, "forbidden"},
		"another role":    {d.rosa, d.maria.ID, Disable, ErrForbidden, "forbidden"},
		"own account":     {d.rosa, d.rosa.ID, SendUsername, ErrStaff, "staff_account"},
		"a colleague":     {d.rosa, d.luis.ID, EndSessions, ErrStaff, "staff_account"},
		"old sign-in":     {stale, d.maria.ID, SendUsername, ErrStepUp, "step_up"},
		"caller unknown":  {d.rosa, d.maria.ID, ReleaseLock, ErrUnverified, "unverified"},
		"nobody's id":     {d.rosa, uuid.Must(uuid.NewV7()), SendUsername, ErrNotFound, "not_found"},
		"old version":     {d.rosa, d.maria.ID, SendUsername, ErrConflict, "conflict"},
		"nothing to open": {d.person("ada", Admin), d.maria.ID, Enable, ErrUnverified, "unverified"},
	} {
		a := Ask{Reason: "La persona llamó y pidió ayuda", Ticket: "HD-1", Lock: "password", Version: d.version(d.maria.ID)}
		if name == "old version" {
			a.Version = "AAAAAAAAAAAAAAAA"
		}
		_, err := d.Do(t.Context(), c.by, nil, c.on, c.act, a)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: Do = %v, want %v", name, err, c.want)
		}
		if act, outcome := d.last(); act != string(c.act) || outcome != c.word {
			t.Errorf("%s: the book says %s %s, want %s %s", name, act, outcome, c.act, c.word)
		}
		if kinds := d.kinds(1); kinds[0] != "staff.denied" {
			t.Errorf("%s: the newest audit event is %s", name, kinds[0])
		}
	}
	if len(d.mailed("staff_acted"))+len(d.mailed("username")) != 0 {
		t.Error("a denied act was done")
	}
	if n := d.count(`select count(*) from desk_entries where reason_sealed is null or ticket = ''`); n != 0 {
		t.Errorf("%d denials without reason or ticket", n)
	}
}

// TestRemovedRole (S-61): taking a role or the account away works at the next call.
func TestRemovedRole(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	if err := d.SetRoles(t.Context(), d.rosa.ID, []Role{Read}, "test"); err != nil {
		t.Fatal(err)
	}
	p := must[Person](t)(d.Who(t.Context(), d.rosa.ID, d.now()))
	if !slices.Equal(p.Roles, []Role{Read}) || p.may(SendUsername) {
		t.Errorf("Who = %+v", p)
	}
	if _, err := d.people.Disable(t.Context(), d.rosa.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Who(t.Context(), d.rosa.ID, d.now()); !errors.Is(err, ErrNoRole) {
		t.Errorf("Who of a closed account = %v, want ErrNoRole", err)
	}
	if err := d.RemovePerson(t.Context(), d.luis.ID, "test"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Who(t.Context(), d.luis.ID, d.now()); !errors.Is(err, ErrNoRole) {
		t.Errorf("Who of somebody removed = %v, want ErrNoRole", err)
	}
	if _, err := d.Who(t.Context(), d.maria.ID, d.now()); !errors.Is(err, ErrNoRole) {
		t.Errorf("Who of a member = %v, want ErrNoRole", err)
	}
	for _, roles := range [][]Role{nil, {"root"}, {Read, "root"}} {
		if err := d.SetRoles(t.Context(), d.rosa.ID, roles, "test"); !errors.Is(err, ErrRoles) {
			t.Errorf("SetRoles(%v) = %v, want ErrRoles", roles, err)
		}
	}
}

// TestLimits (S-62, S-74): 60 look-ups and 20 acts of one person in an hour, then a wait and an alert.
func TestLimits(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	if lookups.Count != 60 || acts.Count != 20 || lookups.Per != time.Hour || acts.Per != time.Hour {
		t.Errorf("the limits are %+v and %+v, want 60 and 20 an hour", lookups, acts)
	}
	for range lookups.Count {
		must[Finding](t)(d.Find(t.Context(), d.rosa, ByUsername, "nobody"))
	}
	_, err := d.Find(t.Context(), d.rosa, ByUsername, "maria")
	if limit, ok := errors.AsType[*LimitError](err); !ok || limit.Wait != time.Hour {
		t.Errorf("look-up 61 = %v, want an hour's wait", err)
	}
	if act, outcome := d.last(); act != "find" || outcome != "limit" {
		t.Errorf("the book says %s %s", act, outcome)
	}
	if !strings.Contains(d.log.String(), `"alert":"staff_limit"`) || strings.Contains(d.log.String(), "rosa") {
		t.Errorf("the log has no alert, or a name:\n%s", d.log.String())
	}
	must[Finding](t)(d.Find(t.Context(), d.luis, ByUsername, "maria")) // others continue
	for range acts.Count {
		if _, err := d.Do(t.Context(), d.rosa, nil, d.maria.ID, EndSessions, d.asking(d.maria.ID)); err != nil {
			t.Fatal(err)
		}
	}
	_, err = d.Do(t.Context(), d.rosa, nil, d.maria.ID, EndSessions, d.asking(d.maria.ID))
	if _, ok := errors.AsType[*LimitError](err); !ok {
		t.Errorf("act 21 = %v, want a limit", err)
	}
	d.later(time.Hour)
	if _, err := d.Do(t.Context(), d.fresh(d.rosa), nil, d.maria.ID, EndSessions, d.asking(d.maria.ID)); err != nil {
		t.Errorf("an hour later: %v", err)
	}
	if diary := must[Diary](t)(d.Diary(t.Context(), d.rosa)); diary.Acts != acts.Count-1 || diary.Lookups != lookups.Count || len(diary.Lines) == 0 {
		t.Errorf("Diary: %d acts and %d look-ups left, %d lines", diary.Acts, diary.Lookups, len(diary.Lines))
	}
}

// TestFindings (S-62): exact values, one member or a number, and nothing of colleagues.
func TestFindings(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	james := must[members.Member](t)(d.roster.Find(t.Context(), "310542266"))
	for _, c := range []struct {
		by    By
		value string
		want  Finding
	}{
		{ByUsername, "Maria", Finding{Count: 1, ID: d.maria.ID}}, {ByUsername, "mar", Finding{}}, {ByUsername, "%", Finding{}},
		{ByCardID, "004-123-789", Finding{Count: 1, ID: d.maria.ID}}, {ByCardID, "310542266", Finding{Count: 1, ID: james.ID}},
		{ByCardID, "004", Finding{}}, {ByCardID, "999999999", Finding{}},
		{ByEmail, "maria@example.org", Finding{Count: 1, ID: d.maria.ID}}, {ByEmail, "example.org", Finding{}},
		{ByReference, "H7K-2QD-9MW", Finding{}},
		{ByAny, "Maria", Finding{Count: 1, ID: d.maria.ID}}, {ByAny, "004 123 789", Finding{Count: 1, ID: d.maria.ID}},
		{ByAny, "maria@example.org", Finding{Count: 1, ID: d.maria.ID}}, {ByAny, "example.org", Finding{}}, {ByAny, "H7K-2QD-9MW", Finding{}},
		{ByAny, "310542266", Finding{Count: 1, ID: james.ID}}, {ByAny, "mar", Finding{}}, {ByAny, "%@%", Finding{}},
	} {
		if got, err := d.Find(t.Context(), d.rosa, c.by, c.value); err != nil || got != c.want {
			t.Errorf("Find(%s, %q) = %+v, %v, want %+v", c.by, c.value, got, err, c.want)
		}
	}
	if _, err := d.Find(t.Context(), d.rosa, ByUsername, "luis"); !errors.Is(err, ErrStaff) {
		t.Errorf("Find of a colleague = %v, want ErrStaff", err)
	}
	if _, err := d.Find(t.Context(), d.rosa, "name", "maria"); err == nil {
		t.Error("Find takes an unknown kind")
	}
	auditor := d.person("audi", Audit)
	if _, err := d.Find(t.Context(), auditor, ByUsername, "maria"); !errors.Is(err, ErrForbidden) {
		t.Errorf("Find by an auditor = %v, want ErrForbidden", err)
	}
}
