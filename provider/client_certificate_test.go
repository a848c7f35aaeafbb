package provider_test

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"testing"
	"time"

	"huskyidp/provider"
)

// authority issues client certificates.
type authority struct {
	key  keyPair
	cert *x509.Certificate
}

func newAuthority(t testing.TB) authority {
	t.Helper()
	key := newKeyPair(t, "ES256")
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Authority"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	return authority{key, issue(t, template, template, key, key)}
}

func issue(t testing.TB, template, parent *x509.Certificate, key, signer keyPair) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.private.Public(), signer.private)
	must(t, err)
	certificate, err := x509.ParseCertificate(der)
	must(t, err)
	return certificate
}

// client is an HTTP client with a certificate that change alters from a good one.
func (a authority) client(b *bench, change func(*x509.Certificate)) (*http.Client, *x509.Certificate) {
	b.t.Helper()
	key := newKeyPair(b.t, "ES256")
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: []string{"app.example"},
		Subject:     pkix.Name{CommonName: "app, the", Organization: []string{"Partner"}},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	if change != nil {
		change(template)
	}
	certificate := issue(b.t, template, a.cert, key, a.key)
	return withCertificate(b, certificate, key), certificate
}

func withCertificate(b *bench, certificate *x509.Certificate, key keyPair) *http.Client {
	transport := b.server.Client().Transport.(*http.Transport).Clone()
	transport.TLSClientConfig.Certificates = []tls.Certificate{{Certificate: [][]byte{certificate.Raw}, PrivateKey: key.private, Leaf: certificate}}
	b.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func mutualTLS(a authority) func(*bench, *provider.Deps) {
	return func(_ *bench, d *provider.Deps) {
		d.ClientCertificate, d.ClientCAs = provider.PeerCertificate, x509.NewCertPool()
		d.ClientCAs.AddCert(a.cert)
		d.MTLSAddress = "https://mtls.example"
	}
}

// TestTLSClientAuth covers RFC 8705 section 2.1.
func TestTLSClientAuth(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	b := newBenchIn(t, 4, mutualTLS(ca))
	register := func(subject, name string) string {
		id, _ := b.client(func(m *provider.Metadata) {
			m.TokenEndpointAuthMethod, m.TLSClientAuthSubjectDN, m.TLSClientAuthSANDNS = "tls_client_auth", subject, name
		})
		return id
	}
	good, _ := ca.client(b, nil)
	foreign, _ := stranger.client(b, nil)
	expired, _ := ca.client(b, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	server, _ := ca.client(b, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	for _, test := range []struct {
		name          string
		client        *http.Client
		subject, host string
		ok            bool
	}{
		{"by name", good, "", "app.example", true},
		{"by name in upper case", good, "", "APP.EXAMPLE", true},
		{"by subject", good, `CN=app\, the,O=Partner`, "", true},
		{"by subject with spaces", good, `cn=app\, the, o=Partner`, "", true},
		{"another name", good, "", "other.example", false},
		{"another subject", good, "CN=other,O=Partner", "", false},
		{"part of the subject", good, "O=Partner", "", false},
		{"another authority", foreign, "", "app.example", false},
		{"expired", expired, "", "app.example", false},
		{"for servers", server, "", "app.example", false},
		{"no certificate", b.server.Client(), "", "app.example", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, code := 401, "invalid_client"
			if test.ok {
				status, code = 400, "invalid_grant"
			}
			fields := url.Values{"client_id": {register(test.subject, test.host)}, "grant_type": {"refresh_token"}, "refresh_token": {"x"}}
			b.send(test.client, http.MethodPost, "/token", fields, nil).want(t, status, code)
			fields.Set("client_secret", "x")
			b.send(test.client, http.MethodPost, "/token", fields, nil).want(t, 401, "invalid_client")
		})
	}
}

// TestCertificateBoundTokens covers RFC 8705 sections 2.2 and 3, and conformance 9.6
// and 9.7 (ensure-holder-of-key-required) with certificates.
func TestCertificateBoundTokens(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	b := newBenchIn(t, 4, mutualTLS(ca))
	own, certificate := ca.client(b, nil)
	other, _ := ca.client(b, nil)
	none := b.server.Client()
	w := b.signedIn()
	p := b.holder("ES256", func(m *provider.Metadata) {
		m.TokenEndpointAuthMethod, m.CertificateBoundTokens = "self_signed_tls_client_auth", true
		key := provider.NewKeySet(m.JWKS.Keys...).Keys[0]
		key.Key, key.Certificates = certificate.PublicKey, []*x509.Certificate{certificate}
		m.JWKS = provider.NewKeySet(key)
	})
	bare := func(fields url.Values) url.Values {
		fields.Set("client_id", p.id)
		return fields
	}
	push := func(client *http.Client) answer {
		address, _ := b.request(p.id, nil)
		u, err := url.Parse(address)
		must(t, err)
		return b.send(client, http.MethodPost, "/par", u.Query(), nil)
	}
	push(none).want(t, 401, "invalid_client")
	push(other).want(t, 401, "invalid_client")

	address, verifier := b.request(p.id, nil)
	u, err := url.Parse(address)
	must(t, err)
	pushed := b.send(own, http.MethodPost, "/par", u.Query(), nil)
	pushed.want(t, 201, "")
	back := w.get("/authorize?" + url.Values{"client_id": {p.id}, "request_uri": {pushed.text("request_uri")}}.Encode())
	exchange := bare(url.Values{"grant_type": {"authorization_code"}, "code": {back.location.Query().Get("code")}, "code_verifier": {verifier}, "redirect_uri": {callback}})
	b.send(none, http.MethodPost, "/token", exchange, nil).want(t, 401, "invalid_client")
	a := b.send(own, http.MethodPost, "/token", exchange, nil)
	a.want(t, 200, "")
	sum := sha256.Sum256(certificate.Raw)
	cnf, _ := accessClaims(t, a.text("access_token"))["cnf"].(map[string]any)
	if cnf["x5t#S256"] != base64.RawURLEncoding.EncodeToString(sum[:]) || len(cnf) != 1 || a.text("token_type") != "Bearer" {
		t.Errorf("token_type %q, cnf %v", a.text("token_type"), cnf)
	}
	bearer := http.Header{"Authorization": {"Bearer " + a.text("access_token")}}
	b.send(own, http.MethodGet, "/userinfo", nil, bearer).want(t, 200, "")
	b.send(other, http.MethodGet, "/userinfo", nil, bearer).want(t, 401, "invalid_token")
	b.send(none, http.MethodGet, "/userinfo", nil, bearer).want(t, 401, "invalid_token")

	refresh := bare(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.text("refresh_token")}})
	b.send(none, http.MethodPost, "/token", refresh, nil).want(t, 401, "invalid_client")
	again := b.send(own, http.MethodPost, "/token", refresh, nil)
	again.want(t, 200, "")
	if again.text("refresh_token") != a.text("refresh_token") {
		t.Error("the refresh token was rotated (S-38)")
	}
}

// TestBoundByCertificateProvenByKey: private_key_jwt with certificate-bound tokens, as
// one of the FAPI plans has it.
func TestBoundByCertificateProvenByKey(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	b := newBenchIn(t, 4, mutualTLS(ca))
	own, _ := ca.client(b, nil)
	p := b.holder("ES256", func(m *provider.Metadata) { m.CertificateBoundTokens = true })
	code, verifier := p.code(b.signedIn(), nil)
	p.redeem(code, verifier).want(t, 400, "invalid_request")
	code, verifier = p.code(b.signedIn(), nil)
	fields := url.Values{"client_id": {p.id}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion": {p.assertion()}, "grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {verifier}, "redirect_uri": {callback}}
	b.send(own, http.MethodPost, "/token", fields, nil).want(t, 200, "")
}

// TestProofMetadata is what conformance 9.1 asks of the metadata about proofs, with and
// without a listener that asks for certificates.
func TestProofMetadata(t *testing.T) {
	t.Parallel()
	for _, with := range []bool{true, false} {
		b := newBenchIn(t, 4, func(b *bench, d *provider.Deps) {
			if with {
				mutualTLS(newAuthority(t))(b, d)
			}
		})
		var doc struct {
			Methods []string          `json:"token_endpoint_auth_methods_supported"`
			Algs    []string          `json:"token_endpoint_auth_signing_alg_values_supported"`
			DPoP    []string          `json:"dpop_signing_alg_values_supported"`
			Bound   bool              `json:"tls_client_certificate_bound_access_tokens"`
			Aliases map[string]string `json:"mtls_endpoint_aliases"`
		}
		must(t, json.Unmarshal([]byte(b.browser().get("/.well-known/openid-configuration").body), &doc))
		for _, alg := range []string{"PS256", "ES256", "EdDSA"} {
			if !slices.Contains(doc.Algs, alg) || !slices.Contains(doc.DPoP, alg) {
				t.Errorf("%s is missing in %v or %v", alg, doc.Algs, doc.DPoP)
			}
		}
		if !slices.Contains(doc.Methods, "private_key_jwt") || slices.Contains(doc.Methods, "tls_client_auth") != with ||
			slices.Contains(doc.Methods, "self_signed_tls_client_auth") != with || doc.Bound != with {
			t.Errorf("with certificates %v: methods %v, bound %v", with, doc.Methods, doc.Bound)
		}
		want := ""
		if with {
			want = "https://mtls.example/token"
		}
		if doc.Aliases["token_endpoint"] != want {
			t.Errorf("with certificates %v: aliases %v", with, doc.Aliases)
		}
	}
}

// A certificate in a header counts from the proxies that are named, and in one header.
func TestProxyCertificate(t *testing.T) {
	t.Parallel()
	certificate := newAuthority(t).cert
	read := provider.ProxyCertificate("Client-Cert", []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})
	escaped := url.PathEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})))
	bytes := ":" + base64.StdEncoding.EncodeToString(certificate.Raw) + ":"
	for _, test := range []struct {
		name, peer string
		values     []string
		ok         bool
	}{
		{"RFC 9440", "10.1.2.3:4444", []string{bytes}, true},
		{"PEM", "10.1.2.3:4444", []string{escaped}, true},
		{"another peer", "192.0.2.1:4444", []string{bytes}, false},
		{"two headers", "10.1.2.3:4444", []string{bytes, bytes}, false},
		{"none", "10.1.2.3:4444", nil, false},
		{"nonsense", "10.1.2.3:4444", []string{":x:"}, false},
		{"empty", "10.1.2.3:4444", []string{""}, false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/token", nil)
		r.RemoteAddr = test.peer
		for _, value := range test.values {
			r.Header.Add("Client-Cert", value)
		}
		if got := read(r); (got != nil && got.Equal(certificate)) != test.ok {
			t.Errorf("%s: certificate %v, want %v", test.name, got != nil, test.ok)
		}
	}
}
