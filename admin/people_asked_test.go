package admin

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// TestApproversAreMailed: what waits for a second person is told by mail to those who may decide, a few times an hour at most.
func TestApproversAreMailed(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	d.person("ana", Approve, Recover)
	for range deskMails.Count + 2 {
		d.verify(d.rosa, d.maria.ID, InPerson)
		ask := d.asking(d.maria.ID)
		ask.Email = "nueva@example.org"
		if out := must[Outcome](t)(d.Do(t.Context(), d.fresh(d.rosa), nil, d.maria.ID, ChangeEmail, ask)); out.State != Asked {
			t.Fatalf("Do = %+v", out)
		}
		must[Outcome](t)(d.Do(t.Context(), d.fresh(d.rosa), nil, d.maria.ID, Withdraw, d.asking(d.maria.ID))) // one of a kind at a time
	}
	for address, want := range map[string]int{"luis@desk.example": deskMails.Count, "ana@desk.example": deskMails.Count, "rosa@desk.example": 0} {
		if mails := d.mailsTo(address); len(mails) != want {
			t.Errorf("%s got %v, want %d", address, mails, want)
		}
	}
}

// TestAskerLeft (S-64): what somebody asked for before their roles were taken away is not done by a colleague's press of a button.
func TestAskerLeft(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	eva, omar := d.person("eva", Admin), d.person("omar", Admin)
	must[State](t)(d.SetColleague(t.Context(), eva, nil, d.rosa.ID, d.change(eva, d.rosa.ID, Read, Recover, Approve)))
	out := d.askEmail() // by rosa
	for id, roles := range map[uuid.UUID][]Role{eva.ID: {Read}, d.rosa.ID: {Read}} {
		if err := d.setRoles(t.Context(), id, roles, "test"); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.ConfirmColleague(t.Context(), omar, nil, d.rosa.ID, d.colleague(omar, d.rosa.ID).Version(), true); !errors.Is(err, ErrGone) {
		t.Errorf("roles that a former administrator asked for: %v, want ErrGone", err)
	}
	if _, err := d.Decide(t.Context(), d.luis, nil, out.RequestID, true, ""); !errors.Is(err, ErrGone) {
		t.Errorf("an act that somebody without the role asked for: %v, want ErrGone", err)
	}
	if _, outcome := d.last(); outcome != "asker" {
		t.Errorf("the book says %s", outcome)
	}
	if n := must[int](t)(d.Waiting(t.Context(), d.luis)); n != 0 {
		t.Errorf("%d wait for somebody, although it ended", n)
	}
	if _, err := d.Decide(t.Context(), d.luis, nil, out.RequestID, false, "Ya no trabaja en recuperación"); !errors.Is(err, ErrGone) {
		t.Errorf("refused, although it ended: %v", err)
	}
	if blocked, ok := errors.AsType[*BlockedError](d.ended(t.Context(), out.RequestID)); !ok || blocked.Name != "Rosa Vega" {
		t.Errorf("why it ended: %+v", blocked)
	}
	for id, roles := range map[uuid.UUID][]Role{eva.ID: {Admin}, d.rosa.ID: {Recover}} {
		if err := d.setRoles(t.Context(), id, roles, "test"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Decide(t.Context(), d.luis, nil, out.RequestID, true, ""); !errors.Is(err, ErrGone) {
		t.Errorf("the role came back, and the request with it: %v", err)
	}
}

// TestEndedRolesStayEnded (S-61, S-64): roles that a former administrator asked for end with that role; the page says so, an older page's
// button as well, and they do not come back with it.
func TestEndedRolesStayEnded(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	eva, omar := v.person("eva", Admin), v.person("omar", Admin)
	must[State](t)(v.SetColleague(t.Context(), eva, nil, v.rosa.ID, v.change(eva, v.rosa.ID, Read, Recover, Approve)))
	path := peoplePath + "/" + v.rosa.ID.String()
	v.enters(omar)
	page := v.get(path)
	press := []string{"do", "confirm_person", "key", v.value(page, "key"), "version", v.value(page, "version")}
	said := v.set.Text("es", "admin.people.ended", map[string]any{"name": "Eva Vega"})
	for _, roles := range [][]Role{{Read}, {Admin}} {
		if err := v.SetRoles(t.Context(), eva.ID, roles, "test"); err != nil {
			t.Fatal(err)
		}
		if body := v.get(path).Body.String(); !strings.Contains(body, said) || strings.Contains(body, `id="confirm"`) || !strings.Contains(body, `id="roles-save"`) {
			t.Errorf("asker with %v: the page says\n%s", roles, body)
		}
		if w := v.post(path, press...); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), said) {
			t.Errorf("asker with %v: confirmed from an older page: %d\n%s", roles, w.Code, w.Body)
		}
	}
	if roles := v.rolesOf(v.rosa.ID); slices.Contains(roles, Approve) {
		t.Errorf("Rosa has %v", roles)
	}
	if state := must[State](t)(v.SetColleague(t.Context(), eva, nil, v.rosa.ID, v.change(eva, v.rosa.ID, Read, Recover, Approve))); state != Asked {
		t.Errorf("asked for again: %s", state)
	}
	if err := v.ConfirmColleague(t.Context(), omar, nil, v.rosa.ID, v.colleague(omar, v.rosa.ID).Version(), true); err != nil {
		t.Errorf("what was asked for again is not confirmed: %v", err)
	}
}
