package conformance

// Check is one thing that an app has to do right. Its title and what the app should do are catalog texts under partners.check.ID.
type Check struct {
	ID      string
	Section string // of the specification that asks for it
	Link    string
	stage   stage
}

// stage says where the answer of a check is wrong, and so what shows that the app noticed.
type stage int

const (
	ofRequest  stage = iota // no wrong answer: each sign-in shows what the app sends
	ofCallback              // at the callback: the code must not be redeemed
	ofCode                  // the code is refused: it must not be sent again
	ofIDToken               // the ID token: nothing may be done with what came with it
	ofSignIn                // none: the sign-in has to succeed
	ofRefresh               // none: the refresh tokens have to be used in turn
	ofLogout                // a logout token, sent by a button of the page
)

const (
	coreTokens = "https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation"
	coreLink   = "https://openid.net/specs/openid-connect-core-1_0.html"
	logoutLink = "https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation"
	rfc        = "https://www.rfc-editor.org/rfc/"
)

// all are the checks, in the order in which sign-ins meet them.
var all = []Check{
	{"sign_in", "OpenID Connect Core 1.0, 3.1", coreLink + "#CodeFlowAuth", ofSignIn},
	{"request", "RFC 6749, 4.1.1", rfc + "rfc6749#section-4.1.1", ofRequest},
	{"state", "RFC 6749, 10.12", rfc + "rfc6749#section-10.12", ofRequest},
	{"nonce", "OpenID Connect Core 1.0, 15.5.2", coreLink + "#NonceNotes", ofRequest},
	{"pkce", "RFC 7636, 4; RFC 9700, 2.1.1", rfc + "rfc7636#section-4", ofRequest},
	{"authentication", "RFC 6749, 2.3; OpenID Connect Core 1.0, 9", coreLink + "#ClientAuthentication", ofRequest},
	{"other_iss", "RFC 9207, 2.4", rfc + "rfc9207#section-2.4", ofCallback},
	{"no_iss", "RFC 9207, 2.4", rfc + "rfc9207#section-2.4", ofCallback},
	{"other_state", "RFC 6749, 10.12", rfc + "rfc6749#section-10.12", ofCallback},
	{"denied", "RFC 6749, 4.1.2.1", rfc + "rfc6749#section-4.1.2.1", ofCallback},
	{"unavailable", "RFC 6749, 4.1.2.1", rfc + "rfc6749#section-4.1.2.1", ofCallback},
	{"refused_code", "RFC 6749, 5.2", rfc + "rfc6749#section-5.2", ofCode},
	{"no_id_token", "OpenID Connect Core 1.0, 3.1.3.3", coreLink + "#TokenResponse", ofIDToken},
	{"other_issuer", "OpenID Connect Core 1.0, 3.1.3.7 (2)", coreTokens, ofIDToken},
	{"other_audience", "OpenID Connect Core 1.0, 3.1.3.7 (3)", coreTokens, ofIDToken},
	{"other_key", "OpenID Connect Core 1.0, 3.1.3.7 (6)", coreTokens, ofIDToken},
	{"no_signature", "OpenID Connect Core 1.0, 3.1.3.7 (7); RFC 8725, 3.1", coreTokens, ofIDToken},
	{"expired", "OpenID Connect Core 1.0, 3.1.3.7 (9)", coreTokens, ofIDToken},
	{"other_nonce", "OpenID Connect Core 1.0, 3.1.3.7 (11)", coreTokens, ofIDToken},
	{"new_key", "OpenID Connect Core 1.0, 10.1.1", coreLink + "#RotateSigKeys", ofSignIn},
	{"refresh", "RFC 9700, 4.14.2", rfc + "rfc9700#section-4.14.2", ofRefresh},
	{"logout_other_key", "OpenID Connect Back-Channel Logout 1.0, 2.6 (3)", logoutLink, ofLogout},
	{"logout_other_audience", "OpenID Connect Back-Channel Logout 1.0, 2.6 (4)", logoutLink, ofLogout},
	{"logout_expired", "OpenID Connect Back-Channel Logout 1.0, 2.6 (4)", logoutLink, ofLogout},
	{"logout_nobody", "OpenID Connect Back-Channel Logout 1.0, 2.6 (5)", logoutLink, ofLogout},
	{"logout_no_event", "OpenID Connect Back-Channel Logout 1.0, 2.6 (6)", logoutLink, ofLogout},
	{"logout_nonce", "OpenID Connect Back-Channel Logout 1.0, 2.6 (7)", logoutLink, ofLogout},
	{"logout", "OpenID Connect Back-Channel Logout 1.0, 2.8", "https://openid.net/specs/openid-connect-backchannel-1_0.html#BCResponse", ofLogout},
}

var byID = func() map[string]Check {
	known := map[string]Check{}
	for _, c := range all {
		known[c.ID] = c
	}
	return known
}()

// meets reports whether a sign-in meets the check.
func (c Check) meets() bool { return c.stage != ofRequest && c.stage != ofLogout }
