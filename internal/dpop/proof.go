package dpop

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"huskyidp/internal/jws"
)

// Algorithms that proofs may be signed with (FAPI 2.0 section 5.4.1).
var Algorithms = []string{string(jose.PS256), string(jose.ES256), string(jose.EdDSA)}

var algorithms = []jose.SignatureAlgorithm{jose.PS256, jose.ES256, jose.EdDSA}

const (
	maxProof = 8 << 10 // bytes
	back     = time.Minute
	ahead    = 10 * time.Second
)

// Error says which rule of RFC 9449 section 4.3 a proof breaks.
type Error struct{ Rule string }

func (e *Error) Error() string { return "The DPoP proof " + e.Rule + "." }

// ErrNonce says that the proof is valid except that it lacks a current nonce.
var ErrNonce = errors.New("dpop: a nonce is needed")

// Proof is a verified proof.
type Proof struct {
	Thumbprint string    // of the key, base64url: jkt (RFC 7638 with SHA-256)
	ID         string    // jti
	Issued     time.Time // iat
	// Expires is when the proof is too old to be replayed, so that its ID need not be remembered any longer.
	Expires time.Time
}

// Request is what a proof must match.
type Request struct {
	Method      string
	URLs        []string // any of which may be the htu
	AccessToken string   // "" if none is presented, as at the token endpoint
	Nonces      *Nonces  // nil if none are required
	Now         time.Time
}

// FromHeader returns the only proof of a request, "" without one.
func FromHeader(h http.Header) (string, error) {
	switch values := h.Values("DPoP"); len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	}
	return "", &Error{"is sent in more than one header"}
}

// claims of a proof. Pointers distinguish missing claims.
type claims struct {
	ID        string   `json:"jti"`
	Method    string   `json:"htm"`
	URL       string   `json:"htu"`
	IssuedAt  *float64 `json:"iat"`
	TokenHash string   `json:"ath"`
	Nonce     string   `json:"nonce"`
}

// Verify checks a proof. The error is an *Error or ErrNonce.
func Verify(proof string, r Request) (Proof, error) {
	if jws.Check(proof, maxProof) != nil {
		return Proof{}, &Error{"is not a signed JWT"}
	}
	signed, err := jose.ParseSignedCompact(proof, algorithms)
	if err != nil || len(signed.Signatures) != 1 {
		return Proof{}, &Error{"lacks a permitted algorithm or a public key in its header"}
	}
	header := signed.Signatures[0].Protected
	if typ, _ := header.ExtraHeaders[jose.HeaderType].(string); !strings.EqualFold(typ, "dpop+jwt") {
		return Proof{}, &Error{"is not of the type dpop+jwt"}
	}
	key := header.JSONWebKey
	if key == nil || !key.IsPublic() || weak(key.Key) {
		return Proof{}, &Error{"has no suitable public key in its header"}
	}
	payload, err := signed.Verify(key.Key)
	if err != nil {
		return Proof{}, &Error{"has a signature that does not fit its key"}
	}
	var c claims
	if json.Unmarshal(payload, &c) != nil {
		return Proof{}, &Error{"has claims of the wrong type"}
	}
	if err := c.check(r); err != nil {
		return Proof{}, err
	}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return Proof{}, &Error{"has no suitable public key in its header"}
	}
	p := Proof{Thumbprint: base64.RawURLEncoding.EncodeToString(thumbprint), ID: c.ID, Issued: time.Unix(int64(min(max(*c.IssuedAt, 0), 1<<33)), 0), Expires: r.Now.Add(back + ahead)}
	if r.Nonces != nil {
		p.Expires = r.Now.Add(2 * nonceWindow)
	}
	return p, nil
}

func (c claims) check(r Request) error {
	switch {
	case c.ID == "":
		return &Error{"has no jti"}
	case c.Method != r.Method:
		return &Error{"is for another method"}
	case !among(c.URL, r.URLs):
		return &Error{"is for another address"}
	case c.IssuedAt == nil:
		return &Error{"has no iat"}
	case r.AccessToken != "" && subtle.ConstantTimeCompare([]byte(c.TokenHash), []byte(Hash(r.AccessToken))) != 1:
		return &Error{"has not the hash of the access token"}
	}
	if r.Nonces != nil {
		return r.Nonces.check(c.Nonce, r.Now)
	}
	if age := float64(r.Now.UnixMilli())/1000 - *c.IssuedAt; age > back.Seconds() || age < -ahead.Seconds() {
		return &Error{"was not made just now"}
	}
	return nil
}

// Hash returns the ath of an access token (RFC 9449 section 4.2).
func Hash(accessToken string) string {
	sum := sha256.Sum256([]byte(accessToken))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// weak reports RSA keys under 2048 bits. The curves of other keys follow from alg.
func weak(key any) bool {
	public, ok := key.(*rsa.PublicKey)
	return ok && (public.N.BitLen() < 2048 || public.N.BitLen() > 8192 || public.E < 3)
}

func among(htu string, addresses []string) bool {
	got, ok := normal(htu)
	if !ok {
		return false
	}
	for _, address := range addresses {
		if want, ok := normal(address); ok && got == want {
			return true
		}
	}
	return false
}

// normal returns an address without query and fragment, with scheme and host in lower case and without the default port
// (RFC 9449 section 4.3, RFC 3986 6.2.2 and 6.2.3).
func normal(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return "", false
	}
	scheme, host, port := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), u.Port()
	switch {
	case port == "" && scheme == "https":
		port = "443"
	case port == "" && scheme == "http":
		port = "80"
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + path, true
}
