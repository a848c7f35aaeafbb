package selfservice

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"huskyidp/accounts"
	"huskyidp/internal/web"
)

// A browser of a network of kiosks keeps nothing: cookies end with it, no device is known or remembered, no field
// completes what was typed, no file and no passkey stay, and the session is short. Leaving clears the site.
func TestKiosk(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.register("maria")
	b := newKiosk(t, f, netip.MustParsePrefix("127.0.0.0/8"))
	r, err := b.client.Get(b.address + "/in/maria")
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	for _, c := range r.Cookies() {
		if c.MaxAge > 0 || !c.Expires.IsZero() || strings.HasSuffix(c.Name, web.DeviceCookie) {
			t.Errorf("the cookie %s outlives the browser: %+v", c.Name, c)
		}
	}
	for _, path := range []string{"/account", "/account/password", "/account/language"} {
		_, _, body := b.get(path)
		if strings.Count(body, `action="/leave"`) != 1 || !strings.Contains(body, `<svg class="qr"`) || !strings.Contains(body, "<b>"+b.address+"/</b>") || !strings.Contains(body, "5 minutos") {
			t.Errorf("%s has no way to leave, or lasts longer", path)
		}
		if n := strings.Count(body, "autocomplete="); n != strings.Count(body, `autocomplete="off"`) {
			t.Errorf("%s completes fields", path)
		}
	}
	if _, _, body := b.get("/account/factors"); strings.Contains(body, "/account/factors/passkey") {
		t.Error("a passkey would stay in a device of others")
	}
	if status, location, _ := b.get("/account/factors/passkey"); status != 303 || location != "/account/factors" {
		t.Errorf("adding a passkey = %d to %q", status, location)
	}
	for path, said := range map[string]string{"/account": "web.kiosk.data", "/account/data": "web.kiosk.data", "/account/close": "web.kiosk.close_before"} { // nothing of a file
		if _, _, body := b.get(path); !strings.Contains(body, say(said)) || strings.Contains(strings.ToLower(body), "descarg") {
			t.Errorf("%s promises a file", path)
		}
	}
	if status, header, _ := b.postAll("/account/data", "/account/data", url.Values{"as": {"file"}}); status != 303 || header.Get("Content-Disposition") != "" {
		t.Errorf("a file = %d %v", status, header)
	}
	codes := strings.Repeat("aaaaa-bbbbb-ccccc ", accounts.SavedCodeCount)
	if status, header, _ := b.postAll("/account/data", "/account/factors/saved-codes/file", url.Values{"codes": {codes}}); status != 303 || header.Get("Content-Disposition") != "" {
		t.Errorf("a file of saved codes = %d %v", status, header)
	}
	session := b.cookie("session")
	f.later(web.KioskIdle - time.Second)
	if _, err := f.Peek(f.ctx(), session); err != nil {
		t.Errorf("before five minutes: %v", err)
	}
	f.later(time.Second)
	if status, location, _ := b.get("/account"); status != 303 || location != "/login?note=ended" {
		t.Errorf("after five minutes without use = %d to %q", status, location)
	}
	b.get("/in/maria")
	f.later(web.KioskIdle)
	if status, location, _ := b.get("/account/ended"); status != 303 || location != "/leave/done" || b.cookie("session") != "" {
		t.Errorf("a page that waited too long goes to %q (%d)", location, status)
	}
	b.get("/in/maria")
	for range 9 {
		f.later(3 * time.Minute)
		b.get("/account")
	}
	f.later(3 * time.Minute)
	if status, location, _ := b.get("/account"); status != 303 || location != "/login?note=full" {
		t.Errorf("after half an hour = %d to %q", status, location)
	}

	f.register("rosa")
	b.get("/in/maria")
	_, _, body := b.get("/account/password")
	marias := url.Values{web.CSRFField: csrfField.FindStringSubmatch(body)[1:]}
	b.get("/in/rosa") // in another tab
	session = b.cookie("session")
	r, err = b.client.PostForm(b.address+"/leave", marias)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != 303 || r.Header.Get("Location") != "/leave/done" || r.Header.Get("Clear-Site-Data") != `"cache", "cookies", "storage"` {
		t.Errorf("leaving from the page of who was there before = %d %v", r.StatusCode, r.Header)
	}
	if _, err := f.Peek(f.ctx(), session); err == nil || b.cookie("session") != "" {
		t.Error("the session stays open")
	}
	if _, _, body := b.get("/leave/done"); !strings.Contains(body, say("web.kiosk.left_title")) || strings.Contains(body, "maria") {
		t.Errorf("after leaving:\n%s", body)
	}
}

// Elsewhere nothing of it is there: sessions, cookies and fields are as ever, and the addresses lead to the usual pages.
func TestNoKiosk(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.register("maria")
	b := newKiosk(t, f, netip.MustParsePrefix("192.0.2.0/24"))
	b.get("/in/maria")
	if b.cookie("device") == "" {
		t.Error("the device is not known")
	}
	for path, want := range map[string]string{"/leave": "/logout", "/leave/done": "/login"} {
		if status, location, _ := b.get(path); status != 303 || location != want {
			t.Errorf("%s = %d to %q, want %q", path, status, location, want)
		}
	}
	if _, header, body := b.postAll("/account/language", "/leave", nil); header.Get("Clear-Site-Data") != "" || strings.Contains(body, "/leave") {
		t.Error("POST /leave clears a browser that is not a kiosk")
	}
	_, _, body := b.get("/account/password")
	if strings.Contains(body, "/leave") || strings.Contains(body, `id="phone"`) || !strings.Contains(body, `autocomplete="current-password"`) || !strings.Contains(body, "15 minutos") {
		t.Error("the page is that of a kiosk")
	}
	f.later(6 * time.Minute)
	if status, _, _ := b.get("/account"); status != http.StatusOK {
		t.Errorf("after six minutes = %d", status)
	}
}
