package admin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/recovery"
)

// refer gives a browser a number, as the support page does.
func (d *desk) refer(browser, need, lang string) string {
	d.t.Helper()
	b := &pgx.Batch{}
	var reference string
	err := d.db.InTx(d.t.Context(), func(ctx context.Context) (err error) {
		if reference, err = d.recovery.Refer(ctx, b, need, bytes.Repeat([]byte(browser), 32)[:32], uuid.Nil, lang); err != nil {
			return err
		}
		return d.db.Finish(ctx, b)
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return reference
}

// waiting are the matters of a selection, in its order.
func (d *desk) waiting(p Person, f Filter) (refs []string) {
	d.t.Helper()
	for _, m := range must[Queue](d.t)(d.Queue(d.t.Context(), p, f)).Matters {
		refs = append(refs, m.Ref)
	}
	return refs
}

// TestQueue: one list of numbers and held changes, by waiting time, need and who helps; it names nobody (S-62).
func TestQueue(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	if q := must[Queue](t)(d.Queue(t.Context(), d.rosa, Filter{})); len(q.Matters) != 0 {
		t.Errorf("nobody waits, the queue has %+v", q.Matters)
	}
	first := d.refer("a", "password", "es")
	d.later(time.Hour)
	held := must[recovery.Change](t)(d.recovery.Hold(t.Context(), recovery.Change{AccountID: d.maria.ID, Act: recovery.ChangeEmail, Email: "nueva@example.org", AskedBy: d.rosa.ID.String()}))
	must[recovery.Change](t)(d.recovery.Hold(t.Context(), recovery.Change{AccountID: d.maria.ID, Act: recovery.CloseAccount})) // its member's own
	d.later(time.Hour)
	last := d.refer("b", "username", "en")
	all := []string{first, held.ID.String(), last}
	if got := d.waiting(d.rosa, Filter{}); !slices.Equal(got, all) {
		t.Errorf("the queue has %v, want %v", got, all)
	}
	slices.Reverse(all)
	if got := d.waiting(d.rosa, Filter{Newest: true}); !slices.Equal(got, all) {
		t.Errorf("newest first %v, want %v", got, all)
	}
	for need, want := range map[string]string{"password": first, "held": held.ID.String(), "username": last} {
		if got := d.waiting(d.rosa, Filter{Need: need}); !slices.Equal(got, []string{want}) {
			t.Errorf("need %s: %v, want %s", need, got, want)
		}
	}
	must[Matter](t)(d.HelpWith(t.Context(), d.rosa, nil, first, Helping{Act: TakeCase}))
	must[Matter](t)(d.HelpWith(t.Context(), d.rosa, nil, last, Helping{Act: FinishCase}))
	for show, want := range map[Show][]string{ShowOpen: {first, held.ID.String()}, ShowFree: {held.ID.String()}, ShowMine: {first}, ShowDone: {last}} {
		if got := d.waiting(d.rosa, Filter{Show: show}); !slices.Equal(got, want) {
			t.Errorf("shown %s: %v, want %v", show, got, want)
		}
	}
	if got := d.waiting(d.luis, Filter{Show: ShowMine}); len(got) != 0 {
		t.Errorf("Luis has %v", got)
	}
	if act, outcome := d.last(); act != "list_queue" || outcome != "done" {
		t.Errorf("the book says %s %s", act, outcome)
	}
	d.later(queueSpan)
	if got := d.waiting(d.rosa, Filter{}); len(got) != 0 {
		t.Errorf("after a month the queue has %v", got)
	}
}

// TestHelpWith: taken, handed over, taken by another, finished; a second press changes nothing, and what is somebody's is finished
// by nobody else.
func TestHelpWith(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	eva := d.person("eva", Recover)
	ref := d.refer("a", "password", "es")
	help := func(p Person, act Act, version int) (Matter, error) {
		return d.HelpWith(t.Context(), p, nil, ref, Helping{Act: act, Version: version})
	}
	var taken *TakenError
	for i, step := range []struct {
		by      Person
		act     Act
		version int
		state   CaseState // "": somebody else has it
		has     string
	}{
		{d.rosa, TakeCase, 0, Taken, "Rosa Vega"},
		{d.rosa, TakeCase, 0, Taken, "Rosa Vega"}, // pressed twice
		{eva, TakeCase, 0, "", "Rosa Vega"},
		{eva, FinishCase, 1, "", "Rosa Vega"},
		{eva, HandOver, 1, "", "Rosa Vega"},
		{d.rosa, HandOver, 1, HandedOver, "Rosa Vega"},
		{eva, TakeCase, 2, Taken, "Eva Vega"},
		{d.rosa, TakeCase, 3, Taken, "Rosa Vega"}, // over, as it was seen
		{d.rosa, FinishCase, 4, Finished, "Rosa Vega"},
		{d.rosa, FinishCase, 4, Finished, "Rosa Vega"},
		{d.rosa, TakeCase, 5, Taken, "Rosa Vega"}, // again
	} {
		m, err := help(step.by, step.act, step.version)
		if step.state == "" {
			if !errors.As(err, &taken) || taken.Name != step.has {
				t.Errorf("%d: %s by %s = %v, want that %s has it", i, step.act, step.by.Name, err, step.has)
			}
			if act, outcome := d.last(); act != string(step.act) || outcome != "taken" {
				t.Errorf("%d: the book says %s %s", i, act, outcome)
			}
			continue
		}
		if err != nil || m.State != step.state || m.Name != step.has {
			t.Errorf("%d: %s by %s = %+v, %v", i, step.act, step.by.Name, m.Help, err)
		}
	}
	if n := d.count(`select count(*) from audit_events where kind = 'staff.helped' and account_id is null and data->>'ticket' = $1`, ref); n != 8 {
		t.Errorf("%d events, want 8", n)
	}
	if _, err := help(d.luis, TakeCase, 6); !errors.Is(err, ErrForbidden) {
		t.Errorf("an approver takes it: %v", err)
	}
	if _, err := d.HelpWith(t.Context(), d.rosa, nil, "H7K-2QD-9MW", Helping{Act: TakeCase}); !errors.Is(err, ErrNotFound) {
		t.Errorf("a number of nobody: %v", err)
	}
	var limit *LimitError
	for range caseActs.Count {
		if _, err := help(d.rosa, TakeCase, 6); errors.As(err, &limit) {
			break
		}
	}
	if limit == nil || limit.Limit != caseActs.Name {
		t.Errorf("no limit: %v", limit)
	}
}

// TestTakeAtOnce: of two who take at the same moment one has it, and the other is told who.
func TestTakeAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 4)
	eva := d.person("eva", Recover)
	for i := range 10 {
		ref := d.refer(string(rune('a'+i)), "password", "es")
		errs := make([]error, 2)
		var group sync.WaitGroup
		for i, p := range []Person{d.rosa, eva} {
			group.Go(func() { _, errs[i] = d.HelpWith(context.Background(), p, nil, ref, Helping{Act: TakeCase}) })
		}
		group.Wait()
		slices.SortFunc(errs, func(a, b error) int { return map[bool]int{true: -1, false: 1}[a == nil] })
		var taken *TakenError
		if errs[0] != nil || !errors.As(errs[1], &taken) || taken.Name == "" {
			t.Fatalf("two took %s: %v", ref, errs)
		}
	}
}

// TestNotes: sealed, of at most 500 letters, kept with whatever was pressed and once, and lost by a press that was refused.
func TestNotes(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	ref := d.refer("a", "password", "es")
	note := func(act Act, version int, text, key string) error {
		_, err := d.HelpWith(t.Context(), d.rosa, &Once{Key: key, Body: []byte(text)}, ref, Helping{Act: act, Version: version, Note: text})
		return err
	}
	for _, err := range []error{note(NoteCase, 0, "Llama por la tarde", "one"), note(NoteCase, 0, "Llama por la tarde", "one"), note(TakeCase, 0, "Ahora mismo llamo", "two")} {
		if err != nil {
			t.Error(err)
		}
	}
	found := must[Case](t)(d.OpenCase(t.Context(), d.luis, ref))
	if len(found.Written) != 2 || found.Written[0].Text != "Llama por la tarde" || found.Written[1].Name != "Rosa Vega" || found.State != Taken {
		t.Errorf("case %+v", found)
	}
	if n := d.count(`select count(*) from desk_notes where position('Llama'::bytea in note_sealed) > 0`); n != 0 {
		t.Error("a note is kept in the clear (S-46)")
	}
	var invalid Invalid
	for text, why := range map[string]string{"": "missing", " \n": "missing", strings.Repeat("ñ", noteMax+1): "long", "a\x00b": "long"} {
		if err := note(NoteCase, 0, text, "three"); !errors.As(err, &invalid) || invalid["note"] != why {
			t.Errorf("the note %q = %v, want %s", text, err, why)
		}
	}
	if err := note(NoteCase, 0, strings.Repeat("ñ", noteMax), "four"); err != nil {
		t.Error(err)
	}
	d.later(61 * 24 * time.Hour)
	if err := d.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	if n := d.count(`select count(*) from desk_notes`); n != 0 {
		t.Errorf("%d notes after two months", n)
	}
	if n := d.count(`select count(*) from desk_cases`); n != 0 {
		t.Errorf("%d cases after two months", n)
	}
}

// TestOpenCase: the number of a refused registration shows when and how often it was refused and which fields differ, never
// values; it counts as a search (S-62) and is in the book.
func TestOpenCase(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	wrong := jamesCard
	wrong.BirthDay, wrong.Suffix = "3", ""
	stuck, reference := d.stuckWith(wrong)
	found := must[Case](t)(d.OpenCase(t.Context(), d.luis, reference))
	if len(found.Failed) != 3 || !found.Failed[0].Equal(d.now()) || !found.Locked || found.SubjectID != stuck.ID {
		t.Errorf("case %+v", found)
	}
	if !slices.Equal(found.Differs, []string{"suffix", "birth_date"}) || !slices.Equal(found.Agrees, []string{"first_name", "last_name", "member_number"}) {
		t.Errorf("differs %v, agrees %v", found.Differs, found.Agrees)
	}
	if n := d.count(`select count(*) from desk_entries where act = 'open_case' and subject_id = $1 and ticket = $2`, stuck.ID, reference); n != 1 {
		t.Errorf("%d lines in the book", n)
	}
	password := d.refer("b", "password", "es")
	if found := must[Case](t)(d.OpenCase(t.Context(), d.luis, password)); found.SubjectID != uuid.Nil || found.Compared {
		t.Errorf("a number of nobody known %+v", found)
	}
	held := must[recovery.Change](t)(d.recovery.Hold(t.Context(), recovery.Change{AccountID: d.maria.ID, Act: recovery.ResetFactor, AskedBy: d.rosa.ID.String()}))
	if found := must[Case](t)(d.OpenCase(t.Context(), d.luis, held.ID.String())); found.SubjectID != d.maria.ID || !found.DueAt.Equal(held.ApplyAt) {
		t.Errorf("a change on hold %+v", found)
	}
	if n := d.count(`select count(*) from audit_events where kind = 'staff_looked'`); n != 0 {
		t.Error("the member's history says that the desk looked")
	}
	var limit *LimitError
	for range lookups.Count {
		if _, err := d.OpenCase(t.Context(), d.luis, reference); errors.As(err, &limit) {
			break
		}
	}
	if limit == nil || limit.Limit != lookups.Name {
		t.Errorf("opening is not counted: %v", limit)
	}
}

// TestHandOverToAColleague: it waits among theirs and they are told by mail, anybody may take it all the same; who cannot help gets none.
func TestHandOverToAColleague(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	eva, ana, zoe := d.person("eva", Recover), d.person("ana", Recover), d.person("zoe", Admin)
	d.signedIn()
	ref := d.refer("a", "password", "es")
	must[Matter](t)(d.HelpWith(t.Context(), d.rosa, nil, ref, Helping{Act: TakeCase}))
	c := must[Case](t)(d.OpenCase(t.Context(), d.rosa, ref))
	if len(c.Helpers) != 2 || c.Helpers[0].ID != ana.ID || c.Helpers[1].ID != eva.ID {
		t.Errorf("Rosa may hand it to %+v", c.Helpers)
	}
	if c := must[Case](t)(d.OpenCase(t.Context(), eva, ref)); c.Helpers != nil {
		t.Errorf("Eva, who does not have it, may hand it to %+v", c.Helpers)
	}
	for name, to := range map[string]uuid.UUID{"an approver": d.luis.ID, "an administrator": zoe.ID, "herself": d.rosa.ID, "nobody": uuid.New()} {
		if _, err := d.HelpWith(t.Context(), d.rosa, nil, ref, Helping{Act: HandOver, Version: 1, To: to}); !strings.Contains(fmt.Sprint(err), "invalid: to") {
			t.Errorf("to %s: %v", name, err)
		}
	}
	for range 2 { // pressed twice
		m := must[Matter](t)(d.HelpWith(t.Context(), d.rosa, nil, ref, Helping{Act: HandOver, Version: 1, To: eva.ID}))
		if m.State != HandedOver || m.ToName != "Eva Vega" {
			t.Errorf("handed over: %+v", m.Help)
		}
	}
	if mails := d.mailsTo("eva@desk.example"); !slices.Equal(mails, []string{"staff_case"}) {
		t.Errorf("Eva got %v", mails)
	}
	if text := d.mailed("staff_case")[0].Content.Text; !strings.Contains(text, "\n"+deskBase+queuePath+"/"+ref+"\n") {
		t.Errorf("which case is not said:\n%s", text)
	}
	for _, list := range []struct {
		by   Person
		show Show
		want int
	}{{eva, ShowMine, 1}, {ana, ShowMine, 0}, {ana, ShowFree, 0}, {ana, ShowOpen, 1}} {
		if refs := d.waiting(list.by, Filter{Show: list.show}); len(refs) != list.want {
			t.Errorf("%s sees in %s %v", list.by.Name, list.show, refs)
		}
	}
	if m := must[Matter](t)(d.HelpWith(t.Context(), ana, nil, ref, Helping{Act: TakeCase, Version: 2})); m.StaffID != ana.ID || m.ToName != "" {
		t.Errorf("taken by another: %+v", m.Help)
	}
	if m := must[Case](t)(d.OpenCase(t.Context(), ana, ref)); m.ToName != "" || m.Name != "Ana Vega" {
		t.Errorf("afterwards: %+v", m.Help)
	}

	// An administrator can stop a change, and so help with that.
	held := must[recovery.Change](t)(d.recovery.Hold(t.Context(), recovery.Change{AccountID: d.maria.ID, Act: recovery.ResetFactor, AskedBy: d.luis.ID.String()}))
	must[Matter](t)(d.HelpWith(t.Context(), d.rosa, nil, held.ID.String(), Helping{Act: TakeCase}))
	if m := must[Matter](t)(d.HelpWith(t.Context(), d.rosa, nil, held.ID.String(), Helping{Act: HandOver, Version: 1, To: zoe.ID})); m.To != zoe.ID {
		t.Errorf("a change on hold for an administrator: %+v", m.Help)
	}

	// Who leaves no longer holds a case back.
	must[Matter](t)(d.HelpWith(t.Context(), ana, nil, ref, Helping{Act: HandOver, Version: 3, To: eva.ID}))
	if err := d.RemovePerson(t.Context(), eva.ID, "test"); err != nil {
		t.Fatal(err)
	}
	if refs := d.waiting(d.rosa, Filter{Show: ShowFree}); len(refs) != 1 {
		t.Errorf("once Eva has left: %v", refs)
	}
}
