// Package dpop verifies proofs of possession (RFC 9449): a JWT in the header DPoP by
// which a program shows, for one request, that it holds the private key to which its
// access token is bound.
//
// # A proof
//
//	header   typ dpop+jwt · alg PS256, ES256 or EdDSA · jwk, the public key
//	claims   jti · htm, the method · htu, the address · iat · ath, with an access token · nonce, when asked for
//
// Verify is pure: what it cannot know alone, whether the jti came before, is the
// caller's to ask with ID and Thumbprint. Everything in the proof is the client's, and
// the signature alone proves that it holds the key in the header; whose key that is
// says the token (cnf.jkt) or the code (dpop_jkt).
//
// # Freshness
//
// iat may lie a minute back and ten seconds ahead. A server that demands nonces lets
// its own clock decide instead: a proof with one of the last two nonces is fresh
// whatever its iat (RFC 9449 section 8), so that a device with a wrong clock gets in.
// Nonces are not stored: each is a MAC over a window of time.
//
// # Errors
//
// *Error says in words which rule a proof breaks; ErrNonce says that a nonce is missing
// or old and answers use_dpop_nonce.
package dpop
