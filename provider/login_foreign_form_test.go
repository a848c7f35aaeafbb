package provider_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var csrfField = regexp.MustCompile(`name="csrf" value="[^"]*"`)

// TestForeignForm: a form belongs to the session that it was rendered for. Sent when somebody else
// is signed in it does nothing, and says who that is; but a sign-in proves the person itself.
func TestForeignForm(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	partner, _ := b.partner(nil)
	own, _ := b.client(nil)
	b.another("otro.miembro")
	w := b.signedIn()
	address, _ := b.request(partner, url.Values{"scope": {"openid profile"}})
	choice, _ := b.request(own, url.Values{"prompt": {"select_account"}})
	login := b.issuer + "/login?return=/account"
	consent, question, chosen := w.get(address), w.get("/account/question"), w.get(choice)
	forms := map[string]struct {
		page page
		form url.Values
	}{
		"permission":    {consent, url.Values{"act": {"accept"}, "group_profile": {"yes"}, "duration": {"13m"}}},
		"its no":        {consent, url.Values{"act": {"deny"}}},
		"question":      {question, url.Values{"question": {"toy_name"}, "answer": {"un tren de madera"}}},
		"password":      {w.get("/account/password"), url.Values{"password": {password}, "new_password": {"otro caballo verde corre cerca"}}},
		"language":      {w.get("/account/language"), url.Values{"language": {"en"}}},
		"account":       {chosen, url.Values{"act": {"continue"}}},
		"sign-out":      {w.get("/logout"), url.Values{"act": {"confirm"}}},
		"sessions":      {w.get("/account/sessions"), url.Values{"end": {"others"}}},
		"the idle page": {page{url: must2(url.Parse(b.issuer + "/account/alive"))(t), body: strings.ReplaceAll(w.get("/account/language").body, `action="/account/language"`, `action="/account/alive"`)}, nil},
	}
	again, _ := b.request(own, url.Values{"prompt": {"login"}})
	signIn := w.get(again)
	w.submit(w.get("/login/accounts"), url.Values{"act": {"other"}})
	if p := w.submit(w.get(login), url.Values{"username": {"otro.miembro"}, "password": {password}}); p.url.Path != "/account" {
		t.Fatalf("the other person is at %s", p.url)
	}
	before := b.footprint()
	for name, form := range forms {
		p := w.submit(form.page, form.form)
		if p.status != 409 || !strings.Contains(p.body, "otro.miembro") || !strings.Contains(p.body, "No guardamos nada") {
			t.Errorf("%s: %s (%d) %v\n%s", name, p.url, p.status, p.location, p.body)
		}
	}
	if after := b.footprint(); after != before {
		t.Errorf("something was written: %s, was %s", after, before)
	}
	for name, form := range forms { // a form that was rendered without a session belongs to none
		if name == "account" || name == "sign-out" || name == "the idle page" {
			continue // they prove or end a session, and change nothing of it
		}
		nobodys := page{url: form.page.url, body: csrfField.ReplaceAllString(form.page.body, csrfField.FindString(signIn.body))}
		if p := w.submit(nobodys, form.form); p.status != 409 {
			t.Errorf("%s with the token of the sign-in page: %s (%d)", name, p.url, p.status)
		}
	}
	if after := b.footprint(); after != before {
		t.Errorf("something was written: %s, was %s", after, before)
	}
	if p := w.get(consent.url.String()); p.url.Path != "/consent" || !strings.Contains(p.body, "Tomás") {
		t.Errorf("the way on shows %s (%d)\n%s", p.url, p.status, p.body)
	}
	if p := w.signIn(signIn); p.location == nil || p.location.Query().Get("code") == "" {
		t.Errorf("a sign-in led to %s (%d)", p.url, p.status)
	}
}

// footprint is what the forms above would change.
func (b *bench) footprint() (all string) {
	b.t.Helper()
	must(b.t, b.db.From(b.t.Context()).QueryRow(b.t.Context(), `
		select (select count(*) from consents) || ' ' || (select count(*) from interactions where refused_at is not null or selected_at is not null) || ' ' ||
			(select count(*) from sessions where ended_at is null) || ' ' || (select string_agg(updated_at::text || language, ' ' order by id) from accounts)`).Scan(&all))
	return all
}

func must2[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T { must(t, err); return v }
}
