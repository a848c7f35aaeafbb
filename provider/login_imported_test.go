package provider_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/crypto/bcrypt"

	"huskyidp/accounts"
)

// TestImportedAccount: a member who comes with the password of another system agrees, completes the account, and is then at
// the app; until then no app learns of them, however it asks.
func TestImportedAccount(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.client(nil)
	member, err := b.roster.Find(t.Context(), "012345679")
	must(t, err)
	stored, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	must(t, err)
	hash, err := accounts.ParseForeignHash(string(stored))
	must(t, err)
	outcomes, err := b.accounts.ImportAll(t.Context(), []accounts.Import{{Username: "nora.imported", Email: "nora@example.org", Language: "es", MemberID: member.ID, Hash: hash}}, false, false)
	if err != nil || outcomes[0] != nil {
		t.Fatalf("ImportAll = %v, %v", outcomes, err)
	}
	w := b.browser()
	address, _ := b.request(id, nil)
	p := w.submit(w.get(address), url.Values{"username": {"nora.imported"}, "password": {password}})
	if p.url.Path != "/login/agreement" {
		t.Fatalf("signing in led to %s (%d)", p.url, p.status)
	}
	for _, says := range []string{"<h1>Acuerdo de la licencia</h1>", "Su cuenta viene del portal anterior."} {
		if !strings.Contains(p.body, says) || strings.Contains(p.body, say("accounts.agreement.title")) {
			t.Errorf("the first agreement does not say %q:\n%s", says, p.body)
		}
	}
	elsewhere := b.browser()
	no := elsewhere.submit(elsewhere.submit(elsewhere.get(address), url.Values{"username": {"nora.imported"}, "password": {password}}), url.Values{"act": {"disagree"}})
	if no.url.Path != "/login" || !strings.Contains(no.body, "Usted no aceptó el acuerdo") {
		t.Errorf("a no led to %s (%d):\n%s", no.url, no.status, no.body)
	}
	if on := w.get("/account/welcome"); on.url.Path != "/login/agreement" {
		t.Errorf("past the agreement: %s (%d)", on.url, on.status)
	}
	if on := w.get(address); on.url.Path != "/login/agreement" {
		t.Errorf("the app again, past the agreement: %s (%d) %v", on.url, on.status, on.location)
	}
	p = w.submit(w.get(p.url.String()), url.Values{"act": {"agree"}})
	if p.url.Path != accounts.WelcomePath || p.url.Query().Get("flow") == "" {
		t.Fatalf("agreeing led to %s (%d)", p.url, p.status)
	}
	silent, _ := b.request(id, url.Values{"prompt": {"none"}})
	if back := w.get(silent); back.location == nil || back.location.Query().Get("error") != "interaction_required" {
		t.Errorf("prompt=none led to %s (%d) %v", back.url, back.status, back.location)
	}
	again, _ := b.request(id, nil)
	if p := w.get(again); p.url.Path != accounts.WelcomePath {
		t.Errorf("a later request led to %s (%d) %v", p.url, p.status, p.location)
	}
	_, err = b.db.From(t.Context()).Exec(t.Context(), `update accounts set settle_proven_at = now() where member_id = $1`, uuid.UUID(member.ID))
	must(t, err)
	p = w.submit(w.get(p.url.String()), url.Values{"question": {"first_pay"}, "answer": {"mi primera bicicleta roja"}})
	if p.location == nil || p.location.Query().Get("code") == "" {
		t.Errorf("completing led to %s (%d) %v", p.url, p.status, p.location)
	}
}
