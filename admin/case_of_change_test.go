package admin

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/templates"
)

// TestCaseOfAChange (S-64): who asked for a change on hold, or approved it, neither takes nor finishes its case and gets it from nobody; it
// ends with the change.
func TestCaseOfAChange(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(v *visitor){
		"made": func(v *visitor) {
			v.later(24*time.Hour + time.Minute)
			if err := v.recovery.ApplyDue(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		"stopped": func(v *visitor) { must[bool](t)(v.recovery.StopHeld(t.Context(), v.maria.ID)) },
	} {
		v := newVisitor(t)
		eva := v.person("eva", Read, Recover)
		bob := v.person("bob", Read, Recover, Approve)
		v.signedIn()
		asked := v.askEmail()
		must[Outcome](t)(v.Decide(t.Context(), bob, nil, asked.RequestID, true, ""))
		ref := v.waiting(v.rosa, Filter{Need: "held"})[0]
		help := func(p Person, act Act, version int, to uuid.UUID) error {
			_, err := v.HelpWith(t.Context(), v.fresh(p), nil, ref, Helping{Act: act, Version: version, To: to})
			return err
		}
		for _, p := range []Person{v.rosa, bob} {
			for _, act := range []Act{TakeCase, FinishCase, HandOver} {
				if err := help(p, act, 0, uuid.Nil); !errors.Is(err, ErrOwn) {
					t.Errorf("%s by %s = %v, want ErrOwn", act, p.Name, err)
				}
			}
			v.enters(v.fresh(p))
			for _, path := range []string{queuePath, queuePath + "/" + ref} {
				if page := v.get(path).Body.String(); strings.Contains(page, `value="take_case`) || strings.Contains(page, `value="finish_case`) {
					t.Errorf("%s offers it to %s:\n%s", path, p.Name, page)
				}
			}
			page := v.get(queuePath + "/" + ref)
			if !strings.Contains(page.Body.String(), v.text("admin.queue.own", nil)) {
				t.Errorf("the case does not say why %s cannot take it", p.Name)
			}
			if w := v.post(queuePath+"/"+ref, "do", "finish_case", "version", "0", "key", v.value(page, "key")); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), v.text("admin.queue.own", nil)) {
				t.Errorf("a form of before: %d\n%s", w.Code, w.Body)
			}
			if w := v.post(queuePath+"/"+ref, "do", "note_case", "version", "0", "key", v.value(page, "key"), "note", "Vino con su tarjeta"); w.Code != http.StatusSeeOther {
				t.Errorf("a note by %s: %d", p.Name, w.Code)
			}
		}
		due := v.text("admin.queue.due", templates.Args{"datetime": v.now().Add(24 * time.Hour)})
		if page := v.get(queuePath).Body.String(); !strings.Contains(page, due) {
			t.Errorf("the queue does not say %q:\n%s", due, page)
		}
		if err := help(eva, TakeCase, 0, uuid.Nil); err != nil {
			t.Fatal(err)
		}
		found := must[Case](t)(v.OpenCase(t.Context(), eva, ref))
		if found.Own || slices.ContainsFunc(found.Helpers, func(h Helper) bool { return h.ID == v.rosa.ID || h.ID == bob.ID }) {
			t.Errorf("it may be handed over to %+v", found.Helpers)
		}
		if err := help(eva, HandOver, 1, v.rosa.ID); err == nil {
			t.Error("it is handed over to who asked for it")
		}
		v.enters(v.fresh(eva))
		page := v.get(queuePath + "/" + ref)
		end(v)
		v.enters(v.fresh(eva))
		if refs := v.waiting(eva, Filter{}); len(refs) != 0 {
			t.Errorf("%s: the queue still has %v", name, refs)
		}
		v.get(queuePath)
		for _, w := range []int{v.post(queuePath+"/"+ref, "do", "finish_case", "version", "1", "key", v.value(page, "key")).Code, v.post(queuePath, "do", "finish_case "+ref+" 1").Code} {
			if w != http.StatusConflict {
				t.Errorf("%s: finishing what has ended: %d", name, w)
			}
		}
		if w := v.get(queuePath + "/" + ref); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), v.text("admin.queue.over", nil)) {
			t.Errorf("%s: opened again: %d\n%s", name, w.Code, w.Body)
		}
	}
}

// TestHistoryHasNoEmptyBrackets: what needs no case number shows none.
func TestHistoryHasNoEmptyBrackets(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	out := v.askEmail()
	must[Outcome](t)(v.Decide(t.Context(), v.luis, nil, out.RequestID, false, "No es la persona que dice"))
	v.enters(v.rosa)
	if page := v.get("/members/" + v.maria.ID.String()).Body.String(); strings.Contains(page, "()") || !strings.Contains(page, "No es la persona que dice</span>") || !strings.Contains(page, "(HD-1001)") {
		t.Errorf("the history:\n%s", page)
	}
}

// TestEmptyExport: an export without rows is no file.
func TestEmptyExport(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	v.enters(v.person("ada", Audit))
	v.get(auditPath)
	w := v.post(auditPath, "from", "2027-01-01", "to", "2027-01-02", "reason", "Revisión del mes", "ticket", "A-1")
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") || w.Header().Get("Content-Disposition") != "" || !strings.Contains(w.Body.String(), v.text("admin.audit.empty", nil)) {
		t.Errorf("%d %v\n%s", w.Code, w.Header(), w.Body)
	}
}
