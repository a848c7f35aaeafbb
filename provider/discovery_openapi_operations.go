package provider

import (
	"net/http"
	"reflect"

	"huskyidp/internal/openapi"
)

const (
	mediaJSON = "application/json"
	mediaHTML = "text/html"

	sampleClient   = "my-app"
	sampleRedirect = "https://app.example/callback"
	sampleFHIR     = "https://fhir.example/r4"
	sampleJWT      = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJteS1hcHAifQ.c2lnbmF0dXJl"
	sampleToken    = "ksPBM2I8fE9CyJkZlfaVnZBjcWHSuY7eDqOZwuWoKbQ"
)

func need(name, text string, example any) field {
	return field{name: name, text: text, required: true, example: example}
}
func may(name, text string) field { return field{name: name, text: text} }
func sent(name, text string, example any) field {
	return field{name: name, text: text, example: example}
}

// listed is a field that may come more than once.
func listed(name, text string) field { return field{name: name, text: text, schema: listOfStrings()} }

func fixed(name, value string) field {
	return field{name: name, required: true, schema: object{"const": value}, example: value}
}

var (
	dpopHeader   = field{in: "header", name: "DPoP", text: "A proof, to bind the tokens to a key (RFC 9449)."}
	tokenHint    = may("token_type_hint", "Not needed, and ignored.")
	badClient    = []string{"invalid_client"}
	badForm      = []string{"invalid_request"}
	resourceList = listed("resource", "The APIs that the token is for (RFC 8707).")
)

// requestFields are the parameters of an authorization request; the endpoint itself has two more.
func requestFields(m metadata) []field {
	return []field{
		sent("response_type", "Needed unless the request was pushed or is signed.", "code"),
		sent("redirect_uri", "One that the client registered, byte for byte. Needed unless the request was pushed or is signed.", sampleRedirect),
		sent("scope", "Names with spaces between them. Unknown ones are ignored.", "openid email offline_access"),
		sent("state", "Comes back as it is; at most 4096 bytes.", "state-1"),
		sent("nonce", "Comes back in the ID token; at most 4096 bytes.", "nonce-1"),
		sent("code_challenge", "PKCE (RFC 7636). Needed unless the client registered otherwise.", "B5-B07f72BU1YCDFDY9B0LPn3eLarl9By_EfO1y9vAs"),
		{name: "code_challenge_method", schema: object{"enum": m.CodeChallengeMethodsSupported}, example: "S256"},
		{name: "response_mode", text: "One that the client registered.", schema: object{"enum": m.ResponseModesSupported}},
		may("prompt", "With spaces between them: none, alone; login, consent, select_account, create."),
		{name: "max_age", text: "Seconds since the sign-in.", schema: object{"type": "string", "pattern": "^[0-9]+$"}},
		may("id_token_hint", "An ID token of the member who is expected."), may("login_hint", "A username to begin with."),
		may("ui_locales", "Languages of the pages."), may("acr_values", "How much to prove, best first; a wish."),
		may("claims", "Single claims, as JSON (OpenID Connect Core 5.5)."), resourceList,
		may("dpop_jkt", "Thumbprint of the key that the code is bound to (RFC 9449 10)."),
		may("aud", "SMART App Launch: the FHIR server."), may("launch", "SMART App Launch: the handle that the app was launched with."),
		may("request", "The request as a signed JWT (RFC 9101)."),
	}
}

var requestErrors = []string{"invalid_request", "unauthorized_client", "unsupported_response_type", "unsupported_response_mode", "invalid_scope", "invalid_target", "invalid_authorization_details",
	"access_denied", "login_required", "interaction_required", "consent_required", "unmet_authentication_requirements", "invalid_request_uri", "invalid_request_object",
	"request_not_supported", "request_uri_not_supported", "registration_not_supported"}

// tokenForms is one form for each grant type.
func tokenForms() []form {
	return []form{
		{"AuthorizationCodeGrant", []field{fixed("grant_type", "authorization_code"), need("code", "From the answer at the redirect_uri; good once, for 60 seconds.", sampleToken),
			need("redirect_uri", "As in the authorization request.", sampleRedirect), sent("code_verifier", "PKCE: needed if there was a code_challenge.", "K4pQ5DfNra_zRL2wPbQl5UtkCarYBzROZ0H9rz9b5cQ"), resourceList}},
		{"RefreshTokenGrant", []field{fixed("grant_type", "refresh_token"), need("refresh_token", "", sampleToken),
			may("scope", "Fewer scopes, for this access token."), resourceList}},
		{"ClientCredentialsGrant", []field{fixed("grant_type", "client_credentials"), sent("scope", "", "system/Observation.rs"), resourceList,
			assertionFields[0], assertionFields[1]}},
		{"DeviceCodeGrant", []field{fixed("grant_type", grantDevice), need("device_code", "From the device authorization endpoint.", sampleToken),
			sent("client_id", "", sampleClient), resourceList}},
		{"JWTBearerGrant", []field{fixed("grant_type", grantJWTBearer), need("assertion", "A JWT with iss and sub the client_id, that the client signed (RFC 7523 2.1).", sampleJWT),
			may("scope", ""), resourceList, assertionFields[0], assertionFields[1]}},
	}
}

// operations are all endpoints for programs of a deployment.
func operations(m metadata, schemas openapi.Schemas) []operation {
	all := append(documents(m, schemas), append(signInOperations(m), tokenOperations(m, schemas)...)...)
	if m.RegistrationEndpoint != "" {
		all = append(all, registrationOperations(m, schemas)...)
	}
	return all
}

// documents may be cached, and read from any origin.
func documents(m metadata, schemas openapi.Schemas) []operation {
	discovery := schemas.Of(reflect.TypeFor[metadata]())
	smart := schemas.Of(reflect.TypeFor[smartConfiguration]())
	document := func(id, path, summary string, schema object, example any) operation {
		return operation{method: http.MethodGet, path: path, id: id, summary: summary, answers: []answer{
			{status: 200, text: "The document, good for an hour.", media: mediaJSON, schema: schema, example: example, headers: []string{"Cache-Control"}}}}
	}
	tagged := func(op operation) operation {
		op.parameters = append(op.parameters, field{in: "header", name: "If-None-Match", text: "The ETag of an earlier answer."})
		op.answers = append(op.answers, answer{status: 304, text: "Not changed.", headers: []string{"ETag"}})
		op.answers[0].headers = append(op.answers[0].headers, "ETag")
		return op
	}
	server := tagged(document("fhirServerConfiguration", fhirPath+":name/.well-known/smart-configuration", "SMART App Launch 2.2, of one FHIR server", smart, nil))
	server.parameters = append(server.parameters, field{in: "path", name: "name", text: "Its registered fhir_server.", required: true, example: "records"})
	server.errors = map[int][]string{404: badForm}
	return []operation{
		tagged(document("openIDConfiguration", "/.well-known/openid-configuration", "OpenID Connect Discovery 1.0", discovery, m)),
		tagged(document("authorizationServerMetadata", "/.well-known/oauth-authorization-server", "The same (RFC 8414)", discovery, nil)),
		tagged(document("smartConfiguration", "/.well-known/smart-configuration", "SMART App Launch 2.2, what all FHIR servers have in common", smart, newSmartConfiguration(m))),
		server,
		tagged(document("signalsConfiguration", "/.well-known/ssf-configuration", "OpenID Shared Signals 1.0", refTo("SignalsConfiguration"), newSignalsConfiguration(m))),
		tagged(document("jwks", "/jwks", "The keys that sign our tokens", refTo("JWKS"), object{"keys": []any{object{
			"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "2026-01", "x": "dF9kPVeZhcKb3pvZLBLwTYfUlSWufgtnjDSXu58u4ko", "y": "fu3kbpULY_Om-tibvHWhYT3u_F2M9Tm0Sy3M6cXIFF0"}}})),
		tagged(document("openAPI", openAPIPath, "This document", object{"type": "object", "required": []string{"openapi", "info", "paths"}}, nil)),
		{method: http.MethodGet, path: "/logo/:digest", id: "logo", summary: "Our copy of a client's logo",
			parameters: []field{{in: "path", name: "digest", text: "SHA-256 of the picture.", required: true, example: "_5yf30NH_1G0ON9Xe-y8XJoj2Wb5k2mQR44dh2eg6j8"}},
			answers:    []answer{{status: 200, text: "The picture.", media: "image/png", headers: []string{"Cache-Control"}}, {status: 200, media: "image/jpeg"}, {status: 200, media: "image/webp"}},
			errors:     map[int][]string{404: badForm}},
	}
}

// signInOperations are for the member's browser, but for /par.
func signInOperations(m metadata) []operation {
	authorize := operation{path: "/authorize", summary: "Authorization request (RFC 6749 3.1, OpenID Connect Core 3.1.2)", redirected: requestErrors,
		text: "A request whose client_id or redirect_uri is not proven stays on our page (400).",
		answers: []answer{
			{status: 303, text: "On to our pages, or back to the app: redirect_uri with code, state and iss, or with error; or with response, a JWT that has them.", headers: []string{"Location"}},
			{status: 200, text: "A page of ours, or the form that posts the answer (form_post).", media: mediaHTML},
			{status: 400, text: "Our page: who asks is not proven.", media: mediaHTML}}}
	fields := append([]field{need("client_id", "", sampleClient), may("request_uri", "A request that was pushed (RFC 9126); then only client_id besides.")}, requestFields(m)...)
	get, post := authorize, authorize
	get.method, get.id, get.parameters = http.MethodGet, "authorize", fields
	post.method, post.id, post.forms = http.MethodPost, "authorizeByPost", []form{{"AuthorizationRequest", fields}}
	logout := operation{path: "/logout", summary: "Sign-out (OpenID Connect RP-Initiated Logout 1.0)",
		text: "The member confirms. An address that is not registered is not gone to: our page says so.",
		answers: []answer{{status: 200, text: "The page that asks the member.", media: mediaHTML},
			{status: 303, text: "Nobody is signed in: on to our last page, which leads to the app. Of a post: to the page.", headers: []string{"Location"}}}}
	fields = []field{sent("id_token_hint", "The member's ID token; it may have expired.", sampleJWT), sent("client_id", "If there is no hint.", sampleClient),
		sent("post_logout_redirect_uri", "One that the client registered.", "https://app.example/bye"), sent("state", "Comes back as it is.", "state-1"), may("ui_locales", "Languages of the page.")}
	out, outByPost := logout, logout
	out.method, out.id, out.parameters = http.MethodGet, "logout", fields
	outByPost.method, outByPost.id, outByPost.forms = http.MethodPost, "logoutByPost", []form{{"LogoutRequest", fields}}
	outByPost.answers = logout.answers[1:]
	return []operation{get, post, out, outByPost,
		{method: http.MethodPost, path: "/par", id: "pushAuthorizationRequest", summary: "Pushed authorization request (RFC 9126)", caller: byClient,
			parameters: []field{dpopHeader}, forms: []form{{"PushedAuthorizationRequest", requestFields(m)}},
			answers: []answer{{status: 201, text: "Stored for 90 seconds.", media: mediaJSON, schema: refTo("PushedRequest"),
				example: object{"request_uri": parPrefix + sampleToken, "expires_in": int(parLifetime.Seconds())}}},
			errors: map[int][]string{400: {"invalid_request", "invalid_scope", "invalid_target", "invalid_request_object", "invalid_dpop_proof", "use_dpop_nonce"}, 401: badClient}},
	}
}

func tokenOperations(_ metadata, schemas openapi.Schemas) []operation {
	userinfo := operation{path: "/userinfo", summary: "Claims about the member (OpenID Connect Core 5.3)", caller: byToken,
		parameters: []field{{in: "header", name: "DPoP", text: "A proof, for a token of the scheme DPoP."}},
		answers: []answer{
			{status: 200, text: "The claims that the token's scopes release; a JWT if the client registered it so.", media: mediaJSON, schema: refTo("Userinfo"),
				example: object{"sub": "3f0c2b1e-6a4d-4c58-9b77-5d2e8a1f4c90", "email": "maria@example.org", "email_verified": true}},
			{status: 200, media: "application/jwt", schema: object{"type": "string"}}},
		errors: map[int][]string{400: badForm, 401: {"invalid_token", "invalid_dpop_proof", "use_dpop_nonce", "invalid_request"}, 403: {"insufficient_scope"}}}
	get, post := userinfo, userinfo
	get.method, get.id, post.method, post.id = http.MethodGet, "userinfo", http.MethodPost, "userinfoByPost"
	return []operation{
		{method: http.MethodPost, path: "/token", id: "token", summary: "Token request (RFC 6749 3.2)", caller: byClient, parameters: []field{dpopHeader}, forms: tokenForms(),
			answers: []answer{{status: 200, text: "The tokens.", media: mediaJSON, schema: refTo("TokenResponse"), headers: []string{"Cache-Control"},
				example: object{"access_token": sampleJWT, "token_type": "bearer", "expires_in": 599, "scope": "openid email offline_access", "refresh_token": sampleToken, "id_token": sampleJWT}}},
			errors: map[int][]string{400: {"invalid_request", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope", "invalid_target", "invalid_authorization_details",
				"invalid_dpop_proof", "use_dpop_nonce", "authorization_pending", "slow_down", "expired_token", "access_denied"}, 401: badClient}},
		get, post,
		{method: http.MethodPost, path: "/introspect", id: "introspect", summary: "What a token is good for, for APIs (RFC 7662, RFC 9701)", caller: byClient,
			text:       "A token for another API than the caller's resource_server is not active, like one that is unknown.",
			parameters: []field{{in: "header", name: "Accept", text: introspectionJWT + " gets a signed JWT."}},
			forms:      []form{{"IntrospectionRequest", []field{need("token", "An access token.", sampleJWT), tokenHint}}},
			answers: []answer{{status: 200, text: "What it is good for.", media: mediaJSON, schema: schemas.Of(reflect.TypeFor[introspection]()), example: object{"active": false}},
				{status: 200, media: introspectionJWT, schema: object{"type": "string", "description": "A JWT with the same in token_introspection."}}},
			errors: map[int][]string{400: badForm, 401: badClient}},
		{method: http.MethodPost, path: "/revoke", id: "revoke", summary: "Ends a token; a refresh token with all that came of it (RFC 7009)", caller: byClient,
			forms:   []form{{"RevocationRequest", []field{need("token", "An access or refresh token of the client.", sampleToken), tokenHint}}},
			answers: []answer{{status: 200, text: "It has ended, or was unknown."}},
			errors:  map[int][]string{400: {"invalid_request", "unauthorized_client"}, 401: badClient}},
		{method: http.MethodPost, path: "/device_authorization", id: "deviceAuthorization", summary: "Sign-in on another screen (RFC 8628)", caller: byClient,
			forms: []form{{"DeviceAuthorizationRequest", []field{sent("client_id", "", sampleClient), sent("scope", "", "openid"), resourceList}}},
			answers: []answer{{status: 200, text: "The codes.", media: mediaJSON, schema: refTo("DeviceAuthorization"), example: object{
				"device_code": sampleToken, "user_code": "BCDF-GHJK", "verification_uri": "https://idp.example/device", "verification_uri_complete": "https://idp.example/device?user_code=BCDF-GHJK",
				"expires_in": int(deviceLife.Seconds()), "interval": int(devicePoll.Seconds())}}},
			errors: map[int][]string{400: {"invalid_request", "unauthorized_client", "invalid_scope", "invalid_target", "invalid_authorization_details"}, 401: badClient}},
		{method: http.MethodPost, path: launchPath, id: "makeLaunch", summary: "A FHIR server or portal launches an app (SMART App Launch 2.2)", caller: byClient,
			forms: []form{{"LaunchRequest", []field{need("app", "client_id of the app.", sampleClient), need("patient", "The id that we give as patient.", "3f0c2b1e-6a4d-4c58-9b77-5d2e8a1f4c90"),
				sent("aud", "The FHIR server's address, if the caller launches for several.", sampleFHIR), sent("encounter", "Id of an Encounter.", "enc-1"), sent("intent", "What the app should show.", "summary"),
				sent("fhirContext", "JSON array of references.", `[{"reference": "ImagingStudy/7"}]`),
				{name: "need_patient_banner", schema: object{"enum": []string{"true", "false"}}, example: "false"}}}},
			answers: []answer{{status: 201, text: "Open the app's launch address with iss and launch.", media: mediaJSON, schema: refTo("Launch"),
				example: object{"launch": sampleToken, "iss": sampleFHIR, "expires_in": int(launchLife.Seconds())}}},
			errors: map[int][]string{400: {"invalid_request", "unauthorized_client"}, 401: badClient}},
		{method: http.MethodPost, path: signalsPath, id: "pollSignals", summary: "Security Event Tokens that wait for the client (RFC 8936)", caller: bySecret,
			text: "Answered at once.",
			body: &body{schemas.Of(reflect.TypeFor[pollRequest]()), object{"maxEvents": 10, "ack": []string{"0199f3a0-1c2d-7e4f-8a5b-6c7d8e9f0a1b"}}},
			answers: []answer{{status: 200, text: "The tokens by jti.", media: mediaJSON, schema: schemas.Of(reflect.TypeFor[pollResponse]()),
				example: object{"sets": object{"0199f3a0-1c2e-7e4f-8a5b-6c7d8e9f0a1b": sampleJWT}}}},
			errors: map[int][]string{400: {"invalid_request", "unauthorized_client"}, 401: badClient}},
	}
}

const ignored = "Unknown members are ignored, and what an operator alone decides: profile, operator_verified, audience, resource_server, and what makes the client a FHIR server or lets it launch apps."

// registrationOperations are RFC 7591 and 7592.
func registrationOperations(m metadata, schemas openapi.Schemas) []operation {
	sent := schemas.Of(reflect.TypeFor[Metadata]())
	delete(schemas.Components["ClientMetadata"].(object), "required") // of what an operator registers
	replaced := schemas.Of(reflect.TypeFor[sentRegistration]())
	schemas.Components["ClientUpdate"].(object)["required"] = []string{"client_id"}
	request := &body{sent, object{"client_name": "Health diary", "redirect_uris": []string{sampleRedirect}, "scope": "openid email"}}
	stored := object{"client_id": sampleClient, "client_id_issued_at": 1767225600, "client_name": "Health diary", "profile": string(ProfilePartner),
		"redirect_uris": []string{sampleRedirect}, "scope": "openid email", "registration_client_uri": m.RegistrationEndpoint + "/" + sampleClient}
	registration := schemas.Of(reflect.TypeFor[registrationDocument]())
	bad := []string{"invalid_redirect_uri", "invalid_client_metadata"}
	one := func(method, id, summary string, answers ...answer) operation {
		return operation{method: method, path: RegistrationPath + "/:id", id: id, summary: summary, caller: byRegistrationToken, answers: answers,
			parameters: []field{{in: "path", name: "id", text: "The client_id.", required: true, example: sampleClient}}, errors: map[int][]string{401: {"invalid_token", "invalid_request"}}}
	}
	shown := answer{status: 200, text: "The registration.", media: mediaJSON, schema: registration, example: stored}
	update := one(http.MethodPut, "updateClient", "Replaces the registration", shown)
	update.text, update.errors[400] = "client_id, and client_secret if it is sent, are compared with what was issued. "+ignored, bad
	update.body = &body{replaced, object{"client_id": sampleClient, "client_name": "Health diary", "redirect_uris": []string{sampleRedirect}, "scope": "openid email"}}
	return []operation{
		{method: http.MethodPost, path: RegistrationPath, id: "registerClient", summary: "An app registers itself (RFC 7591)", text: ignored, caller: byInitialToken, body: request,
			answers: []answer{{status: 201, text: "The registration, with its secret and token: they are not shown again.", media: mediaJSON, schema: registration, example: stored}},
			errors:  map[int][]string{400: bad, 401: {"invalid_token", "invalid_request"}}},
		one(http.MethodGet, "readClient", "The registration (RFC 7592)", shown), update,
		one(http.MethodDelete, "deleteClient", "Ends the registration", answer{status: 204, text: "It has ended."}),
	}
}
