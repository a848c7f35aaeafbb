package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestPartnerSettings: a host of its own, a name, by https, or no partner area at all.
func TestPartnerSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ listen, address, want string }{
		"none":           {"", "", ""},
		"both":           {":8444", "https://partners.example", ""},
		"address alone":  {"", "https://partners.example", "IDP_PARTNER_LISTEN"},
		"listener alone": {":8444", "", "IDP_PARTNER_ADDRESS"},
		"http":           {":8444", "http://partners.example", "IDP_PARTNER_ADDRESS"},
		"an IP address":  {":8444", "https://192.0.2.7", "passkeys belong to one"},
		"the issuer's":   {":8444", "https://idp.example:8444", "has the host of https://idp.example"},
		"the desk's":     {":8444", "https://desk.example:8444", "has the host of https://desk.example"},
	} {
		e := environment{Issuer: "https://idp.example", DeskListen: ":8443", DeskAddress: "https://desk.example", PartnerListen: c.listen, PartnerAddress: c.address}
		m := &mistakes{}
		e.check(m)
		said := ""
		for line := range strings.Lines(errorText(m.err())) {
			if strings.Contains(line, "PARTNER") {
				said += line
			}
		}
		if c.want == "" && said != "" || !strings.Contains(said, c.want) {
			t.Errorf("%s: %q, want %q", name, said, c.want)
		}
	}
}

// TestPartnersAreServed: the area answers on its own listener, and on no other; the members' pages are not there.
func TestPartnersAreServed(t *testing.T) {
	t.Parallel()
	own := freeAddress(t)
	i := startInstance(t, "0s", map[string]string{"IDP_PARTNER_LISTEN": own, "IDP_PARTNER_ADDRESS": "https://partners.example"})
	ask := func(address, host, path string) (int, http.Header) {
		r := httptest.NewRequest(http.MethodGet, "http://"+address+path, nil)
		r.RequestURI, r.Host = "", host
		response, err := ownClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.StatusCode, response.Header
	}
	if status, header := ask(own, "partners.example", "/"); status != 200 || !strings.Contains(header.Get("Set-Cookie"), "__Host-browser") || !strings.Contains(header.Get("Set-Cookie"), "SameSite=Strict") {
		t.Errorf("the area's door is %d %v", status, header["Set-Cookie"])
	}
	for _, path := range []string{"/login", "/jwks", "/account", "/search", "/admin/v1/me"} {
		if status, _ := ask(own, "partners.example", path); status != 404 {
			t.Errorf("%s on the area's listener is %d", path, status)
		}
	}
	if status, _ := ask(own, "idp.example", "/"); status != 421 {
		t.Errorf("another host on the area's listener is %d, want 421", status)
	}
	for _, path := range []string{"/join", "/people", "/requests/x", "/apps/x"} {
		if status, _ := ask(i.address, "idp.example", path); status != 404 {
			t.Errorf("%s on the members' listener is %d", path, status)
		}
	}
}
