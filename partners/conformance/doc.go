// Package conformance is an OpenID provider that answers wrong on purpose: partners sign in to it with their app, again and again, and
// see which mistakes their app notices. It shares nothing with the provider: issuers, keys and tokens are of the run, and its only
// member is invented.
//
//	Start ──> Run: an issuer {Base}/check/{id}, a client of the same ID, two keys, a list of checks (check.go)
//	authorize    the next check begins, the sign-in before is settled     {Base}/checking/{id}
//	token, userinfo    what the app does, judged at once                  {Base}/check/{id}/…
//	Logout       seven logout tokens to the app's address, by the page
//
// # How a check ends
//
// What can be seen from here decides, and nobody's word. A check whose answer is wrong fails as soon as the app does what it must not:
// it redeems the code, sends it again, or calls userinfo with what came beside a wrong ID token. It passes when the next sign-in begins
// (or by the page's button) and none of that was seen (Run.settle). As an app that never calls userinfo would pass whatever it does, it
// is "unseen" until a good sign-in shows that it calls; what it left undone before then counts from there on (Run.seeUse). An app that
// trusts TLS in place of a signature does what OpenID Connect Core 1.0, 3.1.3.7 (6) allows, and is told so.
//
// What a sign-in sends is judged each time, by the newest: request, state, nonce, PKCE, client authentication.
//
// # Limits
//
// 20 runs of an organisation, 20 a day; apps may call for 7 days after the last use, pages show a run for 90. A run's programs have 120
// calls a minute and source. A run is one row, changed by one request at a time. It is sealed, since it holds a secret and keys, though
// of no use elsewhere. Addresses are https or of the developer's own machine; to others than those the browser goes by a page that names
// the host, because nobody has looked at them. Logout tokens go out through internal/outbound.
//
// # Where it implements what
//
// S-09, S-66, S-68, S-69, S-73; RFC 9207, RFC 9700, OpenID Connect Core 1.0 and Back-Channel Logout 1.0 as an app must know them.
package conformance
