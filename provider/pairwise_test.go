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
		back := w.submit(w.get(address), url.Values{"act": {"accept"}, "duration": {"12m"}, "group_profile": {"yes"}, "group_email": {"yes"}, "group_offline_access": {"yes"}})
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
	p := w.submit(w.get("/logout"), url.Values{"act": {"confirm"}}) // each is told of its own sid
	for host, sid := range map[string]string{"one.example": oneSID, "two.example": twoSID} {
		if !strings.Contains(p.body, host+"/front?") || strings.Count(p.body, "sid="+sid) != 1 {
			t.Errorf("%s is not told of its sid: %s", host, p.body)
		}
	}
}
