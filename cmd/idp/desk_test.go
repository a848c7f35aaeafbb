package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestInside: the console's calls reach the provider without a network, with what a server would have filled in.
func TestInside(t *testing.T) {
	t.Parallel()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "idp.example" || r.RequestURI != "/token?a=b" || r.RemoteAddr == "" {
			t.Errorf("host %q, address %q, from %q", r.Host, r.RequestURI, r.RemoteAddr)
		}
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		w.Header().Set("X-Seen", r.PostForm.Get("code"))
		w.WriteHeader(http.StatusTeapot)
		w.WriteHeader(http.StatusOK)
		if _, err := w.Write([]byte("hello")); err != nil {
			t.Error(err)
		}
	})
	client := &http.Client{Transport: inside{func() http.Handler { return handler }}}
	response, err := client.Post("https://idp.example/token?a=b", "application/x-www-form-urlencoded", strings.NewReader("code=c1"))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body [5]byte
	if _, err := response.Body.Read(body[:]); err != nil || string(body[:]) != "hello" || response.StatusCode != http.StatusTeapot || response.Header.Get("X-Seen") != "c1" {
		t.Errorf("answer %d %v %q", response.StatusCode, response.Header, body)
	}
}

// TestDeskSettings: a host of its own, by https, or no desk at all (S-24, S-61).
func TestDeskSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ listen, address, want string }{
		"none":            {"", "", ""},
		"both":            {":8443", "https://desk.example", ""},
		"address alone":   {"", "https://desk.example", "IDP_DESK_LISTEN"},
		"listener alone":  {":8443", "", "IDP_DESK_ADDRESS"},
		"http":            {":8443", "http://desk.example", "IDP_DESK_ADDRESS"},
		"path":            {":8443", "https://desk.example/desk", "IDP_DESK_ADDRESS"},
		"the same host":   {":8443", "https://idp.example", "has the issuer's host"},
		"only a port off": {":8443", "https://IDP.example:8443", "has the issuer's host"},
	} {
		e := environment{Issuer: "https://idp.example", DeskListen: c.listen, DeskAddress: c.address}
		m := &mistakes{}
		e.check(m)
		said := ""
		for line := range strings.Lines(errorText(m.err())) {
			if strings.Contains(line, "DESK") {
				said += line
			}
		}
		if c.want == "" && said != "" || !strings.Contains(said, c.want) {
			t.Errorf("%s: %q, want %q", name, said, c.want)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestDeskIsServed: API and console answer on their own listener, and on no other; the members' pages are not there.
func TestDeskIsServed(t *testing.T) {
	t.Parallel()
	desk := freeAddress(t)
	i := startInstance(t, "0s", map[string]string{"IDP_DESK_LISTEN": desk, "IDP_DESK_ADDRESS": "https://desk.example"})
	ask := func(address, host, path string) (int, http.Header, []byte) {
		r := httptest.NewRequest(http.MethodGet, "http://"+address+path, nil)
		r.RequestURI, r.Host = "", host
		response, err := ownClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body := make([]byte, 64<<10)
		n, _ := response.Body.Read(body)
		return response.StatusCode, response.Header, body[:n]
	}
	if status, header, _ := ask(desk, "desk.example", "/"); status != 200 || !strings.Contains(header.Get("Set-Cookie"), "SameSite=Strict") {
		t.Errorf("the console's door is %d %v", status, header["Set-Cookie"])
	}
	status, _, body := ask(desk, "desk.example", "/admin/v1/me")
	var p struct{ Status int }
	if status != 401 || json.Unmarshal(body, &p) != nil || p.Status != 401 {
		t.Errorf("the API without a token is %d %s", status, body)
	}
	for _, path := range []string{"/login", "/jwks", "/account", "/register/agreement"} {
		if status, _, _ := ask(desk, "desk.example", path); status != 404 {
			t.Errorf("%s on the desk's listener is %d", path, status)
		}
	}
	if status, _, _ := ask(desk, "idp.example", "/"); status != 421 {
		t.Errorf("another host on the desk's listener is %d, want 421", status)
	}
	for _, path := range []string{"/admin/v1/me", "/admin/v1/openapi.json", "/search", "/approvals"} {
		if status, _, _ := ask(i.address, "idp.example", path); status != 404 {
			t.Errorf("%s on the members' listener is %d", path, status)
		}
	}
}
