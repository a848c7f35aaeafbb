package partners

import (
	"net/http"
	"strings"
	"testing"

	"huskyidp/internal/audit"
)

func TestChecks(t *testing.T) {
	t.Parallel()
	a := newArea(t)
	eva := a.joins("eva@diary.example", "Diary")
	request := eva.asks()
	id := eva.sends(request)
	eva.shows(eva.get("/requests/"+id.String()), http.StatusOK, `href="/checks?request=`+id.String())
	eva.shows(eva.get("/checks?request="+id.String()), http.StatusOK, "https://diary.example/callback") // what the request says is filled in
	for field, pairs := range map[string][]string{
		"name":          {"name", " ", "redirect_uris", "https://diary.example/", "auth", "none"},
		"redirect_uris": {"name", "Diary", "redirect_uris", "http://diary.example/", "auth", "none"},
		"auth":          {"name", "Diary", "redirect_uris", "https://diary.example/"},
		"jwks":          {"name", "Diary", "redirect_uris", "https://diary.example/", "auth", "private_key_jwt", "jwks", "{}"},
		"logout_uri":    {"name", "Diary", "redirect_uris", "https://diary.example/", "auth", "none", "logout_uri", "https://127.0.0.1/"},
	} {
		eva.shows(eva.post("/checks", pairs...), http.StatusUnprocessableEntity, `id="`+field+`-error"`, "diary.example/")
	}
	eva.get("/checks")
	w := eva.post("/checks", "name", "Diary", "redirect_uris", "https://diary.example/", "auth", "client_secret_basic")
	run := w.Header().Get("Location")
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(run, "/checks/") {
		t.Fatalf("started: %d to %q\n%s", w.Code, run, w.Body)
	}
	w = eva.get(run)
	eva.shows(w, http.StatusOK, `id="secret"`, base+"/check/"+strings.TrimPrefix(run, "/checks/"))
	if got := w.Header().Get("Refresh"); got != "5; url="+run {
		t.Errorf("the page follows by %q", got)
	}
	if got := eva.get(run + "?still=1").Header().Get("Refresh"); got != "" {
		t.Errorf("the page that was to stay follows by %q", got)
	}
	eva.leads(eva.post(run, "again", "denied"), run)
	eva.leads(eva.post(run, "do", "finish"), run)
	if w := eva.post(run, "do", "logout"); w.Code != http.StatusNotFound { // it has no address for them
		t.Errorf("logout tokens to nowhere: %d", w.Code)
	}

	max := a.joins("max@other.example", "Other")
	before := a.noted(audit.PartnerDenied)
	max.get("/home")
	for _, pairs := range [][]string{{"do", "remove"}, {"do", "finish"}, {"again", "denied"}} {
		if w := max.post(run, pairs...); w.Code != http.StatusNotFound {
			t.Errorf("%v of another organisation's run: %d", pairs, w.Code)
		}
	}
	if got := a.noted(audit.PartnerDenied) - before; got != 3 {
		t.Errorf("%d events of denial, want 3", got)
	}
	eva.get(run)
	eva.leads(eva.post(run, "do", "remove"), "/checks?done=removed")
	eva.leads(eva.post(run, "do", "remove"), "/checks?done=removed") // the second press
	if w := eva.get(run); w.Code != http.StatusNotFound {
		t.Errorf("a removed run: %d", w.Code)
	}
}
