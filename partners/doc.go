// Package partners is the area where organisations that make apps ask for access, on a host and a listener of its own that is off
// unless it is configured. The desk decides (package admin calls review.go); cmd/idp gives it the provider's registry of clients.
//
// # Accounts
//
//	Join      an address ──> a mail: a link, or for a known address none; the page says the same
//	Enter     the link, once, for an hour ──> a passkey, a person, an organisation, a session
//	Invite    a link for a day into the same organisation          20 people at most
//	Remove    ends with the next request; who lost a passkey is removed and invited again
//	LetIn     the same for an organisation's only person, by the desk; the contacts of the request hear of it
//	SignIn    a passkey with user verification, nothing else; 15 minutes idle, 8 hours in all (as S-23)
//
// Handler.with asks Who for each request: session, person and membership at this moment. Whatever an address names is looked up
// together with the organisation of the session: another's is a 404, and an audit event (partner.denied). All people of an organisation
// may do the same.
//
// # What an organisation asks for
//
//	draft ──Send──> sent ──Take──> taken ──Decide──> approved: the production client
//	  ^               └──────────────┘ └──────────> refused ──Save──> draft
//
// The form has five steps (form.go); each is judged by itself, also by the rules of every way in to be a client, and stored when it is
// whole. A form carries the Mark of what it was rendered with, so that of two tabs the second is told. One that comes after the end of
// its session is kept, sealed, for the same person's next sign-in in that browser (kept.go). Private keys are neither stored nor shown
// again. Sending looks at the criteria that a machine can judge (criteria.go); taking looks again. The version of the state lets one
// person decide.
//
// With a sandbox (another issuer, see sandbox.go) the app is registered there: TrySandbox once, UpdateSandbox when the form has changed,
// ReplaceSandbox for a lost secret; a sandbox that is away changes nothing here. Without one a test client comes at once. It returns to 127.0.0.1 and [::1] alone and learns nothing of a member but a sub of its own.
//
// # Clients
//
// The first secret of a client is known to nobody; people make one, which is shown once. The form says how many there were, so that a
// second press makes none. SetUse is the desk's: package provider refuses the client within seconds and tells its members.
//
// Before all that an app can be checked against answers that are wrong on purpose: package conformance, whose pages are checks_page.go.
//
// # Tables
//
// partner_organisations, partner_people, partner_passkeys; partner_links (digests), partner_ceremonies, partner_sessions (digests,
// and kept forms); partner_applications (the form, criteria and reason sealed); partner_clients: whose a client is; partner_sandbox_clients: a request's client
// at a sandbox, its registration token sealed. Sweep says what is
// deleted when. Addresses are sealed and found by a keyed digest. All instants are UTC and come from Deps.Now.
//
// # Where it implements what
//
// S-09, S-22 to S-24, S-44, S-49, S-62 (IDs), S-66, S-67, S-73; 42 CFR 431.60(e): the criteria are the same for all, and a refusal has its reason.
package partners
