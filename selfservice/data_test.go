package selfservice

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/members"
	"huskyidp/templates"
)

// A member takes along what is stored about the account after a fresh proof (S-20): nothing of another person, no
// secret, told by mail and in the history, once for the page and the file.
func TestOwnData(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account, other := f.register("maria"), f.register("rosa")
	f.enrolTOTP(account)
	b := newBrowser(t, f, cards{account.MemberID: {FirstName: "MARÍA", LastName: "PEÑA", BirthDate: members.Date{Year: 1984, Month: 3, Day: 14}, MemberNumber: "001234789"}})
	b.apps.app = accounts.ConnectedApp{ID: uuid.Must(uuid.NewV7()), ClientID: "diary", Name: "Mi Diario", Operator: "Diario, S. A.", Sees: []accounts.SeenData{{Key: "email"}}, GrantedAt: f.now(), ExpiresAt: f.now().AddDate(1, 0, 0)}
	b.apps.launches = []accounts.AppLaunch{{App: "Mi Clínica", At: f.now(), With: json.RawMessage(`{"encounter":"enc-1"}`)}}
	b.changes.list = []templates.HeldChange{{ID: uuid.NewString(), Act: "change_email", AskedAt: f.now(), ApplyAt: f.now().Add(time.Hour)}}
	if err := f.log.Record(f.ctx(), audit.Event{Kind: audit.StaffActed, At: f.now(), AccountID: account.ID.String(), Actor: other.ID.String(), Success: true, Reason: "typed by a person", Data: map[string]string{"act": "end_sessions"}}); err != nil {
		t.Fatal(err)
	}
	const path = "/account/data"
	b.get("/in/maria")
	if status, location, _ := b.get(path); status != 303 || !strings.HasPrefix(location, "/reauth") {
		t.Fatalf("after a password alone = %d to %q", status, location)
	}
	if status, location, _ := b.post("/account/language", path, url.Values{"as": {"file"}}); status != 303 || !strings.HasPrefix(location, "/reauth") {
		t.Fatalf("the file after a password alone = %d to %q", status, location)
	}
	b.get("/in/maria?step=totp")
	if _, _, body := b.get(path); strings.Contains(body, "maria@example.com") || len(f.mailKinds(account.ID)) != 1 {
		t.Errorf("looking at the page gives or tells something: mails %v", f.mailKinds(account.ID))
	}
	if status, location, _ := b.post(path, path, url.Values{"as": {"page"}}); status != 303 || location != path {
		t.Fatalf("the page = %d to %q", status, location)
	}
	_, _, page := b.get(path)
	for range 2 { // a reload, another language
		if _, _, again := b.get(path + "?lang=es"); !strings.Contains(again, "001234789") {
			t.Error("a reload has nothing to show")
		}
	}
	b.get("/account")
	if _, _, later := b.get(path); strings.Contains(later, "001234789") {
		t.Error("they are shown again once the page was left")
	}
	status, header, file := b.postAll(path, path, url.Values{"as": {"file"}})
	if status != 200 || header.Get("Content-Disposition") != `attachment; filename="husky-account.json"` || header.Get("Cache-Control") != "no-store" {
		t.Fatalf("the file = %d %v", status, header)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(file), &got); err != nil {
		t.Fatalf("the file is not JSON: %v", err)
	}
	for _, text := range []string{page, file} {
		for _, want := range []string{"María Peña", "001234789", "maria@example.com", "Mi Diario", "Mi Clínica", "enc-1", "2026-01", "1984", say("admin.act.end_sessions"), "Cuenta creada"} {
			if !strings.Contains(text, want) {
				t.Errorf("lacks %q:\n%s", want, text)
			}
		}
		for _, not := range []string{"rosa", other.ID.String(), account.ID.String(), "typed by a person", "argon2", "mark_", "linterna"} {
			if strings.Contains(text, not) {
				t.Errorf("holds %q:\n%s", not, text)
			}
		}
	}
	taken := func() (n int) {
		for _, kind := range f.kinds(account.ID) {
			if kind == audit.DataTaken {
				n++
			}
		}
		return n
	}
	mails := func() (n int) {
		for _, kind := range f.mailKinds(account.ID) {
			if kind == "data_taken" {
				n++
			}
		}
		return n
	}
	if taken() != 1 || mails() != 1 || !slices.Contains(audit.MemberKinds(), audit.DataTaken) {
		t.Errorf("page and file are %d events and %d mails, want one each", taken(), mails())
	}
	if m := f.last("data_taken"); m.To != "maria@example.com" || !strings.Contains(m.Content.Text, "/not-me?link=") {
		t.Errorf("the notice to %s says\n%s", m.To, m.Content.Text)
	}
	b.post(path, path, url.Values{"as": {"page"}})
	b.get("/in/maria?step=totp")
	if _, _, later := b.get(path); strings.Contains(later, "001234789") {
		t.Error("they are shown in another session")
	}
	b.post(path, path, url.Values{"as": {"file"}})
	if taken() != 2 || mails() != 2 {
		t.Errorf("in another session: %d events and %d mails, want two each", taken(), mails())
	}
	if status, location, _ := newBrowser(t, f, nil).get(path); status != 303 || !strings.HasPrefix(location, "/login") {
		t.Errorf("without a session = %d to %q", status, location)
	}
}
