// Package provider is the OpenID Provider: it takes authorization requests, leads
// the member through what they need, and issues codes and tokens.
//
// # Rooms
//
// A file begins with the name of its room; a test lies beside what it tests.
//
//	authorize    the authorization request: reading, judging, storing, resuming and answering it
//	login        the pages of a sign-in: password, second step, re-authentication, what is asked after it
//	consent      what members allow partner apps, the list of their apps
//	device       sign-in on another screen (RFC 8628)
//	logout       RP-initiated, back-channel and front-channel logout
//	signal       Security Event Tokens, pushed and polled
//	token        grants, and the endpoints that issue, inspect and revoke tokens
//	claims       what ID tokens and userinfo say about a member
//	client       the registry of clients, their metadata, and how they authenticate
//	discovery    metadata, keys, the OpenAPI document and the page for developers
//	fosite       what fosite needs: configuration, storage, session
//	errors       descriptions in OAuth errors
//	conformance  tests: certification profiles and relying-party libraries
//	bench        tests: the harness
//
// doc.go, deps.go (what the package needs of others) and handler.go (routes) belong to all rooms.
//
// # The life of a request
//
//	GET /authorize ──checked by authorize_request.go and fosite──> nextStep(request, session)
//	    │ not provable                                      │ nothing unmet      │ prompt=none      │ a step is unmet
//	    v                                                   v                    v                  v
//	  our error page                                  code to the app      error to the app   stored as interaction,
//	                                                                                          303 to the step's page
//	/login, /login/accounts, /register/… ──work done──> GET /authorize/resume?flow=… ──> nextStep again
//	                                                        │ nothing unmet
//	                                                        v
//	                               a page of ours, navigating ──> …&go=1 ──> code, or the member's no, to the app
//
// The page between is there because browsers apply form-action to every redirect after a post,
// also to the app's own (authorize_resume.go).
//
// What counts as the request (authorize_request.go) is what was pushed (authorize_par.go), what a signed
// request object says (authorize_request_object.go), or the parameters themselves; from there on
// all three are one authorizeRequest; a post too long for an address is kept first (authorize_posted.go).
// It is judged, by fosite and by rules of ours, when it arrives, when it is answered and when
// the member is asked for consent; the pages between read what was stored.
// A pushed request may be opened again until a code was issued for it, which is marked in
// the batch that inserts the grant: a use by another interaction violates a constraint and
// undoes it; the member's no ends it too. The answer is plain or a JWT (authorize_answer.go).
//
// Clients of the profile certification, where a deployment switches it on, may also get
// tokens from the authorization endpoint (authorize_response_type.go) and name a request object by
// its address (client_documents.go).
//
// A signed-in member's request is answered without being stored. A stored one is
// found by an opaque id in the address together with the browser's cookie, lives 48
// hours, and survives restarts, since nothing of it is in memory. Once answered it is answered
// again for ten minutes, judged again each time: a second press, a reload and Back lead to the
// app. Afterwards it is over, and leads whoever is signed in to where the app starts.
//
// # What fosite decides
//
//	authorization request  client, redirect_uri, scopes, response_type, the order of errors;
//	                       ours before it: request objects, PAR, hints, prompt, max_age, resource,
//	                       response modes, lengths (authorize_request.go)
//	code                   fosite: grant type, redirect_uri, one use, PKCE
//	refresh                fosite: grant type, expiry, scopes, reuse; ours: the retry within 10 s and
//	                       the family's end (S-38), narrower scopes (RFC 6749 6)
//	client_credentials     fosite: grant type, scopes, no public clients
//	tokens                 fosite: which are issued; ours: what they say and how they are signed
//	                       (token_strategy.go), since its claims are not RFC 9068's and its signer knows
//	                       neither EdDSA nor keys that rotate
//	client authentication  ours (client_auth.go): one registered method a client, mutual TLS, jti once
//	storage                ours: one row a grant, one load and one batch a request; what fosite's
//	                       interfaces demand beside that is in fosite_writes_nothing.go
//	device, jwt-bearer     ours (device_code.go, token_jwt_bearer.go), as handlers of fosite's token endpoint
//	PAR, introspection,    ours: fosite's fail 13 of 14 tests of our rules, which
//	revocation, device     docs/decisions/001-fosite.md lists
//	answers, errors        fosite's codes; our words, iss, modes and headers (authorize_answer.go, errors.go)
//	DPoP, mTLS, JARM,      ours: fosite has none
//	RFC 8707, 9207, 9701
//
// # A grant
//
//	grants           one row: code, PKCE challenge, OpenID Connect facts, revocation
//	code_redemptions the code was presented; a second insert violates the key
//	refresh_tokens   one row a token; the unique predecessor lets one successor exist
//
// fosite asks its storage for codes, PKCE and OpenID Connect sessions one by one. exchange
// (token_exchange.go) loads the grant once, before fosite is asked, and hands it to fosite in the
// session that its handlers carry (fosite_session.go); the storage answers from there. What fosite
// has decided is written as one pipelined batch before the answer.
// Constraints undo the whole batch when another request was first: authorize takes one
// statement trip, code exchange and refresh two each.
//
//	call            the request as it came: form, DPoP proof, source, time (token_exchange.go)
//	presentedGrant  the grant behind its code or refresh token, loaded once (token_presented_grant.go)
//	terms           what the tokens say beyond their grant: sender, resource, claims (token_exchange.go)
//	made            the code and tokens (token_strategy.go)
//	exchange        all of that, which saveTokens writes (token_store.go)
//
// Each is returned by the function that computes it and not changed afterwards, but for the
// session, on which token_strategy.go notes what was made.
//
// A failed redemption kills the code, a replay by the code's client revokes the grant
// (RFC 9700 2.1.1, security bar S-32, S-33). A refresh token's successor is a keyed
// digest of it: for 10 s every use by its client gets the same one, whether an answer was
// lost or two windows came at once, of which the loser waits for the winner's row and
// joins. A later use, or one by another client or key or for another resource, revokes the
// family (S-38). Access tokens are JWTs (RFC 9068) for 10
// minutes, whose jti names the grant, so that our own endpoints see a revocation at
// once. A grant may be for several resource servers, an access token is for one
// (authorize_resource.go); a refresh may narrow it to fewer scopes (token_scope.go).
//
// # Proof by keys
//
//	client_auth.go  each client by its one method: a secret, a signed assertion
//	                (client_assertion.go), a certificate (client_certificate.go)
//	token_proof.go  DPoP proofs, and what tokens are bound to: cnf
//	token_jti.go    assertions and proofs are used once: one insert for both, after all
//	                other checks, which is the one round trip that keys cost
//
// A code may be bound to a key before it is issued (dpop_jkt, or a proof at the pushed
// request). A refresh token remembers the key that it was issued to; it is then not
// rotated, a confidential client may come with a new key, a public one may not, and
// none comes without (S-38).
//
// ID tokens, logout tokens and userinfo are encrypted to the client's key where it
// registered that (token_encryption.go). Our own keys sign RS256, PS256, ES256 and, once a client
// wants it, EdDSA. A service may ask with a JWT of its own (token_jwt_bearer.go).
//
// # How much the member proves
//
//	authorize_acr.go   what a request needs: the highest of its essential acr, the client's
//	                   minimum_acr and the minimum of its scopes; and what the app would like:
//	                   acr_values, a voluntary acr, default_acr_values
//	authorize_step.go  compares it with the session; a wish counts as far as the member's
//	                   second steps reach
//	login_factor.go    the second step of a sign-in or step-up: an app's code, a passkey, a
//	                   saved code
//	login_reauth.go    the password again, then the second step; or what has to be added first
//
// A request whose minimum is not reached is never answered with less: the member continues
// and proves more, or the app gets unmet_authentication_requirements (S-19).
//
// # What the member decides
//
//	consent.go              a partner's permission: a row of its own with an end and a pairwise
//	                        subject; ending it voids every grant made under it
//	consent_suspended.go    who has allowed an app that an operator disables is notified
//	consent_reminder.go     who has allowed partner apps something is reminded once a year
//	consent_groups.go       kinds of data, each a box; those of the health record are SMART App
//	                        Launch's scopes (authorize_smart_scope.go), sensitive ones last
//	login_agreement.go      a version of the license agreement published since the last sign-in
//	login_question.go       a secret question, where there is none: can be postponed
//	login_passkey_offer.go  a passkey, once, where the device can make one: can be declined
//	device_code.go          another screen (RFC 8628): allowing it makes the grant, whose code is
//	                        the device code
//	logout.go               ends the session and, in the same transaction, queues a logout token for
//	                        each app of the session that listens (logout_back_channel.go); NotifyApps does
//	                        so for sessions that ended in any other way
//	signal.go               Security Event Tokens to clients that listen: an ended session, a stopped
//	                        permission, a closed account; pushed (signal_push.go) or polled (signal_poll.go)
//
// # Apps of the health record
//
// SMART App Launch 2.2. A FHIR server is a service with a name (client_smart.go), whose document
// (discovery_smart.go) is made when the registry has changed.
//
//	authorize_smart.go         what the profile smart registers, aud, and the launch context of a token
//	authorize_smart_scope.go   scopes of the record, and which one covers another
//	authorize_launch_make.go   a FHIR server or portal launches an app for one member: the handle
//	authorize_launch.go        the handle in an authorization request: live when the request arrives,
//	                           good until the person it is for has signed in, spent in the batch that
//	                           inserts the grant, which keeps the context, sealed
//	token_backend.go           services that read in no member's name
//	client_auth.go             public apps may leave client_id out of a refresh: the token tells whose it is
//
// # The OpenAPI document
//
//	discovery_openapi_operations.go  every endpoint for programs: parameters, forms, answers, errors, examples
//	discovery_openapi_schemas.go     what no Go type describes; the rest comes from the types (package openapi)
//	discovery_openapi.go             the document of a deployment, made once at the start
//
// Tests compare it with the routes, send its examples to a real provider and check the answers against it. openapi.json is the
// document of https://idp.example (go test -run TestOpenAPIFile -update).
//
// # Tables
//
// clients, client_errors (the last 100 refused requests of each), client_logos, client_language_logos, client_registry, interactions, par_requests, smart_launches, grants, code_redemptions,
// refresh_tokens, access_tokens (opaque ones), revoked_access_tokens, consents, app_complaints (sealed, for three years, or a month after the account was closed),
// pairwise_subjects, device_codes, used_jtis, signals; and the views account_states, account_closings and
// session_ends of package accounts: a grant is void with its account, with a password changed
// since, and with the end of its session, a sign-out only without offline_access. Instants are UTC. Sweep deletes what ended a day ago; consents that ended stay,
// as receipts, and pairwise_subjects, so that an app knows its member again.
//
// # Who sees what
//
// Apps get what the granted scopes name (claims.go), and single claims that they asked
// for (claims_request.go) where the client's scopes, and for a partner the member's
// consent, cover them. Codes, tokens and secrets are
// stored as digests; the parameters of stored requests are sealed, for login_hint may
// name a member.
//
// # Errors
//
// Until client_id and redirect_uri are proven the member sees our page with the code
// and the parameter at fault; from then on the app gets the error with state and iss.
// The token endpoint answers RFC 6749 5.2, userinfo RFC 6750 3.1. A lost database is
// 503 everywhere.
//
// # Specifications
//
// RFC 6749, 6750, 7009, 7523 (both uses), 7591 and 7592 (with an initial access token),
// 7636 (S256 only), 7662, 8414, 8628, 8705, 8707, 9068, 9101 (by value), 9126, 9207, 9449,
// 9701; OpenID Connect Core 1.0 (implicit and hybrid flow for certification alone),
// Discovery 1.0, RP-Initiated, Front-Channel and Back-Channel Logout 1.0, Form Post Response
// Mode 1.0, Initiating User Registration 1.0, JWT Secured Authorization Response Mode
// (signed); SMART App Launch 2.2 (standalone and EHR launch, backend services); OpenAPI 3.1. Where they leave a choice,
// the stricter one of RFC 9700.
package provider
