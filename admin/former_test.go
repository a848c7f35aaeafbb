package admin

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestFormerColleague (S-61, S-65): who was removed stays to be looked at by administrators and auditors: what they did, and what of theirs
// is on hold or ended with them. Nothing of theirs works any more.
func TestFormerColleague(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	eva, ana := v.person("eva", Admin), v.person("ana", Audit)
	v.withApp(v.maria.ID)
	held := v.askEmail()
	must[Outcome](t)(v.Decide(t.Context(), v.luis, nil, held.RequestID, true, ""))
	open := must[Outcome](t)(v.Do(t.Context(), v.fresh(v.rosa), nil, v.maria.ID, ResetFactor, v.asking(v.maria.ID)))
	path, stop, member := peoplePath+"/"+v.rosa.ID.String(), "/members/"+v.maria.ID.String()+"/acts/stop_change", "/members/"+v.maria.ID.String()
	texts := func(keys ...string) (all []string) {
		for _, key := range keys {
			all = append(all, v.set.Text("es", "admin.people."+key, map[string]any{"n": 1, "datetime": v.now().Add(24 * time.Hour)}))
		}
		return all
	}
	shows := func(p Person, path string, want, not []string) {
		t.Helper()
		v.enters(p)
		body := v.get(path).Body.String()
		for _, text := range want {
			if !strings.Contains(body, text) {
				t.Errorf("%s at %s does not see %q:\n%s", p.Name, path, text, body)
			}
		}
		for _, text := range not {
			if strings.Contains(body, text) {
				t.Errorf("%s at %s sees %q", p.Name, path, text)
			}
		}
	}
	shows(eva, path, append(texts("traces", "trace_on_hold", "trace_asked"), stop, `id="remove"`), texts("former", "book_former"))

	page := v.get(path)
	press := []string{"do", "remove_person", "reason", "Se sospecha de un fraude", "ticket", "RH-4", "key", v.value(page, "key"), "version", v.value(page, "version")}
	w := v.post(path, press...)
	if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || to != path+"?done=remove_person" {
		t.Fatalf("removed: %d to %s\n%s", w.Code, to, w.Body)
	}
	left := append(texts("trace_on_hold", "trace_ended", "book_former", "until"), `href="`+stop+`"`, `href="`+member+`"`, "maria", "Rosa Vega")
	shows(eva, path+"?done=remove_person", append(left, texts("done_remove_person")...), []string{`id="remove"`, `id="roles-save"`})
	shows(ana, path, texts("trace_on_hold", "book_former"), []string{stop, member + `"`})
	shows(eva, peoplePath, append(texts("former"), `<a href="`+path+`">Rosa Vega</a>`), nil)
	press[7] = v.value(v.get(peoplePath+"/new"), "key")
	if w := v.post(path, press...); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), texts("gone")[0]) {
		t.Errorf("removed again: %d\n%s", w.Code, w.Body)
	}

	if _, err := v.Decide(t.Context(), v.luis, nil, open.RequestID, true, ""); !errors.Is(err, ErrGone) {
		t.Errorf("what she asked for is approved: %v", err)
	}
	if _, err := v.Who(t.Context(), v.rosa.ID, v.now()); !errors.Is(err, ErrNoRole) {
		t.Errorf("Who = %v", err)
	}
	if err := v.SetRoles(t.Context(), v.rosa.ID, []Role{Read}, "test"); !errors.Is(err, ErrNoRole) {
		t.Errorf("roles for who left: %v", err)
	}
	if _, err := v.ByName(t.Context(), "rosa"); !errors.Is(err, ErrNoRole) {
		t.Errorf("ByName = %v", err)
	}
	if err := v.RemovePerson(t.Context(), v.rosa.ID, "test"); !errors.Is(err, ErrNoRole) {
		t.Errorf("removed twice: %v", err)
	}
	for _, who := range must[[]StaffRow](t)(v.Staff(t.Context())) {
		if who.ID == v.rosa.ID {
			t.Error("she is listed among those who work here")
		}
	}
	if sum := v.seen(v.luis, v.maria.ID); sum.Timeline[1].Name != "Rosa Vega" {
		t.Errorf("the member's page names %q", sum.Timeline[1].Name)
	}

	// Who approved is asked about what they approved.
	if err := v.RemovePerson(t.Context(), v.luis.ID, "test"); err != nil {
		t.Fatal(err)
	}
	shows(eva, peoplePath+"/"+v.luis.ID.String(), append(texts("trace_approved"), stop), nil)
	must[bool](t)(v.recovery.StopHeld(t.Context(), v.maria.ID))
	shows(eva, peoplePath+"/"+v.luis.ID.String(), texts("traces_none"), []string{stop})

	v.at(v.now().AddDate(6, 0, 1))
	if err := v.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := v.count(`select count(*) from staff where removed_at is not null`); n != 0 {
		t.Errorf("%d people who left are kept for more than six years", n)
	}
}
