package admin

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"huskyidp/accounts"
	"huskyidp/internal/ratelimit"
	"huskyidp/recovery"
)

// The page of an account that staff have closed says who can open it again, offers nothing that cannot help until then, and tells a
// right password from a wrong one.
func TestDisabledAccountAtTheDesk(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	v.person("alma", Admin)
	must[bool](t)(v.people.Disable(t.Context(), v.maria.ID))
	for _, password := range []string{"tres tazas de café negro", "otra cosa distinta aquí"} {
		if _, err := v.people.Authenticate(t.Context(), accounts.Attempt{Username: "maria", Password: password, Source: "192.0.2.7"}); err == nil {
			t.Fatal("somebody entered a closed account")
		}
		v.later(1)
	}
	v.enters(v.fresh(v.rosa))
	page := v.get("/members/" + v.maria.ID.String()).Body.String()
	for _, want := range []string{"Solo un administrador puede reactivar la cuenta: Alma Vega.", "Contraseña correcta, pero la cuenta está desactivada", v.set.Text("es", "event.name.sign_in_failed", nil), `id="change_email"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, act := range []Act{SendUsername, StartReset, EndSessions} {
		if strings.Contains(page, fmt.Sprintf(`id=%q`, act)) {
			t.Errorf("the page offers %s", act)
		}
		if form := v.get("/members/" + v.maria.ID.String() + "/acts/" + string(act)).Body.String(); !strings.Contains(form, "La cuenta está desactivada") {
			t.Errorf("the page of %s does not say why it is of no use", act)
		}
		var nothing *NothingError
		if _, err := v.Do(t.Context(), v.fresh(v.rosa), nil, v.maria.ID, act, v.asking(v.maria.ID)); !errors.As(err, &nothing) {
			t.Errorf("%s on a closed account: %v", act, err)
		}
	}
	if acts := v.seen(v.rosa, v.maria.ID).Acts; !slices.Contains(acts, ResetFactor) && !slices.Contains(acts, ChangeEmail) {
		t.Errorf("what has to be put right before it is opened again is gone: %v", acts)
	}
	v.enters(v.fresh(v.person("omar", Admin)))
	if page := v.get("/members/" + v.maria.ID.String()).Body.String(); !strings.Contains(page, "Reactive la cuenta primero.") || !strings.Contains(page, `id="enable"`) {
		t.Error("an administrator is not told to open it first")
	}
}

// Whoever has few searches left is told how many, before the limit.
func TestFewSearchesLeft(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	v.enters(v.fresh(v.rosa))
	take := func(n int) {
		for range n {
			if err := v.limiter.Take(t.Context(), lookups, v.rosa.ID.String(), v.now()); err != nil && !errors.As(err, new(*ratelimit.Exceeded)) {
				t.Fatal(err)
			}
		}
	}
	take(int(lookups.Count) - fewLeft)
	if page := v.get("/search").Body.String(); strings.Contains(page, `id="left"`) {
		t.Error("ten are not few")
	}
	take(1)
	if page := v.get("/search").Body.String(); !strings.Contains(page, "Le quedan 9 búsquedas en esta hora.") {
		t.Errorf("nine are left, and the page says:\n%s", page)
	}
	take(8)
	if page := v.get("/search").Body.String(); !strings.Contains(page, "Le queda 1 búsqueda en esta hora.") {
		t.Errorf("one is left, and the page says:\n%s", page)
	}
}

// What was asked for before the desk deactivates an account is not made afterwards: whoever asked may be why it was deactivated.
func TestDeactivationStopsWhatWaits(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	ada := v.person("ada", Admin)
	must[recovery.Change](t)(v.recovery.Hold(t.Context(), recovery.Change{AccountID: v.maria.ID, Act: recovery.ChangeEmail, Email: "otra@example.org"}))
	must[Outcome](t)(v.Do(t.Context(), v.fresh(ada), nil, v.maria.ID, Disable, v.asking(v.maria.ID)))
	v.later(25 * time.Hour)
	if err := v.recovery.ApplyDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := must[accounts.Account](t)(v.people.Get(t.Context(), v.maria.ID)); a.Email == "otra@example.org" {
		t.Error("the address changed while the account was deactivated")
	}
	if n := v.count(`select count(*) from held_changes where state = 'stopped'`); n != 1 {
		t.Errorf("%d changes were stopped, want 1", n)
	}
}

// An address that nobody has confirmed, such as an imported one, may be all that a member has: the desk has the same one confirmed.
func TestSameAddressIsConfirmed(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	unproven := func() { v.exec(`update accounts set email_proven = false`) }
	ask := func() (Outcome, error) {
		a := v.asking(v.maria.ID)
		a.Email = v.maria.Email
		return v.Do(t.Context(), v.fresh(v.rosa), nil, v.maria.ID, ChangeEmail, a)
	}
	must[Verification](t)(v.Check(t.Context(), v.rosa, nil, v.maria.ID, InPerson, mariaCard))
	v.enters(v.fresh(v.rosa))
	says := v.set.Text("es", "admin.act.email_unproven", nil)
	if form := v.get("/members/" + v.maria.ID.String() + "/acts/change_email").Body.String(); strings.Contains(form, says) {
		t.Error("the form calls a confirmed address unconfirmed")
	}
	if out, err := ask(); err == nil {
		t.Errorf("a confirmed address again = %+v", out)
	}
	unproven()
	if form := v.get("/members/" + v.maria.ID.String() + "/acts/change_email").Body.String(); !strings.Contains(form, says) {
		t.Error("the form does not say that nobody has confirmed the address")
	}
	if out := must[Outcome](t)(ask()); out.State != Asked {
		t.Fatalf("the same address = %+v, want a second person", out)
	}
	must[Outcome](t)(v.Decide(t.Context(), v.fresh(v.luis), nil, must[[]Request](t)(v.Requests(t.Context(), v.luis))[0].ID, true, "Vino con su identificación"))
	v.later(25 * time.Hour)
	if err := v.recovery.ApplyDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, link, found := strings.Cut(v.mailed("email_confirm")[0].Content.Text, "/confirm-email?link=")
	if link, _, _ = strings.Cut(link, "\n"); !found {
		t.Fatal("the mail has no link")
	}
	if err := v.recovery.ConfirmEmail(t.Context(), strings.TrimSpace(link)); err != nil {
		t.Fatal(err)
	}
	if a := must[accounts.Account](t)(v.people.Get(t.Context(), v.maria.ID)); !a.EmailProven || a.Email != v.maria.Email {
		t.Errorf("the account afterwards: %q, confirmed %t", a.Email, a.EmailProven)
	}
}
