package partners

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"huskyidp/internal/audit"
	"huskyidp/partners/conformance"
)

// TestTestClientAndSecret: the test client is made once, and so is a secret by a form that is sent twice; errors are shown by number.
func TestTestClientAndSecret(t *testing.T) {
	t.Parallel()
	a := newArea(t)
	eva := a.joins("eva@diary.example", "Diary")
	request := strings.TrimSuffix(eva.post("/home").Header().Get("Location"), "/organisation")
	eva.get(request)
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			_, _ = a.TestClient(t.Context(), eva.person(), uuid.MustParse(strings.TrimPrefix(request, "/requests/")))
		})
	}
	group.Wait()
	client := eva.post(request, "do", "test").Header().Get("Location")
	if n := a.count(`select count(*) from partner_clients`); n != 1 {
		t.Fatalf("%d clients, want 1", n)
	}
	eva.shows(eva.get(client), http.StatusOK, "This is a test client", "http://127.0.0.1/callback", "id=\"permissions\">7")
	if w := eva.get(client); !strings.Contains(w.Body.String(), "019abc") || strings.Contains(w.Body.String(), "Soy Ana") { // who wrote it is not theirs to know
		t.Errorf("the complaints:\n%s", w.Body)
	}
	if c := a.apps.clients[strings.TrimPrefix(client, "/apps/")]; strings.Join(c.Scopes, " ") != "openid offline_access" {
		t.Errorf("the test client has the scopes %v", c.Scopes)
	}
	made := eva.post(client, "do", "secret", "secrets", "0")
	eva.shows(made, http.StatusOK, `<code id="secret">secret-x</code>`)
	eva.shows(eva.post(client, "do", "secret", "secrets", "0"), http.StatusConflict, "just created")
	if a.apps.secrets != 1 || strings.Contains(eva.get(client).Body.String(), "secret-x") {
		t.Errorf("%d secrets, or one is shown again", a.apps.secrets)
	}
	eva.shows(eva.get(client+"/errors"), http.StatusOK, "01J9X", "invalid_grant")
	if w := eva.post(client, "do", "keys", "jwks", "{}"); w.Code != http.StatusNotFound {
		t.Errorf("keys of a client with a secret: %d", w.Code)
	}
}

// TestKeys (S-44): a private key is refused at its field, is not shown again, and is in the audit as a refusal.
func TestKeys(t *testing.T) {
	t.Parallel()
	a := newArea(t)
	eva := a.joins("eva@diary.example", "Diary")
	request := eva.asks()
	eva.leads(eva.fills(request, Access, "auth", authKeys, "jwks", `{"keys":[{"kty":"EC"}]}`), request+"/data")
	id := eva.sends(request)
	client := "/apps/" + approve(a, id)
	eva.shows(eva.get(client), http.StatusOK, `name="jwks"`)
	w := eva.post(client, "do", "keys", "jwks", `{"keys":[{"d":"secret-part"}]}`)
	eva.shows(w, http.StatusUnprocessableEntity, "id=\"jwks-error\"")
	if strings.Contains(w.Body.String(), "secret-part") || a.noted(audit.PartnerRefused) != 1 {
		t.Error("a private key is shown again, or not noted")
	}
	eva.leads(eva.post(client, "do", "keys", "jwks", `{"keys":[{"kty":"EC"}]}`), client+"?done=keys")
	if w := eva.post(client, "do", "secret", "secrets", "0"); w.Code != http.StatusNotFound {
		t.Errorf("a secret for a client with keys: %d", w.Code)
	}
}

func approve(a *area, id uuid.UUID) string {
	a.t.Helper()
	by := uuid.New()
	r := must[Application](a.t)(a.Request(a.t.Context(), id))
	if err := a.Take(a.t.Context(), id, r.Version, by); err != nil {
		a.t.Fatal(err)
	}
	if err := a.Decide(a.t.Context(), id, r.Version+1, by, true, "All criteria are met."); err != nil {
		a.t.Fatal(err)
	}
	return must[Application](a.t)(a.Request(a.t.Context(), id)).Production
}

// TestSuspend: the desk's suspension is shown and told, once.
func TestSuspend(t *testing.T) {
	t.Parallel()
	a := newArea(t)
	eva := a.joins("eva@diary.example", "Diary")
	id := eva.sends(eva.asks())
	client := approve(a, id)
	for range 2 {
		if err := a.SetUse(t.Context(), id, false, "sells data, criterion 3", uuid.New()); err != nil {
			t.Fatal(err)
		}
	}
	eva.shows(eva.get("/apps/"+client), http.StatusOK, `id="suspended"`)
	told := 0
	for _, m := range a.mails() {
		if m[0] == "partner_suspended" {
			told++
		}
	}
	if told != 1 {
		t.Errorf("told %d times, want once", told)
	}
	if err := a.SetUse(t.Context(), uuid.New(), false, "x", uuid.New()); err != ErrNotFound {
		t.Errorf("an unknown request: %v", err)
	}
}

// TestEveryRouteIsGuarded (S-62) walks all routes of signed-in people: nobody, somebody whose membership was taken away a second ago, and
// somebody of another organisation, whose IDs are in the address, get nothing and change nothing; the last is in the audit.
func TestEveryRouteIsGuarded(t *testing.T) {
	t.Parallel()
	a := newArea(t)
	eva := a.joins("eva@diary.example", "Diary")
	eva.leads(eva.post("/people", "email", "luis@diary.example"), "/people?done=invited")
	luis := a.browser()
	luis.follows(a.link(), "")
	request := eva.asks()
	id := eva.sends(request)
	client := approve(a, id)
	run, err := a.runs.Start(t.Context(), eva.person().Organisation, conformance.Settings{Auth: "none", RedirectURIs: []string{"https://diary.example/"}})
	if err != nil {
		t.Fatal(err)
	}
	max := a.joins("max@other.example", "Other")
	nobody := a.browser()
	eva.get("/people")
	eva.leads(eva.post("/people", "remove", luis.person().ID.String()), "/people?done=removed")
	state := func() (n int) {
		return a.count(`select (select count(*) from partner_applications)*10000 + (select count(*) from partner_clients)*1000
			+ (select coalesce(sum(version), 0) from partner_applications)*100 + (select coalesce(sum(secrets), 0) from partner_clients)*10 + (select count(*) from partner_links)`)
	}
	before := state()
	routes := a.pages.routes()
	if len(routes) < 14 {
		t.Fatalf("only %d routes", len(routes))
	}
	named := 0
	for _, route := range routes {
		path := strings.NewReplacer(":id", id.String(), ":step", "app", ":client", client, ":run", run.ID).Replace(route.path)
		ask := func(b *browser) *http.Response {
			if route.method == http.MethodGet {
				return b.get(path).Result()
			}
			return b.post(path, "do", "secret", "secrets", "0", "email", "x@x.example", "name_en", "Taken", "was", "x").Result()
		}
		nobody.get("/")
		for who, b := range map[string]*browser{"nobody": nobody, "a removed person": luis} {
			if w := ask(b); w.StatusCode != http.StatusSeeOther || !strings.HasPrefix(w.Header.Get("Location"), "/?") && w.Header.Get("Location") != "/" {
				t.Errorf("%s %s for %s = %d %s", route.method, route.path, who, w.StatusCode, w.Header.Get("Location"))
			}
		}
		if !strings.Contains(route.path, ":") {
			continue
		}
		named++
		denied := a.noted(audit.PartnerDenied)
		max.get("/home")
		if w := ask(max); w.StatusCode != http.StatusNotFound {
			t.Errorf("%s %s for another organisation = %d", route.method, route.path, w.StatusCode)
		}
		if a.noted(audit.PartnerDenied) != denied+1 {
			t.Errorf("%s %s for another organisation is not in the audit", route.method, route.path)
		}
	}
	if after := state(); after != before || named < 7 {
		t.Errorf("something was changed: %d, want %d; %d routes with an ID", after, before, named)
	}
}
