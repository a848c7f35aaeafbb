package admin

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"huskyidp/internal/audit"
)

// TestFigures: by day in the pages' time zone, how long help took, what locked people out, and how far registrations got.
func TestFigures(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	supervisor := d.person("eva", Audit)
	d.at(time.Date(2026, 11, 20, 4, 59, 0, 0, time.UTC)) // the 19th in Connecticut
	d.refer("a", "password", "es")
	d.later(2 * time.Minute)
	quick, slow := d.refer("b", "password", "es"), d.refer("c", "password", "en")
	wrong := jamesCard
	wrong.FirstName = "Jim"
	d.stuckWith(wrong)
	for range 5 {
		d.people.Authenticate(t.Context(), attempt("maria"))
	}
	for range 5 {
		d.people.CheckAnswers(t.Context(), d.maria.ID, map[string]string{"first_pay": "no"}, false)
	}
	finished := uuid.NewString()
	for _, kind := range []audit.Kind{audit.RegistrationStarted, audit.RegistrationAgreed, audit.IdentityRefused, audit.IdentityMatched, audit.CodeSent} {
		if err := d.audit.Record(t.Context(), audit.Event{Kind: kind, At: d.now(), Subject: finished, Success: true}); err != nil {
			t.Fatal(err)
		}
	}
	d.later(10 * time.Minute)
	must[Matter](t)(d.HelpWith(t.Context(), d.rosa, nil, quick, Helping{Act: TakeCase}))
	d.later(20 * time.Minute)
	must[Matter](t)(d.HelpWith(t.Context(), d.rosa, nil, slow, Helping{Act: TakeCase}))
	d.later(30 * time.Minute)
	must[Matter](t)(d.HelpWith(t.Context(), d.rosa, nil, quick, Helping{Act: FinishCase, Version: 1}))
	d.later(22 * time.Hour) // the day after, and still its registration
	if err := d.audit.Record(t.Context(), audit.Event{Kind: audit.RegistrationFinished, At: d.now(), Subject: finished, Success: true}); err != nil {
		t.Fatal(err)
	}
	date := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
	days := must[[]Day](t)(d.Figures(t.Context(), supervisor, date(19), date(21)))
	want := []Day{
		{},
		{
			Help:   []HelpFigure{{"identity_locked", 1, 0, 0, 0, 0}, {"password", 2, 2, 1, 20 * time.Minute, time.Hour}},
			Locks:  []Count{{"answer", 1}, {"registration", 1}},
			Ends:   []Count{{"refused", 1}, {"finished", 1}},
			People: []PersonFigure{{ID: d.rosa.ID, Name: "Rosa Vega", Cases: 1}},
		},
		{Help: []HelpFigure{{"password", 1, 0, 0, 0, 0}}},
	}
	for i := range days {
		if days[i].Begins != time.Date(2026, 11, 21-i, 0, 0, 0, 0, d.zone) {
			t.Errorf("day %d begins %s", i, days[i].Begins)
		}
		days[i].Begins = time.Time{}
	}
	if diff := cmp.Diff(want, days, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("figures (want, got):\n%s", diff)
	}
	var invalid Invalid
	for _, span := range [][2]int{{21, 20}, {21, 53}} {
		if _, err := d.Figures(t.Context(), supervisor, date(span[0]), date(span[1])); !errors.As(err, &invalid) {
			t.Errorf("span %v = %v", span, err)
		}
	}
	if _, err := d.Figures(t.Context(), d.rosa, date(20), date(21)); !errors.Is(err, ErrForbidden) {
		t.Errorf("an agent sees the figures: %v", err)
	}
	if act, outcome := d.last(); act != "figures" || outcome != "forbidden" {
		t.Errorf("the book says %s %s", act, outcome)
	}
}

// TestFiguresPage: the page and its file say the same; a span that cannot be is told.
func TestFiguresPage(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	v.refer("a", "password", "es")
	must[Finding](t)(v.Find(t.Context(), v.rosa, ByUsername, "maria"))
	v.seen(v.rosa, v.maria.ID)
	v.enters(v.person("eva", Audit))
	page := v.get("/figures").Body.String()
	if !strings.Contains(page, "Contraseña") || !strings.Contains(page, "<td>Rosa Vega</td><td>1</td><td>1</td><td>0</td>") || !strings.Contains(page, "/figures/csv?from=2026-11-18&amp;to=2026-11-24") {
		t.Errorf("the figures:\n%s", page)
	}
	if w := v.get("/figures?from=2026-10-01&to=2026-10-02"); strings.Count(w.Body.String(), "Nada en estos días") != 4 {
		t.Errorf("empty figures:\n%s", w.Body)
	}
	for _, span := range []string{"from=2026-11-24&to=2026-11-01", "from=2026-01-01&to=2026-11-24", "from=yesterday&to=2026-11-24", "from=&to="} {
		if w := v.get("/figures?" + span); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "Dé dos fechas") && !strings.Contains(w.Body.String(), `href="#from"`) {
			t.Errorf("%s: %d", span, w.Code)
		}
		if w := v.get("/figures/csv?" + span); w.Code != http.StatusNotFound {
			t.Errorf("the file of %s: %d", span, w.Code)
		}
	}
	w := v.get("/figures/csv?from=2026-11-24&to=2026-11-24")
	if want := "day,figure,cause,outcome,count,median_seconds,person\n2026-11-24,help,password,asked,1,,\n2026-11-24,help,password,taken,0,,\n2026-11-24,help,password,done,0,,\n2026-11-24,person,,searched,1,,Rosa Vega\n2026-11-24,person,,looked,1,,Rosa Vega\n"; w.Body.String() != want ||
		w.Header().Get("Content-Disposition") != `attachment; filename="desk-2026-11-24-2026-11-24.csv"` || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/csv") {
		t.Errorf("the file %v:\n%s", w.Header(), w.Body)
	}
	v.enters(v.rosa)
	for _, path := range []string{"/figures", "/figures?from=x", "/figures/csv?from=2026-11-24&to=2026-11-24"} {
		if w := v.get(path); w.Code != http.StatusForbidden {
			t.Errorf("%s by an agent: %d", path, w.Code)
		}
	}
}

// TestSafeCells: no cell begins a formula.
func TestSafeCells(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	days := []Day{{Begins: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), Locks: []Count{{"=cmd|' /C calc'!A0", 1}, {"+1", 2}, {"-1", 3}, {"@sum", 4}, {"\tx", 5}, {"a=b", 6}, {"\rx", 7}}}}
	if err := writeFigures(&out, days); err != nil {
		t.Fatal(err)
	}
	for _, cell := range []string{"'=cmd|' /C calc'!A0", "'+1", "'-1", "'@sum", "'\tx", "a=b", "\"'\rx\""} {
		if !strings.Contains(out.String(), "lock,"+cell+",") {
			t.Errorf("no cell %q in\n%s", cell, out.String())
		}
	}
}
