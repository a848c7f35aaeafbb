package admin

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"huskyidp/members"
)

// namesakes adds people to the roster: two of one name and birth date, and six of another.
func (d *desk) namesakes() {
	d.t.Helper()
	lines := roster + "600000001,JUAN,RÍOS LUNA,,1990-05-06,A,2026-01-01,\n600000002,JUAN,RIOS-LUNA,JR,1990-05-06,A,2026-01-01,\n"
	for i := range namesakesShown + 1 {
		lines += fmt.Sprintf("70000000%d,ANA,SOTO,,1991-07-08,A,2026-01-01,\n", i)
	}
	must[members.Report](d.t)(d.roster.Import(d.t.Context(), strings.NewReader(lines), members.ImportOptions{AllowDoubtful: true}))
}

// TestFindByName (S-61, S-62): exact name and birth date, for the role recover; it counts as a search and says in the book and the audit
// how many were found, never whose name was typed; of more than a few only the number is told.
func TestFindByName(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	d.namesakes()
	card := func(first, last, month, day, year string) members.Card {
		return members.Card{FirstName: first, LastName: last, BirthMonth: month, BirthDay: day, BirthYear: year}
	}
	for _, c := range []struct {
		card        members.Card
		n           int
		tails, word string
	}{
		{card("maria jose", "nuñez peña", "3", "14", "1984"), 1, "789", "one"},
		{card("Juan", "Rios Luna", "5", "6", "1990"), 2, "001 002", "several"},
		{card("Ana", "Soto", "7", "8", "1991"), namesakesShown + 1, "", "several"},
		{card("Maria", "Nuñez Peña", "3", "14", "1984"), 0, "", "none"}, // no prefix
		{card("Maria Jose", "Nuñez Peña", "3", "15", "1984"), 0, "", "none"},
	} {
		found, n, err := d.FindByName(t.Context(), d.rosa, c.card)
		var tails []string
		for _, one := range found {
			tails = append(tails, one.MemberNumber)
		}
		slices.Sort(tails)
		if err != nil || n != c.n || strings.Join(tails, " ") != c.tails {
			t.Errorf("%s %s: %d, %v, %v, want %d, %s", c.card.FirstName, c.card.LastName, n, tails, err, c.n, c.tails)
		}
		if found := d.count(`select count(*) from audit_events where kind = 'staff.searched' and data @> jsonb_build_object('by', 'name', 'found', $1::text)
			and data::text !~* 'soto|maria|juan|1991' and id = (select id from audit_events order by at desc, id desc limit 1)`, c.word); found != 1 {
			t.Errorf("%s: the audit does not say %s", c.card.FirstName, c.word)
		}
	}
	if act, outcome := d.last(); act != string(FindName) || outcome != outcomeDone {
		t.Errorf("the book says %s, %s", act, outcome)
	}
	if _, _, err := d.FindByName(t.Context(), d.luis, mariaCard); !errors.Is(err, ErrForbidden) {
		t.Errorf("an approver: %v", err)
	}
	var bad *CardError
	if _, _, err := d.FindByName(t.Context(), d.rosa, card("Ana", "", "7", "8", "")); !errors.As(err, &bad) || len(bad.Problems) != 2 {
		t.Errorf("an incomplete form: %v", err)
	}
	var limit *LimitError
	for range lookups.Count {
		if _, _, err := d.FindByName(t.Context(), d.rosa, mariaCard); errors.As(err, &limit) {
			break
		}
	}
	if limit == nil || limit.Limit != lookups.Name {
		t.Errorf("searches by name are not counted: %v", limit)
	}
}

// TestSearchPageByName: the folded form leads to the one who is found, and tells few apart by the end of their number.
func TestSearchPageByName(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	v.namesakes()
	v.enters(v.luis)
	if body := v.get("/search").Body.String(); strings.Contains(body, `id="search-name"`) {
		t.Error("an approver is offered the search by name")
	}
	v.enters(v.rosa)
	v.get("/search")
	fields := []string{"by", "name", "first_name", "María José", "last_name", "Núñez Peña", "birth_month", "3", "birth_day", "14", "birth_year", "1984"}
	if w := v.post("/search", fields...); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/members/"+v.maria.ID.String() {
		t.Errorf("one: %d to %s", w.Code, w.Header().Get("Location"))
	}
	w := v.post("/search", "by", "name", "first_name", "Juan", "last_name", "Ríos Luna", "birth_month", "5", "birth_day", "6", "birth_year", "1990")
	for _, want := range []string{"••••••001", "••••••002", v.set.Text("es", "admin.member.no_account", nil), `value="Ríos Luna"`} {
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("two of one name: %d without %q", w.Code, want)
		}
	}
	if strings.Contains(w.Body.String(), "600000001") {
		t.Error("a whole number is shown")
	}
	if w := v.get(v.post("/search", "by", "name", "first_name", "Juan").Header().Get("Location")); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), `<details class="byname" open>`) {
		t.Errorf("an incomplete form: %d", w.Code)
	}
}
