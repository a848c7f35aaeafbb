// Package dpop verifies DPoP proofs (RFC 9449): a JWT in the header DPoP by which a client shows, for one request, that it
// holds the private key to which its access token is bound.
//
// # A proof
//
//	header   typ dpop+jwt · alg PS256, ES256 or EdDSA · jwk, the public key
//	claims   jti · htm, the method · htu, the address · iat · ath, with an access token · nonce, if required
//
// Verify is pure. Whether a jti was seen before is for the caller to check, with ID and Thumbprint. Everything in a proof
// comes from the client, and the signature only proves possession of the key in the header; the token (cnf.jkt) or the code
// (dpop_jkt) says which key it has to be.
//
// # Freshness
//
// iat may be one minute in the past and ten seconds in the future. A server that requires nonces relies on its own clock
// instead: a proof with one of the last two nonces is fresh whatever its iat (RFC 9449 section 8), so that devices with a
// wrong clock can sign in. Nonces are not stored: each is a MAC over a time window.
//
// # Errors
//
// *Error says which rule a proof breaks; ErrNonce says that a nonce is missing or stale, and leads to use_dpop_nonce.
package dpop
