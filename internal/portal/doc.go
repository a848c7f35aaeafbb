// Package portal is the sample portal: the welcome page of the member guide as an application of its own. It is a
// relying party like any other, built on coreos/go-oidc and x/oauth2, and knows of the provider only what discovery says.
//
// # A sign-in
//
//	GET /            welcome page, red button "Acceso del Usuario"
//	GET|POST /login  state, nonce and PKCE verifier into a sealed cookie ──303──> authorization endpoint
//	GET /callback    state, iss, code ──> tokens, ID token checked, userinfo ──> session ──303──> /me
//	GET /me          what the portal knows
//	POST /logout     ──> end_session endpoint ──> /, where the session here ends too
//	POST /backchannel-logout   the provider says that a session is over: the one here ends
//	GET /try         for developers: a second, public client shows each message of a sign-in, tokens decoded
//	GET /try/health            the same with an app of the health record (SMART App Launch 2.2), and what it reads
//
// The login page is also the client's initiate_login_uri (OpenID Connect Core 4): the provider sends members there whose
// request has become stale.
//
// The pending sign-in lives in the browser, sealed, for 24 h and under a name of its own per tab: it survives a restart of
// the portal while a member registers. Sessions live in memory and end with it; signing in again takes one click.
//
// # Errors
//
// Whatever goes wrong leads to the welcome page with a short code (?error=): the provider's own error code, or
//
//	login_expired         no such sign-in is pending in this browser
//	login_failed          the answer, the tokens or userinfo did not hold
//	provider_unavailable  discovery did not answer; it is tried again at the next sign-in
//
// The cause is logged, without tokens and claims.
//
// Specifications: OpenID Connect Core 3.1, 4, 5.3; RP-Initiated Logout 1.0; Back-Channel Logout 1.0; RFC 6749, 7636 (S256), 9207 (iss).
package portal
