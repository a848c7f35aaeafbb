package provider_test

import (
	"maps"
	"net/url"
	"strings"
	"testing"

	"huskyidp/provider"
)

// TestPartnersCannotCompare (S-42): of two partners of one member in one session, each sees
// nothing, in ID token, access token, userinfo and logout, that the other sees as well, but
// what the member allowed both and what is the same for every member.
func TestPartnersCannotCompare(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	w := b.signedIn()
	var hints []string
	seen := func(host string) (facts map[string]string, front string) {
		id, secret := b.client(func(m *provider.Metadata) {
			m.Profile, m.OperatorName, m.RedirectURIs = provider.ProfilePartner, "Partner", []string{"https://" + host + "/cb"}
			m.FrontchannelLogoutURI = "https://" + host + "/front"
		})
		redirect := "https://" + host + "/cb"
		address, verifier := b.request(id, url.Values{"redirect_uri": {redirect}, "scope": {"openid profile email offline_access"},
			"claims": {`{"id_token":{"preferred_username":null,"updated_at":null},"userinfo":{"preferred_username":null,"updated_at":null}}`}})
		back := w.submit(w.get(address), url.Values{"act": {"accept"}, "duration": {"13m"}, "group_profile": {"yes"}, "group_email": {"yes"}, "group_offline_access": {"yes"}})
		tokens := b.token(id, secret, url.Values{"grant_type": {"authorization_code"}, "code": {back.location.Query().Get("code")},
			"redirect_uri": {redirect}, "code_verifier": {verifier}})
		tokens.want(t, 200, "")
		facts = map[string]string{}
		hints = append(hints, tokens.text("id_token"))
		idToken, _ := b.verified(tokens.text("id_token"))
		for from, claims := range map[string]map[string]any{"ID token": idToken, "access token": accessClaims(t, tokens.text("access_token")),
			"userinfo": b.userinfo(tokens.text("access_token")).body} {
			for name, value := range claims {
				if text, ok := value.(string); ok {
					facts[from+" "+name] = text
				} else if name == "updated_at" {
					facts[from+" "+name] = "a number"
				}
			}
		}
		return facts, idToken["sid"].(string)
	}
	one, oneSID := seen("one.example")
	two, twoSID := seen("two.example")
	// the same for every member, or allowed by this one
	common := []string{"iss", "acr", "scope", "token_type", "profile", "zoneinfo", "locale", "nonce", "name", "given_name", "family_name", "birthdate", "email"}
	for name, value := range maps.All(one) {
		_, claim, _ := strings.Cut(name[strings.LastIndex(name, " "):], " ")
		if two[name] == value && !strings.Contains(" "+strings.Join(common, " ")+" ", " "+claim+" ") {
			// aud of an access token is the issuer: userinfo
			if claim == "aud" && value == b.issuer {
				continue
			}
			t.Errorf("both partners see %s = %s", name, value)
		}
	}
	for _, from := range []string{"ID token", "userinfo"} {
		for _, claim := range []string{"preferred_username", "updated_at"} {
			if one[from+" "+claim] != "" {
				t.Errorf("a partner sees %s in the %s", claim, from)
			}
		}
	}
	if oneSID == twoSID || oneSID == "" {
		t.Errorf("sid %q and %q", oneSID, twoSID)
	}
	if p := w.get("/logout?id_token_hint=" + hints[0]); strings.Contains(p.body, "otra persona") { // its sub is this member's
		t.Errorf("signing out by a partner's hint: %s", p.body)
	}
	p := w.submit(w.get("/logout"), url.Values{"act": {"confirm"}}) // each gets its own sid
	for host, sid := range map[string]string{"one.example": oneSID, "two.example": twoSID} {
		if !strings.Contains(p.body, host+"/front?") || strings.Count(p.body, "sid="+sid) != 1 {
			t.Errorf("%s is not told of its sid: %s", host, p.body)
		}
	}
}

// TestSectors: pairwise subjects are shared by who proves the same host, and by nobody else: any app may come back to this
// machine, or to a scheme of its own.
func TestSectors(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	w := b.signedIn()
	subject := func(redirect string, others ...string) string {
		t.Helper()
		id, secret := b.client(func(m *provider.Metadata) {
			m.Profile, m.OperatorName, m.ApplicationType, m.RedirectURIs = provider.ProfilePartner, "Partner", "native", append([]string{redirect}, others...)
			if strings.HasPrefix(redirect, "https:") && len(others) == 0 || strings.HasPrefix(redirect, "http://127.0.0.1:") {
				m.ApplicationType = "web"
			}
		})
		address, verifier := b.request(id, url.Values{"redirect_uri": {redirect}, "scope": {"openid profile"}})
		back := w.submit(w.get(address), url.Values{"act": {"accept"}, "duration": {"13m"}, "group_profile": {"yes"}})
		tokens := b.token(id, secret, url.Values{"grant_type": {"authorization_code"}, "code": {back.location.Query().Get("code")}, "redirect_uri": {redirect}, "code_verifier": {verifier}})
		tokens.want(t, 200, "")
		claims, _ := b.verified(tokens.text("id_token"))
		return claims["sub"].(string)
	}
	seen := map[string]string{}
	for name, sub := range map[string]string{
		"a web app on this machine":           subject("http://127.0.0.1:9000/cb"),
		"another there":                       subject("http://127.0.0.1:9000/cb"),
		"a third, by its other address":       subject("http://[::1]/cb"),
		"a native app":                        subject("com.example.app:/cb"),
		"another of that scheme":              subject("com.example.app:/cb"),
		"one of a scheme that claims a host":  subject("com.example.app:/cb", "https://app.example/cb"),
		"one of a host that has a scheme too": subject("https://app.example/cb", "com.example.app:/cb"),
		"one of a host and this machine":      subject("https://app.example/cb", "http://127.0.0.1/cb", "http://[::1]/cb"),
		"the host":                            subject("https://app.example/cb"),
	} {
		if other, twice := seen[sub]; twice {
			t.Errorf("%s shares its subject with %s", name, other)
		}
		seen[sub] = name
	}
	if seen[subject("https://APP.example/other")] != "the host" {
		t.Error("two apps of one host have two subjects")
	}
}
