package admin

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"huskyidp/accounts"
)

// Whoever asked is mailed what was decided, and who may decide that it waits: with act, case number and the page, without a word about the
// member, and not of what they withdrew themselves.
func TestAskerHearsTheDecision(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	decision := func(approve bool, kind string) {
		t.Helper()
		before := len(d.mailsTo("rosa@desk.example"))
		out := d.askEmail()
		must[Outcome](t)(d.Decide(t.Context(), d.fresh(d.luis), nil, out.RequestID, approve, "No coincide con la ficha"))
		if got := d.mailsTo("rosa@desk.example")[before:]; !slices.Equal(got, []string{kind}) {
			t.Errorf("approve %t: the asker got %v, want %s", approve, got, kind)
			return
		}
		for kind, page := range map[string]string{kind: "/members/" + d.maria.ID.String(), "staff_waits": approvalsPath + "/" + out.RequestID.String()} {
			mails := d.mailed(kind)
			text := mails[len(mails)-1].Content.Text
			for _, want := range []string{d.set.Text("es", "admin.act.change_email", nil), "HD-1001", "\n" + deskBase + page + "\n"} {
				if !strings.Contains(text, want) {
					t.Errorf("the mail %s lacks %q:\n%s", kind, want, text)
				}
			}
			if strings.Contains(text, "maria") || strings.Contains(text, "nueva@") {
				t.Errorf("the mail %s names the member:\n%s", kind, text)
			}
		}
	}
	decision(false, "staff_refused")
	if m := d.seen(d.rosa, d.maria.ID).Timeline[0]; m.Act != RefuseAct || m.Asked != ChangeEmail {
		t.Errorf("the refusal's line names %q", m.Asked)
	}
	if l := must[Diary](t)(d.Diary(t.Context(), d.luis)).Lines[0]; l.Asked != ChangeEmail {
		t.Errorf("the refusal's line in the book names %q", l.Asked)
	}
	decision(true, "staff_approved")

	told := len(d.mailsTo("rosa@desk.example"))
	must[Outcome](t)(d.Do(t.Context(), d.fresh(d.rosa), nil, d.maria.ID, StopChange, d.asking(d.maria.ID)))
	d.askEmail()
	must[Outcome](t)(d.Do(t.Context(), d.fresh(d.rosa), nil, d.maria.ID, Withdraw, d.asking(d.maria.ID)))
	if n := len(d.mailsTo("rosa@desk.example")); n != told {
		t.Errorf("%d mails about what the asker withdrew", n-told)
	}
	events, _, err := d.people.History(t.Context(), d.maria.ID, 1)
	if err != nil || slices.ContainsFunc(events, func(e accounts.Occurrence) bool { return e.Data["act"] == string(Withdraw) }) {
		t.Errorf("the member's history has what was only asked and taken back: %+v, %v", events, err)
	}
}

// The same holds for an administrator who asked for a change of colleagues.
func TestAskerOfRolesHearsTheDecision(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	eva, omar := d.person("eva", Admin), d.person("omar", Admin)
	for i, step := range []struct {
		by      Person
		confirm bool
		want    []string
	}{{omar, false, []string{"staff_refused"}}, {omar, true, []string{"staff_approved"}}, {eva, false, nil}} {
		before := len(d.mailsTo("eva@desk.example"))
		roles := [][]Role{{Read, Recover, Approve}, {Read, Recover, Approve}, {Read, Recover, Approve, Audit}}[i]
		ask := func(id uuid.UUID) {
			must[State](t)(d.SetColleague(t.Context(), d.fresh(eva), nil, id, d.change(eva, id, roles...)))
		}
		ask(d.rosa.ID)
		if err := d.ConfirmColleague(t.Context(), d.fresh(step.by), nil, d.rosa.ID, d.colleague(omar, d.rosa.ID).Version(), step.confirm); err != nil {
			t.Fatal(err)
		}
		if got := d.mailsTo("eva@desk.example")[before:]; !slices.Equal(got, step.want) {
			t.Errorf("%d: the asker got %v, want %v", i, got, step.want)
		}
		for _, kind := range append(step.want, "staff_waits") {
			mails := d.mailed(kind)
			text := mails[len(mails)-1].Content.Text
			if !strings.Contains(text, d.set.Text("es", "admin.act.set_roles", nil)) || !strings.Contains(text, "RH-7") || !strings.Contains(text, deskBase+"/people/"+d.rosa.ID.String()) || strings.Contains(strings.ToLower(text), "rosa") {
				t.Errorf("the mail %s:\n%s", kind, text)
			}
		}
	}
}
