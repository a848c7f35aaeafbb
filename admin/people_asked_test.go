package admin

import (
	"errors"
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
	if done, err := d.Decide(t.Context(), d.luis, nil, out.RequestID, false, "Ya no trabaja en recuperación"); err != nil || done.State != "refused" {
		t.Errorf("refused: %+v, %v", done, err)
	}
}
