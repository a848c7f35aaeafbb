package admin

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"huskyidp/recovery"
)

// askFor asks for another address of the member, as p.
func (d *desk) askFor(p Person, email string) (Outcome, error) {
	d.t.Helper()
	d.verify(p, d.maria.ID, InPerson)
	a := d.asking(d.maria.ID)
	a.Email = email
	return d.Do(d.t.Context(), d.fresh(p), nil, d.maria.ID, ChangeEmail, a)
}

// TestOneChangeOfAKind (S-64): while a change is asked for or on hold, another of its kind is refused, whoever asks, and the error says
// who asked; a request that can no longer be approved is in nobody's way.
func TestOneChangeOfAKind(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	eva := d.person("eva", Read, Recover)
	out := d.askEmail()
	pending := func(p Person, want PendingError) {
		t.Helper()
		_, err := d.askFor(p, "otra@example.org")
		got, ok := errors.AsType[*PendingError](err)
		if !ok || got.State != want.State || got.Name != want.Name || got.Own != want.Own || !errors.Is(err, ErrConflict) {
			t.Errorf("%s: %+v (%v), want %+v", p.Name, got, err, want)
		}
	}
	pending(eva, PendingError{State: Asked, Name: "Rosa Vega"})
	pending(d.rosa, PendingError{State: Asked, Name: "Rosa Vega", Own: true})
	must[Outcome](t)(d.Decide(t.Context(), d.luis, nil, out.RequestID, true, ""))
	pending(eva, PendingError{State: OnHold, Name: "Rosa Vega"})
	must[Outcome](t)(d.Do(t.Context(), eva, nil, d.maria.ID, StopChange, d.asking(d.maria.ID)))
	if out, err := d.askFor(eva, "otra@example.org"); err != nil || out.State != Asked {
		t.Errorf("once it is stopped: %+v, %v", out, err)
	}
	if _, err := d.recovery.Hold(t.Context(), recovery.Change{AccountID: d.maria.ID, Act: recovery.ChangeEmail, Email: "mia@example.org"}); err != nil {
		t.Fatal(err)
	}
	pending(d.rosa, PendingError{State: OnHold})
	must[bool](t)(d.recovery.StopHeld(t.Context(), d.maria.ID))
	pending(d.rosa, PendingError{State: Asked, Name: "Eva Vega"})
	d.later(time.Second)
	must[bool](t)(d.people.Disable(t.Context(), d.maria.ID))
	must[bool](t)(d.people.Enable(t.Context(), d.maria.ID))
	if out, err := d.askFor(d.rosa, "nueva@example.org"); err != nil || out.State != Asked {
		t.Errorf("beside a request that the account has outlived: %+v, %v", out, err)
	}
}

// TestBlockedRequest (S-64): an approver is told why a request cannot be done any more, in the list, on its page and by the button,
// and only refusing is offered.
func TestBlockedRequest(t *testing.T) {
	t.Parallel()
	for why, change := range map[Block]func(d *desk){
		BlockedChanged: func(d *desk) {
			d.later(time.Second)
			must[bool](d.t)(d.people.Disable(d.t.Context(), d.maria.ID))
			must[bool](d.t)(d.people.Enable(d.t.Context(), d.maria.ID))
		},
		BlockedHeld: func(d *desk) {
			must[recovery.Change](d.t)(d.recovery.Hold(d.t.Context(), recovery.Change{AccountID: d.maria.ID, Act: recovery.ChangeEmail, Email: "mia@example.org"}))
		},
		BlockedAsker: func(d *desk) { d.exec(`update staff set roles = '{read}' where name = 'Rosa Vega'`) },
	} {
		v := newVisitor(t)
		out := v.askEmail()
		change(v.desk)
		open := must[[]Request](t)(v.Requests(t.Context(), v.luis))
		if len(open) != 1 || open[0].Blocked != why || open[0].Member != "maria" {
			t.Errorf("%s: the list is %+v", why, open)
		}
		blocked, ok := errors.AsType[*BlockedError](func() error { _, err := v.Decide(t.Context(), v.luis, nil, out.RequestID, true, ""); return err }())
		if !ok || blocked.Why != why {
			t.Errorf("%s: Decide = %+v", why, blocked)
		}
		v.enters(v.luis)
		said := v.set.Text("es", "admin.approval.blocked_"+string(why), nil)
		path := approvalsPath + "/" + out.RequestID.String()
		page := v.get(path)
		for name, body := range map[string]string{"list": v.get(approvalsPath).Body.String(), "page": page.Body.String()} {
			if !strings.Contains(body, said) || !strings.Contains(body, "maria") || strings.Contains(body, `value="approve"`) {
				t.Errorf("%s: the %s does not say so, or offers to approve:\n%s", why, name, body)
			}
		}
		w := v.post(path, "decide", "approve", "key", v.value(page, "key"))
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), said) {
			t.Errorf("%s: the button of an older page: %d\n%s", why, w.Code, w.Body)
		}
		if w := v.post(path, "decide", "refuse", "key", v.value(page, "key"), "reason", "Hay que pedirlo otra vez"); w.Code != http.StatusSeeOther {
			t.Errorf("%s: refused: %d", why, w.Code)
		}
	}
}

// TestPendingOnTheForm: the form of an act says at once what waits, with the way to end it, and is not there to be filled in; what was
// typed meanwhile is kept.
func TestPendingOnTheForm(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	eva := v.person("eva", Read, Recover, Approve)
	path := "/members/" + v.maria.ID.String() + "/acts/change_email"
	v.verify(eva, v.maria.ID, InPerson)
	v.enters(eva)
	empty := v.get(path)
	out := v.askEmail() // by rosa
	w := v.post(path, "email", "otra@example.org", "reason", "La persona lo pidió en la oficina", "ticket", "HD-2", "key", v.value(empty, "key"), "version", v.value(empty, "version"))
	if body := w.Body.String(); w.Code != http.StatusUnprocessableEntity || !strings.Contains(body, "Rosa Vega") || !strings.Contains(body, "La persona lo pidió en la oficina") {
		t.Errorf("from an older page: %d\n%s", w.Code, body)
	}
	see := func(p Person, want, link string) {
		t.Helper()
		v.enters(p)
		body := v.get(path).Body.String()
		if !strings.Contains(body, want) || !strings.Contains(body, link) || strings.Contains(body, `id="email"`) {
			t.Errorf("%s reads:\n%s", p.Name, body)
		}
	}
	see(eva, "Rosa Vega ya pidió esto", `href="`+approvalsPath+"/"+out.RequestID.String()+`"`)
	see(v.rosa, "Usted ya pidió esto", `/acts/withdraw_request"`)
	must[Outcome](t)(v.Decide(t.Context(), v.luis, nil, out.RequestID, true, ""))
	see(eva, "Ya hay un cambio de este tipo en espera", `/acts/stop_change"`)
}

// TestPendingInTheAPI: typed problems.
func TestPendingInTheAPI(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	out := b.askEmail()
	token := b.access(b.rosa, nil)
	path := "/members/" + b.maria.ID.String() + "/acts/change_email"
	ask := emailBody{"La persona llamó y pidió ayuda", "HD-1001", b.version(b.maria.ID), "otra@example.org"}
	w := b.call("POST", path, token, ask)
	if p := problemOf(t, w); w.Code != http.StatusConflict || p.Type != problemType+"pending" || p.Detail != string(Asked) {
		t.Errorf("a second request: %d %+v", w.Code, p)
	}
	b.later(time.Second)
	must[bool](t)(b.people.Disable(t.Context(), b.maria.ID))
	must[bool](t)(b.people.Enable(t.Context(), b.maria.ID))
	approver := b.access(b.luis, nil)
	if w := b.call("GET", "/approvals", approver, nil); !strings.Contains(w.Body.String(), `"member":"maria","blocked":"changed"`) {
		t.Errorf("the list: %s", w.Body)
	}
	w = b.call("POST", "/approvals/"+out.RequestID.String()+"/approve", approver, struct{}{})
	if p := problemOf(t, w); w.Code != http.StatusConflict || p.Type != problemType+"blocked" || p.Detail != "changed" {
		t.Errorf("approved: %d %+v", w.Code, p)
	}
}
