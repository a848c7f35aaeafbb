package main

import (
	"maps"
	"net/url"

	"huskyidp/internal/visitor"
)

// drillVisitor is a browser on the drill's instance; what fails ends the test.
type drillVisitor struct {
	*visitor.Browser
	d *drill
}

func (d *drill) visitor(cookies map[string]string) *drillVisitor {
	v := &drillVisitor{visitor.New("", "idp.example"), d}
	maps.Copy(v.Cookies, cookies)
	return v
}

func (v *drillVisitor) get(path string) *drillVisitor {
	v.d.t.Helper()
	v.Base = "http://" + v.d.instance.address // which a restart changes
	must(v.d.t, v.Get(v.d.t.Context(), path))
	return v
}

func (v *drillVisitor) submit(typed url.Values) *drillVisitor {
	v.d.t.Helper()
	must(v.d.t, v.Submit(v.d.t.Context(), typed))
	return v
}

const drillVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B

// code signs in the drill's member, if need be, and returns the code that the app gets.
func (v *drillVisitor) code() string {
	v.d.t.Helper()
	return v.codeOf("maria.nunez", drillPassword)
}

func (v *drillVisitor) codeOf(username, password string) string {
	v.d.t.Helper()
	v.get("/authorize?" + url.Values{"client_id": {"app"}, "response_type": {"code"}, "redirect_uri": {"https://app.example/callback"},
		"scope": {"openid offline_access"}, "state": {"s"}, "nonce": {"n"}, "code_challenge_method": {"S256"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}}.Encode())
	if v.Away == nil {
		v.submit(url.Values{"username": {username}, "password": {password}})
	}
	if v.Away == nil || v.Away.Query().Get("code") == "" {
		v.d.t.Fatalf("no code, but %s (%v)\n%s", v.At, v.Away, v.Body)
	}
	return v.Away.Query().Get("code")
}
