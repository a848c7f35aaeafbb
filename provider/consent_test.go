package provider_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/provider"
)

func (b *bench) partner(change func(*provider.Metadata)) (id, secret string) {
	b.t.Helper()
	return b.client(func(m *provider.Metadata) {
		m.Profile, m.OperatorName, m.ClientName = provider.ProfilePartner, "Diario S. A.", "Mi Diario"
		if change != nil {
			change(m)
		}
	})
}

// TestConsent covers design.md section 3 and S-42, S-43: a partner asks once, for what
// the member left ticked, until a day; what is new is asked again.
func TestConsent(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.partner(nil)
	w := b.signedIn()
	ask := func(scope string, more url.Values) (page, string) {
		change := url.Values{"scope": {scope}}
		for name, values := range more {
			change[name] = values
		}
		address, verifier := b.request(id, change)
		return w.get(address), verifier
	}
	silent, _ := ask("openid profile", url.Values{"prompt": {"none"}})
	if e := silent.location.Query().Get("error"); e != "consent_required" {
		t.Errorf("prompt=none without consent: %q", e)
	}
	p, verifier := ask("openid profile email offline_access", nil)
	if p.url.Path != "/consent" || !strings.Contains(p.body, say("provider.consent.title")) || !strings.Contains(p.body, "Mi Diario") || !strings.Contains(p.body, "Diario S. A.") {
		t.Fatalf("led to %s (%d)\n%s", p.url, p.status, p.body)
	}
	for _, id := range []string{`id="consent-accept"`, `id="consent-deny"`, `id="group_profile"`, `id="group_email"`, `value="13m"`} {
		if !strings.Contains(p.body, id) {
			t.Errorf("the page lacks %s", id)
		}
	}
	none := w.submit(p, url.Values{"act": {"accept"}, "group_profile": {"yes"}})
	if none.status != 422 {
		t.Errorf("no duration: %d", none.status)
	}
	back := w.submit(none, url.Values{"act": {"accept"}, "group_profile": {"yes"}, "group_offline_access": {"yes"}, "duration": {"90d"}})
	if back.location == nil {
		t.Fatalf("accept led to %s (%d)\n%s", back.url, back.status, back.body)
	}
	var links int // S-54: the mail says how to deny it
	if err := b.db.From(t.Context()).QueryRow(t.Context(), `
		select count(*) from disown_links l join mails m using (account_id) where m.kind = 'app_allowed'`).Scan(&links); err != nil || links != 1 {
		t.Errorf("%d links to deny the permission by mail, %v", links, err)
	}
	if text := b.mailed("app_allowed"); !strings.Contains(text, "«Mi Diario»") {
		t.Errorf("the mail does not name the app:\n%s", text)
	}
	first := b.redeem(id, secret, back.location.Query().Get("code"), verifier)
	first.want(t, 200, "")
	if first.text("scope") != "openid profile offline_access" {
		t.Errorf("granted %q", first.text("scope"))
	}
	info := b.userinfo(first.text("access_token"))
	if info.body["email"] != nil || info.body["name"] == nil || info.body["sub"] == b.account.Subject || info.body["sub"] != claim(t, first.text("id_token"), "sub") {
		t.Errorf("userinfo %v", info.body)
	}

	again, verifier := ask("openid profile email", nil) // the unticked one is not asked again
	if again.location == nil {
		t.Fatalf("a remembered consent shows %s", again.url)
	}
	second := b.redeem(id, secret, again.location.Query().Get("code"), verifier)
	if second.text("scope") != "openid profile" {
		t.Errorf("granted %q", second.text("scope"))
	}
	if p, _ := ask("openid profile", url.Values{"prompt": {"consent"}}); p.url.Path != "/consent" {
		t.Errorf("prompt=consent led to %s", p.url)
	}
	hinted, _ := ask("openid profile", url.Values{"prompt": {"none"}, "id_token_hint": {first.text("id_token")}})
	if hinted.location.Query().Get("code") == "" {
		t.Errorf("the pairwise hint gives %v", hinted.location.Query())
	}

	t.Run("the same member has another sub elsewhere", func(t *testing.T) {
		other, otherSecret := b.partner(func(m *provider.Metadata) { m.RedirectURIs = []string{"https://other.example/cb"} })
		address, verifier := b.request(other, url.Values{"redirect_uri": {"https://other.example/cb"}, "scope": {"openid"}})
		back := w.submit(w.get(address), url.Values{"act": {"accept"}, "duration": {"once"}})
		a := b.token(other, otherSecret, url.Values{"grant_type": {"authorization_code"}, "code": {back.location.Query().Get("code")},
			"redirect_uri": {"https://other.example/cb"}, "code_verifier": {verifier}})
		a.want(t, 200, "")
		if claim(t, a.text("id_token"), "sub") == claim(t, first.text("id_token"), "sub") {
			t.Error("two sectors share a subject")
		}
	})
	t.Run("its end is the end of its grants", func(t *testing.T) {
		b.clock.advance(23 * time.Hour)
		next := b.refresh(id, secret, first.text("refresh_token"))
		next.want(t, 200, "")
		for range 30 {
			b.clock.advance(23 * time.Hour)
			next = b.refresh(id, secret, next.text("refresh_token"))
		}
		b.clock.advance(23 * time.Hour)
		b.refresh(id, secret, next.text("refresh_token")).want(t, 400, "invalid_grant")
		b.clock.advance(60 * 24 * time.Hour)
		w = b.signedIn()
		if p, _ := ask("openid profile", nil); p.url.Path != "/consent" {
			t.Errorf("after its end: %s", p.url)
		}
	})
	t.Run("stopping voids everything at once", func(t *testing.T) {
		p, verifier := ask("openid profile offline_access", nil)
		back := w.submit(p, url.Values{"act": {"accept"}, "group_profile": {"yes"}, "group_offline_access": {"yes"}, "duration": {"90d"}})
		a := b.redeem(id, secret, back.location.Query().Get("code"), verifier)
		b.userinfo(a.text("access_token")).want(t, 200, "")
		must(t, b.provider.StopApp(t.Context(), b.account.ID, id))
		if text := b.mailed("app_stopped"); !strings.Contains(text, "«Mi Diario»") {
			t.Errorf("the mail does not name the app:\n%s", text)
		}
		b.userinfo(a.text("access_token")).want(t, 401, "invalid_token")
		b.refresh(id, secret, a.text("refresh_token")).want(t, 400, "invalid_grant")
		if p, _ := ask("openid profile", nil); p.url.Path != "/consent" {
			t.Errorf("after stopping: %s", p.url)
		}
	})
	t.Run("refusing", func(t *testing.T) {
		p, _ := ask("openid email", nil)
		if back := w.submit(p, url.Values{"act": {"deny"}}); back.location == nil || back.location.Query().Get("error") != "access_denied" {
			t.Errorf("deny led to %s (%d)", back.url, back.status)
		}
	})
}

// allows has the browser's member allow a new partner app to read the profile for 13 months.
func (b *bench) allows(w *browser) (id string) {
	b.t.Helper()
	id, _ = b.partner(nil)
	address, _ := b.request(id, url.Values{"scope": {"openid profile"}})
	w.submit(w.get(address), url.Values{"act": {"accept"}, "group_profile": {"yes"}, "duration": {"13m"}}).wantCode(b.t)
	return id
}

// What somebody with the password allowed an app on a new device ends with the owner's new password; older permissions, and those of a
// member whom nobody knew on a new device, stay.
func TestStopWatched(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	w := b.signedIn()
	allow := func() string { t.Helper(); return b.allows(w) }
	open := func() []string {
		t.Helper()
		rows, _ := b.db.From(t.Context()).Query(t.Context(), `select client_id from consents where revoked_at is null order by granted_at`)
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		must(t, err)
		return all
	}
	newDevice := func(at any) {
		t.Helper()
		_, err := b.db.From(t.Context()).Exec(t.Context(), `update accounts set new_device_at = $1`, at)
		must(t, err)
	}
	former := allow()
	newDevice(nil)
	must(t, b.provider.StopWatched(t.Context(), b.account))
	if got := open(); !slices.Equal(got, []string{former}) {
		t.Fatalf("without a new device: %q", got)
	}
	b.clock.advance(11 * 24 * time.Hour)
	w = b.signedIn()
	newDevice(b.clock.now())
	allow()
	must(t, b.provider.StopWatched(t.Context(), b.account))
	if got := open(); !slices.Equal(got, []string{former}) {
		t.Errorf("permissions after it: %q, want %q alone", got, former)
	}
	if b.mailed("app_stopped") == "" {
		t.Error("nobody is told")
	}
}

// Whoever denies an event by the link of its mail ends what apps were allowed since, and nothing that was allowed before.
func TestStopSince(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	w := b.signedIn()
	allow := func() string { t.Helper(); return b.allows(w) }
	former := allow()
	b.clock.advance(time.Hour)
	w = b.signedIn()
	event := b.clock.now()
	strangers := []string{allow(), allow()}
	must(t, b.provider.StopSince(t.Context(), b.account, event))
	rows, _ := b.db.From(t.Context()).Query(t.Context(), `select client_id from consents where revoked_at is null`)
	open, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(open) != 1 || open[0] != former {
		t.Errorf("permissions after it: %q, %v, want %q alone, not %q", open, err, former, strangers)
	}
	grants := -1
	must(t, b.db.From(t.Context()).QueryRow(t.Context(), `select count(*) from grants where client_id <> $1 and revoked_at is null`, former).Scan(&grants))
	if grants != 0 {
		t.Errorf("%d grants of a stranger's apps are alive", grants)
	}
}
