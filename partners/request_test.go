package partners

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/audit"
)

// TestSteps: what is filled in is stored step by step; a mistake is told at its field and loses nothing; a second press changes nothing.
func TestSteps(t *testing.T) {
	t.Parallel()
	a := newArea(t)
	eva := a.joins("eva@diary.example", "Diary")
	request := strings.TrimSuffix(eva.post("/home").Header().Get("Location"), "/organisation")
	if again := eva.post("/home").Header().Get("Location"); again != request+"/organisation" {
		t.Errorf("a second press starts another request: %s", again)
	}
	eva.leads(eva.fills(request, AboutOrganisation), request+"/app")
	saved := a.noted(audit.PartnerSaved)
	eva.leads(eva.fills(request, AboutOrganisation), request+"/app")
	if a.noted(audit.PartnerSaved) != saved {
		t.Error("the second press stores again")
	}
	w := eva.fills(request, AboutApp, "name_es", "", "purpose", strings.Repeat("x", 601))
	eva.shows(w, http.StatusUnprocessableEntity, "id=\"name_es-error\"", "id=\"purpose-error\"", "My Diary", strings.Repeat("x", 601))
	eva.shows(eva.fills(request, AboutApp, "logo_uri", "https://diary.example/logo.txt"), http.StatusUnprocessableEntity, "id=\"logo_uri-error\"", "is not a PNG", "https://diary.example/logo.txt")
	eva.leads(eva.fills(request, AboutApp), request+"/access")

	private := `{"keys":[{"kty":"EC","d":"secret-part"}]}`
	w = eva.fills(request, Access, "auth", authKeys, "jwks", private)
	eva.shows(w, http.StatusUnprocessableEntity, "id=\"jwks-error\"", "that is not public", "https://diary.example/callback")
	if strings.Contains(w.Body.String(), "secret-part") || strings.Contains(eva.get(request+"/access").Body.String(), "secret-part") {
		t.Error("a private key is shown again")
	}
	eva.shows(eva.fills(request, Access, "auth", authKeys), http.StatusUnprocessableEntity, "id=\"jwks-error\"")
	if n := a.noted(audit.PartnerRefused); n != 4 {
		t.Errorf("%d refusals in the audit, want 4", n)
	}
	eva.shows(eva.fills(request, Promises, "no_sale", ""), http.StatusUnprocessableEntity, "id=\"no_sale-error\"")
	eva.get(request)
	eva.shows(eva.post(request, "do", "send"), http.StatusConflict, "still missing")
	if w := eva.get(request + "/nothing"); w.Code != http.StatusNotFound {
		t.Errorf("an unknown step is %d", w.Code)
	}
}

// TestTwoTabs: the tab that comes second is told, with what it has; pressing once more is a decision.
func TestTwoTabs(t *testing.T) {
	t.Parallel()
	a := newArea(t)
	eva := a.joins("eva@diary.example", "Diary")
	request := strings.TrimSuffix(eva.post("/home").Header().Get("Location"), "/organisation")
	was := mark(eva.get(request + "/data"))
	eva.leads(eva.post(request+"/data", "was", was, "profile", "yes"), request+"/promises")
	second := eva.post(request+"/data", "was", was, "email", "yes")
	eva.shows(second, http.StatusConflict, "changed this step", "name=\"email\" value=\"yes\" checked")
	eva.leads(eva.post(request+"/data", "was", mark(second), "email", "yes"), request+"/promises")
	if page := eva.get(request + "/data").Body.String(); strings.Contains(page, "name=\"profile\" value=\"yes\" checked") {
		t.Error("the second press did not replace the first tab's")
	}
}

// TestKeptForm: what is sent after the end of the session is there after the next sign-in of the same person, and nobody else's.
func TestKeptForm(t *testing.T) {
	t.Parallel()
	a := newArea(t)
	eva := a.joins("eva@diary.example", "Diary")
	request := strings.TrimSuffix(eva.post("/home").Header().Get("Location"), "/organisation")
	was := mark(eva.get(request + "/app"))
	a.pass(20 * time.Minute)
	sent := eva.post(request+"/app", "was", was, "name_en", "Typed at length", "jwks", `{"keys":[{"d" : "secret-part"}]}`)
	eva.leads(sent, "/?return=%2Frequests%2F"+strings.TrimPrefix(request, "/requests/")+"%2Fapp&said=kept")
	eva.shows(eva.get(sent.Header().Get("Location")), http.StatusOK, "We kept what you entered")
	eva.leads(eva.signsIn(), "/home")
	eva.shows(eva.get(request+"/app"), http.StatusOK, "Typed at length", "not saved yet")
	if (Values{"jwks": `{"keys":[{"d" : "x"}]}`}).scrub()["jwks"] != "" || (Values{"jwks": `{"keys":[{"kid":"d"}]}`}).scrub()["jwks"] == "" {
		t.Error("a private key is kept, or a public one is not")
	}
	if strings.Contains(eva.get(request+"/app").Body.String(), "Typed at length") {
		t.Error("it is shown for ever")
	}
}

// TestReview: what was sent waits with the criteria; one person takes it, decides once, and the organisation gets a letter and a client.
func TestReview(t *testing.T) {
	t.Parallel()
	a := newArea(t)
	ctx := t.Context()
	eva := a.joins("eva@diary.example", "Diary")
	request := eva.asks()
	a.apps.gone = true
	id := eva.sends(request)
	eva.sends(request) // once more changes nothing
	if a.noted(audit.PartnerSent) != 1 {
		t.Error("it is sent twice")
	}
	eva.shows(eva.get(request+"/app"), http.StatusOK, "cannot be changed now")
	eva.shows(eva.fills(request, AboutApp, "name_en", "Another"), http.StatusConflict, "sent the request")
	r := must[Application](t)(a.Request(ctx, id))
	if met := unmet(r); met != "policy" {
		t.Errorf("not met: %s, want policy", met)
	}
	a.apps.gone = false
	rosa, luis := uuid.New(), uuid.New()
	if err := a.Decide(ctx, id, r.Version, rosa, true, "All criteria are met."); !errors.Is(err, ErrState) {
		t.Errorf("who has not taken it decides: %v", err)
	}
	if err := a.Take(ctx, id, r.Version, rosa); err != nil {
		t.Fatal(err)
	}
	if err := a.Take(ctx, id, r.Version, luis); !errors.Is(err, ErrState) {
		t.Errorf("a second person takes it by an old page: %v", err)
	}
	r = must[Application](t)(a.Request(ctx, id))
	if met := unmet(r); met != "" {
		t.Errorf("not met after another look: %s", met)
	}
	if err := a.Decide(ctx, id, r.Version, rosa, false, "The purpose is not clear."); err != nil {
		t.Fatal(err)
	}
	if m := a.mails(); m[len(m)-1][0] != "partner_refused" {
		t.Errorf("the letter is %v", m[len(m)-1])
	}
	eva.shows(eva.get(request), http.StatusOK, "The purpose is not clear.", "Not approved")

	eva.leads(eva.fills(request, AboutApp, "purpose", "It shows recipes for people with diabetes."), request+"/access")
	eva.sends(request)
	r = must[Application](t)(a.Request(ctx, id))
	if err := a.Take(ctx, id, r.Version, luis); err != nil {
		t.Fatal(err)
	}
	r = must[Application](t)(a.Request(ctx, id))
	a.apps.fault = &Fault{"client_name", "is the name of another app"}
	if _, ok := errors.AsType[Invalid](a.Decide(ctx, id, r.Version, luis, true, "All criteria are met.")); !ok {
		t.Error("an app that breaks a rule by now is approved")
	}
	a.apps.fault = nil
	results := make(chan error)
	for range 2 {
		go func() { results <- a.Decide(ctx, id, r.Version, luis, true, "All criteria are met.") }()
	}
	one, other := <-results, <-results
	if (one == nil) == (other == nil) {
		t.Errorf("two presses at once: %v, %v", one, other)
	}
	r = must[Application](t)(a.Request(ctx, id))
	if r.State != Approved || r.Production == "" || len(a.apps.clients) != 1 {
		t.Errorf("after the approval: %s %q, %d clients", r.State, r.Production, len(a.apps.clients))
	}
	eva.shows(eva.get(request), http.StatusOK, "/apps/"+r.Production, "All criteria are met.")
	if m := a.mails(); m[len(m)-1][0] != "partner_approved" {
		t.Errorf("the letter is %v", m[len(m)-1])
	}
}

func unmet(a Application) string {
	var names []string
	for _, c := range a.Criteria {
		if !c.Met {
			names = append(names, c.Name)
		}
	}
	return strings.Join(names, " ")
}

// TestDomain: addresses are of the domain of a proven address, or of one below it.
func TestDomain(t *testing.T) {
	for uri, want := range map[string]bool{
		"https://diary.example/cb": true, "https://app.diary.example/cb": true, "example.diary.app:/cb": true, "https://notdiary.example/cb": false,
		"https://diary.example.evil.example/cb": false, "com.other.app:/cb": false, "https://127.0.0.1/cb": false, ":": false,
	} {
		if got := isOf(uri, "diary.example"); got != want {
			t.Errorf("isOf(%q) = %t, want %t", uri, got, want)
		}
	}
}
