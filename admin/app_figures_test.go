package admin

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"huskyidp/internal/audit"
	"huskyidp/provider"
)

// TestAppFigures: an administrator reads the figures of a year; they are in the book; nobody else reads them.
func TestAppFigures(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	app, _, err := v.clients.Create(t.Context(), "", provider.Metadata{
		ClientName: "Mi Diario", OperatorName: "Diario S. A.", Profile: provider.ProfileSmart, RedirectURIs: []string{"https://diary.example/cb"},
		Audience: []string{"https://fhir.example/r4"}, Scope: provider.Scopes{"openid", "launch/patient", "patient/Observation.rs"},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.db.From(t.Context()).Exec(t.Context(), `insert into consents (id, account_id, client_id, subject, scopes, refused, granted_at, expires_at)
		values (gen_random_uuid(), $1, $2, 's', '{openid,patient/Observation.rs}', '{}', '2026-03-01', '2027-03-01')`, v.maria.ID, app.ID)
	for day, kind := range map[int]audit.Kind{1: audit.TokensIssued, 2: audit.TokensRefreshed} {
		err = errors.Join(err, v.audit.Record(t.Context(), audit.Event{Kind: kind, At: time.Date(2026, 3, day, 12, 0, 0, 0, time.UTC), AccountID: v.maria.ID.String(), ClientID: app.ID, Success: true}))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := v.clients.Disable(t.Context(), app.ID, "sells data, criterion 3"); err != nil {
		t.Fatal(err)
	}
	admin := v.person("eva", Admin)
	got, err := v.AppFigures(t.Context(), admin, 2026)
	if err != nil || got.Members != 1 || got.MoreThanOnce != 1 || got.MoreThanOneApp != 0 || len(got.Apps) != 1 || len(got.Refused) != 1 {
		t.Errorf("2026: %+v, %v", got, err)
	}
	if act, outcome := v.last(); act != "app_figures" || outcome != "done" {
		t.Errorf("the book says %s %s", act, outcome)
	}
	for _, year := range []int{1999, 2027, -1} {
		if _, err := v.AppFigures(t.Context(), admin, year); !invalidYear(err) {
			t.Errorf("%d: %v", year, err)
		}
	}
	for _, role := range []Role{Read, Recover, Approve, Audit} {
		if _, err := v.AppFigures(t.Context(), v.person("some-"+string(role), role), 2026); !errors.Is(err, ErrForbidden) {
			t.Errorf("for the role %s: %v", role, err)
		}
	}

	v.enters(admin)
	if page := v.get("/figures").Body.String(); !strings.Contains(page, `href="/figures/apps"`) {
		t.Errorf("nothing leads to the page:\n%s", page)
	}
	page := v.get("/figures/apps").Body.String()
	for _, want := range []string{`<dd id="members">1</dd>`, "<td>Mi Diario</td><td>1</td>", "sells data, criterion 3", "El año no ha terminado"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if page := v.get("/figures/apps?year=2025").Body.String(); !strings.Contains(page, "Ninguna aplicación recibió") || strings.Contains(page, "no ha terminado") {
		t.Errorf("a year without any:\n%s", page)
	}
	for _, year := range []string{"", "x", "1999", "2027", "99999999999999999999", "%3Cb%3E"} {
		if w := v.get("/figures/apps?year=" + year); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "Escriba un año de 2000 a 2026") {
			t.Errorf("year %q: %d", year, w.Code)
		}
	}
	v.enters(v.rosa)
	for _, path := range []string{"/figures/apps", "/figures/apps?year=x"} {
		if w := v.get(path); w.Code != http.StatusForbidden {
			t.Errorf("%s by an agent: %d", path, w.Code)
		}
	}
	v.enters(v.person("ines", Audit))
	if page := v.get("/figures").Body.String(); strings.Contains(page, "/figures/apps") {
		t.Error("who may not read the page is led to it")
	}
}

func invalidYear(err error) bool {
	invalid, _ := errors.AsType[Invalid](err)
	return invalid["year"] != ""
}
