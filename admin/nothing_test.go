package admin

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"huskyidp/accounts"
	"huskyidp/recovery"
	"huskyidp/templates"
)

// TestNothingToActOn (S-64): an act whose request or change was decided, made or ended meanwhile says so, with what can be done now, and has
// no form; the form of before is answered alike, and the book does not blame the account.
func TestNothingToActOn(t *testing.T) {
	t.Parallel()
	hold := func(v *visitor, c recovery.Change) {
		c.AccountID, c.AskedBy = v.maria.ID, v.luis.ID.String()
		must[recovery.Change](t)(v.recovery.Hold(t.Context(), c))
	}
	apply := func(v *visitor) {
		v.later(24*time.Hour + time.Minute)
		if err := v.recovery.ApplyDue(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	decide := func(v *visitor, approve bool) {
		open := must[[]Request](t)(v.Requests(t.Context(), v.luis))
		must[Outcome](t)(v.Decide(t.Context(), v.fresh(v.luis), nil, open[0].ID, approve, "No es la persona que dice"))
	}
	for name, c := range map[string]struct {
		act    Act
		before func(v *visitor) // the form is opened after it
		then   func(v *visitor)
		why    string
		next   Act
	}{
		"approved":    {Withdraw, func(v *visitor) { v.askEmail() }, func(v *visitor) { decide(v, true) }, "asked_held", StopChange},
		"refused":     {Withdraw, func(v *visitor) { v.askEmail() }, func(v *visitor) { decide(v, false) }, "asked_refused", ""},
		"made":        {Withdraw, func(v *visitor) { v.askEmail() }, func(v *visitor) { decide(v, true); apply(v) }, "asked_made", ""},
		"stopped":     {Withdraw, func(v *visitor) { v.askEmail() }, func(v *visitor) { decide(v, true); must[bool](t)(v.recovery.StopHeld(t.Context(), v.maria.ID)) }, "asked_stopped", ""},
		"withdrawn":   {Withdraw, func(v *visitor) { v.askEmail() }, func(v *visitor) { must[bool](t)(v.store.withdraw(t.Context(), v.maria.ID, v.rosa.ID, v.now())) }, "asked_withdrawn", ""},
		"expired":     {Withdraw, func(v *visitor) { v.askEmail() }, func(v *visitor) { v.later(requestLife) }, "asked_expired", ""},
		"never":       {Withdraw, func(*visitor) {}, func(*visitor) {}, "asked_none", ""},
		"change made": {StopChange, func(v *visitor) { hold(v, recovery.Change{Act: recovery.ChangeEmail, Email: "dieb@example.org"}) }, apply, "change_made", EndSessions},
		"change stopped": {StopChange, func(v *visitor) { v.withApp(v.maria.ID); hold(v, recovery.Change{Act: recovery.ResetFactor}) },
			func(v *visitor) { must[bool](t)(v.recovery.StopHeld(t.Context(), v.maria.ID)) }, "change_stopped", ""},
		"no change":       {StopChange, func(*visitor) {}, func(*visitor) {}, "change_none", ""},
		"no factor":       {ResetFactor, func(v *visitor) { v.withApp(v.maria.ID) }, func(v *visitor) { v.exec(`delete from account_totp`) }, "factor", ""},
		"not deactivated": {Enable, func(v *visitor) { must[bool](t)(v.people.Disable(t.Context(), v.maria.ID)) }, func(v *visitor) { must[bool](t)(v.people.Enable(t.Context(), v.maria.ID)) }, "enabled", ""},
		"deactivated":     {Disable, func(*visitor) {}, func(v *visitor) { must[bool](t)(v.people.Disable(t.Context(), v.maria.ID)) }, "disabled", ""},
		"no lock":         {ReleaseLock, func(v *visitor) { v.locked() }, func(v *visitor) { v.later(time.Hour) }, "lock", ""},
		"lock ended":      {ReleaseLock, func(v *visitor) { v.locked() }, func(v *visitor) { must[bool](t)(v.people.ReleaseLock(t.Context(), v.maria.ID, accounts.PasswordLock)) }, "lock", ""},
	} {
		v := newVisitor(t)
		c.before(v)
		if c.act == Enable || c.act == Disable {
			if err := v.SetRoles(t.Context(), v.rosa.ID, []Role{Recover, Admin}, "test"); err != nil {
				t.Fatal(err)
			}
		}
		v.enters(v.rosa)
		v.verifies("method", "in_person", "say-in_person-1", "yes", "say-in_person-2", "yes", "do", "save")
		path := "/members/" + v.maria.ID.String() + "/acts/" + string(c.act)
		page := v.get(path)
		typed := []string{"reason", "La persona llamó y ya no lo quiere", "ticket", "HD-3", "lock", "password"}
		if strings.Contains(page.Body.String(), `name="version"`) {
			typed = append(typed, "version", v.value(page, "version"), "key", v.value(page, "key"))
		}
		c.then(v)
		v.enters(v.fresh(v.rosa))
		v.verifies("method", "in_person", "say-in_person-1", "yes", "say-in_person-2", "yes", "do", "save")
		for what, w := range map[string]func() (code int, body string){
			"opened anew": func() (int, string) { w := v.get(path); return w.Code, w.Body.String() },
			"sent":        func() (int, string) { w := v.post(path, typed...); return w.Code, w.Body.String() },
		} {
			code, body := w()
			sentence, _, _ := strings.Cut(v.text("admin.act.nothing_"+c.why, templates.Args{"datetime": v.now()}), v.set.Text("es", "admin.member.at", templates.Args{"datetime": v.now(), "zone": ""}))
			sentence, _, _ = strings.Cut(sentence, " de noviembre") // the hour is another
			sentence = strings.TrimRight(sentence, "0123456789")
			if what == "sent" && code != http.StatusUnprocessableEntity || !strings.Contains(body, sentence) || strings.Contains(body, `name="reason"`) || strings.Contains(body, `class="lead"`) || strings.Contains(body, v.text("admin.act.conflict", nil)) {
				t.Errorf("%s, %s: %d without %q, or with a form:\n%s", name, what, code, sentence, body)
			}
			if got := strings.Contains(body, `id="next"`); got != (c.next != "") || got && !strings.Contains(body, `acts/`+string(c.next)) {
				t.Errorf("%s, %s: what can be done now is missing, want %q", name, what, c.next)
			}
		}
		if n := v.count(`select count(*) from desk_entries where outcome = 'conflict'`); n != 0 {
			t.Errorf("%s: the book says that the account had changed", name)
		}
	}
}

// locked lets the member's password wait.
func (v *visitor) locked() {
	v.t.Helper()
	for i := range 5 {
		a := attempt("maria")
		a.Password += string(rune('a' + i))
		if _, err := v.people.Authenticate(v.t.Context(), a); err == nil {
			v.t.Fatal("a wrong password is right")
		}
	}
	if locks := must[[]accounts.Lock](v.t)(v.people.Locks(v.t.Context(), v.maria.ID)); len(locks) == 0 {
		v.t.Fatal("no lock")
	}
}

// TestBookNamesTheCause: a denied act on what waits already, or is gone, is not recorded as a change of the account.
func TestBookNamesTheCause(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	out := d.askEmail()
	if _, err := d.askFor(d.rosa, "otra@example.org"); !errors.Is(err, ErrConflict) {
		t.Fatal(err)
	}
	if n := d.count(`select count(*) from desk_entries where act = 'change_email' and outcome = 'pending'`); n != 1 {
		t.Errorf("%d lines say that one waits", n)
	}
	must[recovery.Change](t)(d.recovery.Hold(t.Context(), recovery.Change{AccountID: d.maria.ID, Act: recovery.ChangeEmail, Email: "mia@example.org"}))
	if _, err := d.Decide(t.Context(), d.luis, nil, out.RequestID, true, ""); !errors.Is(err, ErrConflict) {
		t.Fatal(err)
	}
	if n := d.count(`select count(*) from desk_entries where act = 'approve' and outcome = 'pending'`); n != 1 {
		t.Errorf("%d lines say that a change is on hold", n)
	}
}

// TestSignedOutWhileTyping: a form that is sent once its person signed out in another tab is not done, and the door says so; what was
// written is there again for the same person alone, and a button is to be pressed again.
func TestSignedOutWhileTyping(t *testing.T) {
	t.Parallel()
	for _, next := range []string{"rosa", "luis"} {
		v := newVisitor(t)
		both := v.person("eva", Read, Recover, Approve)
		out := v.askEmail()
		if next == "rosa" {
			both = v.rosa
		}
		v.enters(v.rosa)
		path := "/members/" + v.maria.ID.String() + "/acts/send_username"
		page := v.get(path)
		csrf := v.csrf
		v.get("/logout")
		if w := v.post("/logout"); w.Code != http.StatusSeeOther || v.get(searchPath).Code != http.StatusSeeOther {
			t.Fatalf("signed out: %d", w.Code)
		}
		v.csrf = csrf
		typed := []string{"reason", "No recuerda su nombre de usuario", "ticket", "HD-77", "version", v.value(page, "version"), "key", v.value(page, "key")}
		w := v.post(path, typed...)
		door := v.get(w.Header().Get("Location")).Body.String()
		if w.Code != http.StatusSeeOther || !strings.Contains(door, v.text("admin.signin.kept", nil)) || strings.Contains(door, "HD-77") {
			t.Errorf("the act: %d to %s\n%s", w.Code, w.Header().Get("Location"), door)
		}
		if next == "luis" {
			v.enters(both)
			v.get("/logout")
			v.post("/logout")
		}
		v.enters(v.fresh(v.rosa))
		if body := v.get(path).Body.String(); strings.Contains(body, "HD-77") != (next == "rosa") {
			t.Errorf("after %s: what was written is there %t", next, next != "rosa")
		}
		if len(v.mailed("username")) != 0 {
			t.Error("it was done")
		}

		// A button alone, and a form of which nothing is known.
		v.enters(v.luis)
		approval := approvalsPath + "/" + out.RequestID.String()
		page = v.get(approval)
		csrf = v.csrf
		v.get("/logout")
		v.post("/logout")
		v.csrf = csrf
		w = v.post(approval, "decide", "approve", "key", v.value(page, "key"))
		if door := v.get(w.Header().Get("Location")).Body.String(); !strings.Contains(door, v.text("admin.signin.press", nil)) {
			t.Errorf("the button: %s\n%s", w.Header().Get("Location"), door)
		}
		delete(v.cookies, "__Host-session")
		w = v.post(path, typed...)
		if door := v.get(w.Header().Get("Location")).Body.String(); !strings.Contains(door, v.text("admin.signin.lost", nil)) {
			t.Errorf("without a cookie: %s\n%s", w.Header().Get("Location"), door)
		}
	}
}
