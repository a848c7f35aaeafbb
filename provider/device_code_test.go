package provider_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"huskyidp/provider"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// TestDevice covers RFC 8628 and conformance 11.1.
func TestDevice(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(func(m *provider.Metadata) {
		*m = provider.Metadata{ClientName: "Quiosco", GrantTypes: []string{deviceGrant, "refresh_token"}}
	})
	plain, plainSecret := b.client(nil)
	begin := func() map[string]any {
		status, _, body := b.post("/device_authorization", id, secret, url.Values{"scope": {"openid offline_access unknown"}})
		var got map[string]any
		must(t, json.Unmarshal([]byte(body), &got))
		if status != 200 {
			t.Fatalf("device authorization: %d %v", status, got)
		}
		return got
	}
	poll := func(code any) answer {
		return b.token(id, secret, url.Values{"grant_type": {deviceGrant}, "device_code": {code.(string)}})
	}
	approve := func(code string, act string) page {
		w := b.browser()
		p := w.get("/device?user_code=" + url.QueryEscape(strings.ToLower(strings.ReplaceAll(code, "-", " "))))
		_, fields := formOf(t, p)
		fields.Set("user_code", strings.ToLower(strings.ReplaceAll(code, "-", "–"))+". ") // as a phone's keyboard writes it
		p = w.post(b.issuer+"/device", fields)
		if p.url.Path != "/login" {
			t.Fatalf("the code led to %s (%d)\n%s", p.url, p.status, p.body)
		}
		p = w.signIn(p)
		if p.url.Path != "/device/confirm" || !strings.Contains(p.body, "Quiosco") || !strings.Contains(p.body, code) {
			t.Fatalf("sign-in led to %s (%d)\n%s", p.url, p.status, p.body)
		}
		return w.submit(p, url.Values{"act": {act}})
	}

	d := begin()
	if d["verification_uri"] != b.issuer+"/device" || d["expires_in"] != 600.0 || d["interval"] != 5.0 || len(d["user_code"].(string)) != 9 {
		t.Errorf("answer %v", d)
	}
	poll(d["device_code"]).want(t, 400, "authorization_pending")
	poll(d["device_code"]).want(t, 400, "slow_down")
	b.clock.advance(6 * time.Second)
	poll(d["device_code"]).want(t, 400, "slow_down") // the interval is 10 s now
	b.clock.advance(16 * time.Second)
	poll(d["device_code"]).want(t, 400, "authorization_pending")
	if p := approve(d["user_code"].(string), "allow"); p.url.Path != "/device/done" || !strings.Contains(p.body, "Listo") {
		t.Fatalf("allowing led to %s (%d)", p.url, p.status)
	}
	b.clock.advance(30 * time.Second)
	if a := b.token(plain, plainSecret, url.Values{"grant_type": {deviceGrant}, "device_code": {d["device_code"].(string)}}); a.status != 400 {
		t.Errorf("another client: %v", a.body)
	}
	a := poll(d["device_code"])
	a.want(t, 200, "")
	if a.text("scope") != "openid offline_access" || claim(t, a.text("id_token"), "sub") != b.account.Subject {
		t.Errorf("tokens %v", a.body)
	}
	b.userinfo(a.text("access_token")).want(t, 200, "")
	b.refresh(id, secret, a.text("refresh_token")).want(t, 200, "")
	b.clock.advance(30 * time.Second)
	poll(d["device_code"]).want(t, 400, "invalid_grant") // used, and so revoked
	b.userinfo(a.text("access_token")).want(t, 401, "invalid_token")

	denied := begin()
	if p := approve(denied["user_code"].(string), "deny"); !strings.Contains(p.body, say("provider.device.refused_title")) {
		t.Errorf("denying led to %s (%d)", p.url, p.status)
	}
	poll(denied["device_code"]).want(t, 400, "access_denied")

	late := begin()
	b.clock.advance(10*time.Minute + time.Second)
	poll(late["device_code"]).want(t, 400, "expired_token")

	if status, _, body := b.post("/device_authorization", plain, plainSecret, url.Values{}); status != 400 || !strings.Contains(body, "unauthorized_client") {
		t.Errorf("a client that is not registered for it: %d %s", status, body)
	}
	poll("unknown").want(t, 400, "invalid_grant")

	t.Run("five wrong codes end the typing (S-30)", func(t *testing.T) {
		w := b.browser()
		p := w.get("/device")
		typed := func(code string) page { p = w.submit(p, url.Values{"user_code": {code}}); return p }
		right := begin()["user_code"].(string)
		for _, code := range []string{"BCDF-GHJB", "BCDF-GHJC", "BCDF-GHJD", "BCDF-GHJF"} {
			for range 2 { // a second tap counts once
				if typed(code); p.status != 422 || !strings.Contains(p.body, "No encontramos") {
					t.Fatalf("a wrong code: %d", p.status)
				}
			}
		}
		if ok := w.submit(p, url.Values{"user_code": {right}}); ok.url.Path != "/login" {
			t.Fatalf("after four wrong codes the right one leads to %s (%d)", ok.url, ok.status)
		}
		if typed("BCDF-GHJZ"); p.status != 422 {
			t.Fatalf("the fifth: %d", p.status)
		}
		for _, code := range []string{"BCDF-GHJZ", right, "BCDF-GHJK"} {
			if typed(code); p.status != 429 || p.header.Get("Retry-After") == "" || !strings.Contains(p.body, "Espere 10 minutos") {
				t.Errorf("the sixth, %s: %d", code, p.status)
			}
		}
		if p = w.get("/device"); p.status != 200 {
			t.Fatalf("the page opened again: %d", p.status)
		}
		if typed("BCDF-GHJK"); p.status != 429 {
			t.Errorf("the page opened again gives more tries: %d", p.status)
		}
		w.get("/login") // another person comes
		p = w.get("/device")
		if typed("BCDF-GHJZ"); p.status != 422 {
			t.Errorf("the first of the next person: %d", p.status)
		}
		if ok := w.submit(p, url.Values{"user_code": {right}}); ok.url.Path != "/login" {
			t.Errorf("the right one of the next person leads to %s (%d)", ok.url, ok.status)
		}
	})
	t.Run("the confirm page without a code", func(t *testing.T) {
		if p := b.signedIn().get("/device/confirm"); p.url.Path != "/device" {
			t.Errorf("led to %s (%d)", p.url, p.status)
		}
	})
}
