package provider_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"huskyidp/internal/audit"
	"huskyidp/provider"
)

// A connected screen keeps what it gets for 30 days: an open session alone does not connect one, the owner is notified by
// mail, and the history says so (S-20).
func TestDeviceAsksForProof(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(func(m *provider.Metadata) {
		*m = provider.Metadata{ClientName: "Quiosco", GrantTypes: []string{deviceGrant, "refresh_token"}}
	})
	begin := func() (userCode, deviceCode string) {
		t.Helper()
		_, _, body := b.post("/device_authorization", id, secret, url.Values{"scope": {"openid offline_access"}})
		var begun map[string]any
		must(t, json.Unmarshal([]byte(body), &begun))
		return begun["user_code"].(string), begun["device_code"].(string)
	}
	poll := func(code string) answer {
		b.clock.advance(6 * time.Second)
		return b.token(id, secret, url.Values{"grant_type": {deviceGrant}, "device_code": {code}})
	}
	told := func() (mails, links, rows int) {
		t.Helper()
		must(t, b.db.From(t.Context()).QueryRow(t.Context(), `
			select (select count(*) from mails where kind = 'device_allowed'),
				(select count(*) from disown_links l join mails m using (account_id) where m.kind = 'device_allowed'),
				(select count(*) from audit_events where kind = $1 and account_id = $2 and client_id = $3 and data->>'app' = 'Quiosco')`,
			audit.AppAllowed, b.account.ID, id).Scan(&mails, &links, &rows))
		return mails, links, rows
	}

	w := b.signedIn()
	b.clock.advance(6 * time.Minute)
	userCode, deviceCode := begin()
	p := w.submit(w.get("/device"), url.Values{"user_code": {userCode}})
	if p.url.Path != "/reauth" || strings.Contains(p.body, "device-allow") {
		t.Fatalf("in a session of six minutes the code leads to %s (%d)", p.url, p.status)
	}
	p = w.submit(p, url.Values{"password": {password}})
	if p.url.Path != "/device/confirm" {
		t.Fatalf("the proof leads to %s (%d)", p.url, p.status)
	}
	b.clock.advance(6 * time.Minute) // left open, and found by somebody else
	if late := w.submit(p, url.Values{"act": {"allow"}}); late.url.Path != "/reauth" {
		t.Errorf("the button of a page that is six minutes old leads to %s (%d)", late.url, late.status)
	}
	poll(deviceCode).want(t, 400, "authorization_pending")
	if mails, _, rows := told(); mails != 0 || rows != 0 {
		t.Errorf("before the approval: %d mails, %d rows", mails, rows)
	}

	fresh := b.signedIn() // no further question
	userCode, deviceCode = begin()
	p = fresh.submit(fresh.get("/device"), url.Values{"user_code": {userCode}})
	if p.url.Path != "/device/confirm" {
		t.Fatalf("in a fresh session the code leads to %s (%d)", p.url, p.status)
	}
	if done := fresh.submit(p, url.Values{"act": {"allow"}}); done.url.Path != "/device/done" {
		t.Fatalf("allowing leads to %s (%d)", done.url, done.status)
	}
	fresh.submit(p, url.Values{"act": {"allow"}}) // twice
	if mails, links, rows := told(); mails != 1 || links != 1 || rows != 1 {
		t.Errorf("after the approval: %d mails, %d links, %d rows; want one each", mails, links, rows)
	}
	a := poll(deviceCode)
	a.want(t, 200, "")
	if text := b.mailed("device_allowed"); !strings.Contains(text, "«Quiosco»") {
		t.Errorf("the mail does not name the app:\n%s", text)
	}
	if history := fresh.get("/account/history"); !strings.Contains(history.body, "Permiso dado a Quiosco") {
		t.Errorf("the history does not tell of it:\n%s", history.body)
	}

	userCode, _ = begin()
	p = fresh.submit(fresh.get("/device"), url.Values{"user_code": {userCode}})
	fresh.submit(p, url.Values{"act": {"deny"}})
	if mails, _, rows := told(); mails != 1 || rows != 1 {
		t.Errorf("a refused screen: %d mails, %d rows", mails, rows)
	}
}

// Whoever leaves a code at a browser that others use gets nothing from the next person: the code is of who typed it.
func TestDeviceCodeIsOfWhoTypedIt(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(func(m *provider.Metadata) {
		*m = provider.Metadata{ClientName: "Quiosco", GrantTypes: []string{deviceGrant, "refresh_token"}}
	})
	left := func() (*browser, page) {
		t.Helper()
		_, _, body := b.post("/device_authorization", id, secret, url.Values{"scope": {"openid offline_access"}})
		var begun map[string]any
		must(t, json.Unmarshal([]byte(body), &begun))
		w := b.browser()
		p := w.submit(w.get("/device"), url.Values{"user_code": {begun["user_code"].(string)}})
		if p.url.Path != "/login" {
			t.Fatalf("signed out, the code leads to %s (%d)", p.url, p.status)
		}
		return w, p
	}
	w, p := left()
	wrong := w.submit(p, url.Values{"username": {username}, "password": {"x"}})
	if p = w.signIn(wrong); p.url.Path != "/device/confirm" {
		t.Errorf("who typed it is led to %s (%d)", p.url, p.status)
	}
	w, _ = left()
	if p = w.signIn(w.get("/login")); p.url.Path != "/account" {
		t.Errorf("the next person is led to %s (%d)", p.url, p.status)
	}
	if p = w.get("/device/confirm"); p.url.Path != "/device" || !strings.Contains(p.body, say("provider.device.none")) {
		t.Errorf("its page leads the next person to %s (%d)", p.url, p.status)
	}
}

// A member with a second step connects no screen by the password alone.
func TestDeviceAsksForTheSecondStep(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(func(m *provider.Metadata) {
		*m = provider.Metadata{ClientName: "Quiosco", GrantTypes: []string{deviceGrant, "refresh_token"}}
	})
	w := b.signedIn()
	app := b.enrolApp() // elsewhere, after this browser signed in
	_, _, body := b.post("/device_authorization", id, secret, url.Values{"scope": {"openid offline_access"}})
	var begun map[string]any
	must(t, json.Unmarshal([]byte(body), &begun))
	p := w.submit(w.get("/device"), url.Values{"user_code": {begun["user_code"].(string)}})
	if p.url.Path != "/login/factor/totp" {
		t.Fatalf("the code leads to %s (%d)", p.url, p.status)
	}
	if p = w.submit(p, url.Values{"code": {app.code()}}); p.url.Path != "/device/confirm" {
		t.Errorf("the second step leads to %s (%d)", p.url, p.status)
	}
}

// Whoever comes back to the page of a screen that was just connected and refuses means it: the screen loses what it got. A
// stranger's refusal takes nothing.
func TestDeviceRefusedAfterAllowing(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(func(m *provider.Metadata) {
		*m = provider.Metadata{ClientName: "Quiosco", GrantTypes: []string{deviceGrant, "refresh_token"}}
	})
	b.another("otra.persona")
	other := b.browser()
	p := other.get("/login")
	other.submit(p, url.Values{"username": {"otra.persona"}, "password": {password}})
	_, fields := formOf(t, other.get("/account/language"))
	for _, redeemed := range []bool{true, false} {
		_, _, body := b.post("/device_authorization", id, secret, url.Values{"scope": {"openid offline_access"}})
		var begun map[string]any
		must(t, json.Unmarshal([]byte(body), &begun))
		w := b.signedIn()
		confirm := w.submit(w.get("/device"), url.Values{"user_code": {begun["user_code"].(string)}})
		if done := w.submit(confirm, url.Values{"act": {"allow"}}); done.url.String() != b.issuer+"/device/done?allowed=1" {
			t.Fatalf("allowing leads to %s (%d)", done.url, done.status)
		}
		poll := func() answer {
			b.clock.advance(6 * time.Second)
			return b.token(id, secret, url.Values{"grant_type": {deviceGrant}, "device_code": {begun["device_code"].(string)}})
		}
		refresh := ""
		if redeemed {
			a := poll()
			a.want(t, 200, "")
			refresh = a.text("refresh_token")
		}
		var before, after int
		count := func(n *int) {
			must(t, b.db.From(t.Context()).QueryRow(t.Context(), `select count(*) from mails where kind = 'app_stopped'`).Scan(n))
		}
		count(&before)
		other.post(b.issuer+"/device/confirm", url.Values{"csrf": fields["csrf"], "user_code": {begun["user_code"].(string)}, "act": {"deny"}})
		if count(&after); after != before {
			t.Fatal("another member disconnects the screen")
		}
		for range 2 {
			if p := w.submit(confirm, url.Values{"act": {"deny"}}); p.url.Path != "/device/done" && p.url.Path != "/device" || strings.Contains(p.body, say("provider.device.done_body")) {
				t.Errorf("refusing leads to %s (%d)\n%s", p.url, p.status, p.body)
			}
		}
		if count(&after); after != before+1 {
			t.Errorf("%d mails, want one", after-before)
		}
		if redeemed {
			b.token(id, secret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}).want(t, 400, "invalid_grant")
		} else {
			poll().want(t, 400, "access_denied")
		}
	}
}
