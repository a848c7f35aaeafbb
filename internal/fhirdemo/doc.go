// Package fhirdemo is a small FHIR R4 server with invented records, so that apps of the health record can be tried from
// end to end. It is a resource server like any other: it speaks HTTP with the provider and imports nothing of it.
//
//	server.go      routes, CORS, answers
//	provider.go    what it asks the provider: the SMART configuration, introspection
//	token.go       access tokens: who may call
//	scope.go       scopes: what they may read
//	search.go      read and search
//	record.go      the resources of a person
//	capability.go  metadata
//
// # Tokens
//
// An access token is a JWT, which is verified with the provider's keys, or opaque. Either kind is introspected and the
// answer used for 30 seconds: a JWT is valid for minutes, but the member may stop the app at any time. The token's aud is
// this server and it is not bound to a key. If the provider is unreachable nobody reads: 503.
//
// # Records
//
// Names, birth dates and coverage are those of the Source; everything else is invented and the same at each start. A
// token with a patient opens the records of that person alone. Scopes with search parameters filter what is returned.
//
//	401  no token, or one that is not valid: WWW-Authenticate Bearer
//	403  a scope is missing, or the request names another patient, whether or not there is one
//	404  no such resource in the patient's record, or an unknown type
//	405  anything but GET
package fhirdemo
