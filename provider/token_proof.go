package provider

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-jose/go-jose/v4"
	"github.com/ory/fosite"

	"huskyidp/internal/dpop"
	"huskyidp/internal/seal"
)

// ClientKeys returns the key sets behind clients' jwks_uri.
type ClientKeys interface {
	Get(ctx context.Context, address, kid string) ([]jose.JSONWebKey, error)
}

// ProofDeps are additional dependencies of client authentication and bound tokens. Whatever depends on a missing one is
// refused.
type ProofDeps struct {
	ClientKeys        ClientKeys                            // for clients with a jwks_uri
	ClientCertificate func(*http.Request) *x509.Certificate // PeerCertificate or ProxyCertificate, for mutual TLS
	ClientCAs         *x509.CertPool                        // issuers of certificates for tls_client_auth
	MTLSAddress       string                                // https://host of the listener that asks for certificates; "" if it is the issuer's
	RequireDPoPNonce  bool                                  // DPoP proofs need a nonce of ours (RFC 9449 section 8)
}

// confirmation names the key that a token is bound to: cnf of RFC 7800, with jkt (RFC 9449 section 6.1) or x5t#S256
// (RFC 8705 section 3.1). nil means a bearer token.
type confirmation struct {
	JKT string `json:"jkt,omitempty"`
	X5T string `json:"x5t#S256,omitempty"`
}

func (c *confirmation) key() string {
	switch {
	case c == nil:
		return ""
	case c.JKT != "":
		return c.JKT
	}
	return c.X5T
}

func (c *confirmation) tokenType() string {
	if c != nil && c.JKT != "" {
		return "DPoP"
	}
	return "Bearer"
}

// fixed reports whether a refresh token stays the same: a stolen one is useless without the key (S-38, FAPI 2.0 section
// 5.3.2.1).
func (t *refreshToken) fixed() bool { return t != nil && t.BoundKey != "" }

// invalidProof returns the error of RFC 9449 section 5.
func invalidProof(hint string) error {
	return ours("invalid_dpop_proof", hint)
}

// errUseNonce is the error of RFC 9449 section 8.
var errUseNonce = ours("use_dpop_nonce", "The DPoP proof needs the nonce of the header DPoP-Nonce.")

// readProof verifies the request's DPoP proof, if any. Every response carries the next proof's nonce, if one is required.
func (h *Handler) readProof(c *gin.Context, accessToken string, now time.Time) (*dpop.Proof, error) {
	nonces := h.service.nonces()
	if nonces != nil {
		c.Header("DPoP-Nonce", nonces.Current(now))
	}
	text, err := dpop.FromHeader(c.Request.Header)
	if err == nil && text == "" {
		return nil, nil
	}
	var proof dpop.Proof
	if err == nil {
		proof, err = dpop.Verify(text, dpop.Request{Method: c.Request.Method, URLs: h.service.addresses(c.Request.URL.Path),
			AccessToken: accessToken, Nonces: nonces, Now: now})
	}
	if errors.Is(err, dpop.ErrNonce) {
		return nil, errUseNonce
	}
	if err != nil {
		return nil, invalidProof(err.Error())
	}
	return &proof, nil
}

func (s *Service) nonces() *dpop.Nonces {
	if !s.proofs.RequireDPoPNonce {
		return nil
	}
	purpose, ring := []byte("dpop nonce"), s.store.keyring
	return &dpop.Nonces{
		MAC:       func(window []byte) []byte { return ring.MAC(seal.TokenMAC, purpose, window) },
		VerifyMAC: func(mac, window []byte) bool { return ring.VerifyMAC(seal.TokenMAC, mac, purpose, window) },
	}
}

// bindCode binds the code of a pushed request to the key of the proof that came with it (RFC 9449 section 10.1).
func bindCode(proof *dpop.Proof, form url.Values) error {
	if proof == nil {
		return nil
	}
	if asked := form.Get("dpop_jkt"); asked != "" && asked != proof.Thumbprint {
		return invalidProof("The dpop_jkt is not the key of the DPoP proof.")
	}
	form.Set("dpop_jkt", proof.Thumbprint)
	return nil
}

// checkDPoPKey checks that dpop_jkt is 32 bytes in base64url.
func (r *authorizeRequest) checkDPoPKey() error {
	if jkt := r.form.Get("dpop_jkt"); jkt != "" && (len(jkt) != 43 || !base64URL(jkt)) {
		return worded(fosite.ErrInvalidRequest, "The dpop_jkt is not a SHA-256 thumbprint in base64url.")
	}
	return nil
}

// bindTokens decides what the tokens of this request are bound to, and checks the sender against the requirements of
// code, refresh token and registration.
func (s *Service) bindTokens(in call, client *Client, found presentedGrant) (*confirmation, error) {
	bound := confirmation{}
	if client.Metadata.CertificateBoundTokens {
		certificate := s.certificate(in.request)
		if certificate == nil {
			return nil, worded(fosite.ErrInvalidRequest, "This client's tokens are bound to its certificate, and it presented none.")
		}
		bound.X5T = thumbprint(certificate)
	}
	if in.proof != nil {
		bound.JKT = in.proof.Thumbprint
	}
	var sender *confirmation
	if bound != (confirmation{}) {
		sender = &bound
	}
	switch g, token := found.grant, found.token; {
	case client.Metadata.DPoPBoundTokens && in.proof == nil:
		return sender, invalidProof("This client's tokens are bound to a key: a DPoP proof is needed.")
	case token == nil && g != nil && g.DPoPJKT != "" && g.DPoPJKT != bound.JKT:
		return sender, worded(fosite.ErrInvalidGrant, "The code is bound to another key, or a DPoP proof is missing.")
	case token.fixed() && sender == nil:
		return nil, invalidProof("The refresh token is bound: a DPoP proof or the client's certificate is needed.")
	case token.fixed() && client.IsPublic() && token.BoundKey != sender.key(): // RFC 9449 section 5
		return sender, worded(fosite.ErrInvalidGrant, "The refresh token is bound to another key.")
	}
	return sender, nil
}
