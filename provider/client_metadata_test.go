package provider

import (
	"crypto/rsa"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

func TestMetadataRules(t *testing.T) {
	t.Parallel()
	no := false
	good := func() Metadata {
		return Metadata{ClientName: "Portal", RedirectURIs: []string{"https://app.example/callback"}}
	}
	for _, test := range []struct {
		name   string
		change func(*Metadata)
		member string // at fault; "" means accepted
	}{
		{"as registered", func(*Metadata) {}, ""},
		{"a name with a direction mark", func(m *Metadata) { m.ClientName = "Salud\u202e HUSKY" }, "client_name"},
		{"an operator with a zero-width space", func(m *Metadata) { m.OperatorName = "HUSKY\u200b Health" }, "operator_name"},
		{"a name with a line", func(m *Metadata) { m.ClientName = "Salud\nHUSKY" }, "client_name"},
		{"no name", func(m *Metadata) { m.ClientName = " " }, "client_name"},
		{"unknown profile", func(m *Metadata) { m.Profile = "vip" }, "profile"},
		{"no redirect_uri", func(m *Metadata) { m.RedirectURIs = nil }, "redirect_uris"},
		{"redirect_uri with a fragment", func(m *Metadata) { m.RedirectURIs = []string{"https://app.example/#x"} }, "redirect_uris"},
		{"redirect_uri with user information", func(m *Metadata) { m.RedirectURIs = []string{"https://a@app.example/"} }, "redirect_uris"},
		{"redirect_uri over http", func(m *Metadata) { m.RedirectURIs = []string{"http://app.example/"} }, "redirect_uris"},
		{"redirect_uri on localhost", func(m *Metadata) { m.RedirectURIs = []string{"http://localhost/"} }, "redirect_uris"},
		{"redirect_uri of a native app", func(m *Metadata) {
			m.ApplicationType, m.RedirectURIs = typeNative, []string{"http://127.0.0.1/cb", "http://[::1]/cb"}
		}, ""},
		{"redirect_uri of a web app on this machine", func(m *Metadata) { m.RedirectURIs = []string{"http://127.0.0.1:9000/cb"} }, ""},
		{"that without its port", func(m *Metadata) { m.RedirectURIs = []string{"http://127.0.0.1/cb"} }, "redirect_uris"},
		{"native app with a scheme of its own", func(m *Metadata) {
			m.ApplicationType, m.RedirectURIs, m.PostLogoutRedirectURIs = typeNative, []string{"com.example.app:/cb", "https://app.example/cb"}, []string{"com.example.app:/bye"}
		}, ""},
		{"web app with a scheme of its own", func(m *Metadata) { m.RedirectURIs = []string{"com.example.app:/cb"} }, "redirect_uris"},
		{"scheme without a dot", func(m *Metadata) { m.ApplicationType, m.RedirectURIs = typeNative, []string{"myapp:/cb"} }, "redirect_uris"},
		{"script scheme of a native app", func(m *Metadata) { m.ApplicationType, m.RedirectURIs = typeNative, []string{"javascript:alert(1)"} }, "redirect_uris"},
		{"scheme with a host", func(m *Metadata) { m.ApplicationType, m.RedirectURIs = typeNative, []string{"com.example.app://cb"} }, "redirect_uris"},
		{"scheme without a path", func(m *Metadata) { m.ApplicationType, m.RedirectURIs = typeNative, []string{"com.example.app:cb"} }, "redirect_uris"},
		{"scheme with a fragment", func(m *Metadata) { m.ApplicationType, m.RedirectURIs = typeNative, []string{"com.example.app:/cb#x"} }, "redirect_uris"},
		{"native app on localhost", func(m *Metadata) {
			m.ApplicationType, m.RedirectURIs = typeNative, []string{"http://localhost:1234/cb"}
		}, "redirect_uris"},
		{"native app without PKCE", func(m *Metadata) { m.ApplicationType, m.RequirePKCE = typeNative, &no }, "require_pkce"},
		{"unknown application_type", func(m *Metadata) { m.ApplicationType = "desktop" }, "application_type"},
		{"redirect_uri with a script scheme", func(m *Metadata) { m.RedirectURIs = []string{"javascript:alert(1)"} }, "redirect_uris"},
		{"relative redirect_uri", func(m *Metadata) { m.RedirectURIs = []string{"/callback"} }, "redirect_uris"},
		{"logout address over http", func(m *Metadata) { m.PostLogoutRedirectURIs = []string{"http://app.example/"} }, "post_logout_redirect_uris"},
		{"password grant", func(m *Metadata) { m.GrantTypes = []string{"password"} }, "grant_types"},
		{"implicit", func(m *Metadata) { m.ResponseTypes = []string{"id_token"} }, "response_types"},
		{"fragment", func(m *Metadata) { m.ResponseModes = []string{"fragment"} }, "response_modes"},
		{"HS256", func(m *Metadata) { m.IDTokenSignedResponseAlg = "HS256" }, "id_token_signed_response_alg"},
		{"none", func(m *Metadata) { m.IDTokenSignedResponseAlg = "none" }, "id_token_signed_response_alg"},
		{"public without PKCE", func(m *Metadata) { m.TokenEndpointAuthMethod, m.RequirePKCE = "none", &no }, "require_pkce"},
		{"confidential without PKCE", func(m *Metadata) { m.RequirePKCE = &no }, ""},
		{"client_credentials beside code", func(m *Metadata) { m.GrantTypes = []string{"authorization_code", "client_credentials"} }, "grant_types"},
		{"client_credentials of an app", func(m *Metadata) { m.GrantTypes = []string{"client_credentials"} }, "grant_types"},
		{"service without a secret", func(m *Metadata) {
			*m = Metadata{ClientName: "x", Profile: ProfileService, TokenEndpointAuthMethod: "none"}
		}, "token_endpoint_auth_method"},
		{"service", func(m *Metadata) { *m = Metadata{ClientName: "x", Profile: ProfileService} }, ""},
		{"private_key_jwt without keys", func(m *Metadata) { m.TokenEndpointAuthMethod = authPrivateKeyJWT }, "jwks"},
		{"private_key_jwt", func(m *Metadata) { m.TokenEndpointAuthMethod, m.JWKS = authPrivateKeyJWT, keySet(publicKey) }, ""},
		{"private_key_jwt by address", func(m *Metadata) {
			m.TokenEndpointAuthMethod, m.JWKSURI, m.TokenEndpointAuthSigningAlg = authPrivateKeyJWT, "https://app.example/jwks", "RS384"
		}, ""},
		{"jwks_uri over http", func(m *Metadata) {
			m.TokenEndpointAuthMethod, m.JWKSURI = authPrivateKeyJWT, "http://127.0.0.1/jwks"
		}, "jwks_uri"},
		{"jwks and jwks_uri", func(m *Metadata) { m.JWKS, m.JWKSURI = keySet(publicKey), "https://app.example/jwks" }, "jwks_uri"},
		{"a private key", func(m *Metadata) { m.JWKS = keySet(privateKey) }, "jwks"},
		{"a symmetric key", func(m *Metadata) { m.JWKS = keySet(`{"kty":"oct","k":"c2VjcmV0"}`) }, "jwks"},
		{"a key of no kind", func(m *Metadata) { m.JWKS = keySet(`{"kty":"x"}`) }, "jwks"},
		{"two keys of one kid", func(m *Metadata) { m.JWKS = keySet(publicKey + "," + publicKey) }, "jwks"},
		{"no keys", func(m *Metadata) { m.JWKS = keySet("") }, "jwks"},
		{"HS256 assertions", func(m *Metadata) {
			m.TokenEndpointAuthMethod, m.JWKS, m.TokenEndpointAuthSigningAlg = authPrivateKeyJWT, keySet(publicKey), "HS256"
		}, "token_endpoint_auth_signing_alg"},
		{"assertion algorithm of a client with a secret", func(m *Metadata) { m.TokenEndpointAuthSigningAlg = "ES256" }, "token_endpoint_auth_signing_alg"},
		{"tls_client_auth without a name", func(m *Metadata) { m.TokenEndpointAuthMethod = authTLS }, "tls_client_auth_subject_dn"},
		{"tls_client_auth with two names", func(m *Metadata) {
			m.TokenEndpointAuthMethod, m.TLSClientAuthSubjectDN, m.TLSClientAuthSANDNS = authTLS, "CN=app", "app.example"
		}, "tls_client_auth_san_dns"},
		{"tls_client_auth", func(m *Metadata) { m.TokenEndpointAuthMethod, m.TLSClientAuthSANDNS = authTLS, "app.example" }, ""},
		{"a certificate's name without tls_client_auth", func(m *Metadata) { m.TLSClientAuthSubjectDN = "CN=app" }, "tls_client_auth_subject_dn"},
		{"bound twice", func(m *Metadata) { m.DPoPBoundTokens, m.CertificateBoundTokens = true, true }, "dpop_bound_access_tokens"},
		{"fapi2", func(m *Metadata) { m.Profile, m.JWKS = ProfileFAPI2, keySet(publicKey) }, ""},
		{"fapi2 with certificates", func(m *Metadata) {
			m.Profile, m.TokenEndpointAuthMethod, m.TLSClientAuthSubjectDN, m.CertificateBoundTokens = ProfileFAPI2, authTLS, "CN=app", true
		}, ""},
		{"fapi2 with a secret", func(m *Metadata) { m.Profile, m.TokenEndpointAuthMethod = ProfileFAPI2, "client_secret_basic" }, "token_endpoint_auth_method"},
		{"fapi2 with RS256 assertions", func(m *Metadata) {
			m.Profile, m.JWKS, m.TokenEndpointAuthSigningAlg = ProfileFAPI2, keySet(publicKey), "RS256"
		}, "token_endpoint_auth_signing_alg"},
		{"fapi2 with RS256 ID tokens", func(m *Metadata) {
			m.Profile, m.JWKS, m.IDTokenSignedResponseAlg = ProfileFAPI2, keySet(publicKey), "RS256"
		}, "id_token_signed_response_alg"},
		{"fapi2 without PKCE", func(m *Metadata) { m.Profile, m.JWKS, m.RequirePKCE = ProfileFAPI2, keySet(publicKey), &no }, "require_pkce"},
		{"scope with a space", func(m *Metadata) { m.Scope = []string{"open id"} }, "scope"},
		{"initiate_login_uri over http", func(m *Metadata) { m.InitiateLoginURI = "http://app.example/" }, "initiate_login_uri"},
		{"request objects without keys", func(m *Metadata) { m.RequestObjectSigningAlg = "ES256" }, "jwks"},
		{"request objects by none", func(m *Metadata) { m.RequestObjectSigningAlg = "none" }, "request_object_signing_alg"},
		{"request objects by HS256", func(m *Metadata) { m.RequestObjectSigningAlg = "HS256" }, "request_object_signing_alg"},
		{"signed requests without an algorithm", func(m *Metadata) { m.RequireSignedRequest = true }, "request_object_signing_alg"},
		{"request objects", func(m *Metadata) {
			m.RequestObjectSigningAlg, m.RequireSignedRequest, m.JWKSURI = "PS256", true, "https://app.example/jwks"
		}, ""},
		{"signed responses by HS256", func(m *Metadata) { m.AuthorizationSignedResponseAlg = "HS256" }, "authorization_signed_response_alg"},
		{"signed userinfo by none", func(m *Metadata) { m.UserinfoSignedResponseAlg = "none" }, "userinfo_signed_response_alg"},
		{"signed responses", func(m *Metadata) {
			m.ResponseModes, m.UserinfoSignedResponseAlg = []string{"jwt", "form_post.jwt"}, "PS256"
		}, ""},
		{"negative default_max_age", func(m *Metadata) { m.DefaultMaxAge = new(-1) }, "default_max_age"},
		{"default_max_age of 0", func(m *Metadata) { m.DefaultMaxAge = new(0) }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := good()
			test.change(&m)
			err := m.complete(Rules{})
			fault, refused := errors.AsType[*MetadataError](err)
			if !refused && test.member != "" || refused && fault.Member != test.member {
				t.Errorf("complete = %v, want the fault at %q", err, test.member)
			}
		})
	}
}

// The key of RFC 7517 appendix A.
const (
	publicKey = `{"kty":"EC","crv":"P-256","kid":"1","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",` +
		`"y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}`
	privateKey = `{"kty":"EC","crv":"P-256","kid":"1","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",` +
		`"y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"}`
)

func keySet(keys string) *KeySet {
	s := &KeySet{}
	if err := json.Unmarshal([]byte(`{"keys":[`+keys+`]}`), s); err != nil {
		panic(err)
	}
	return s
}

// A client's keys are answered and stored as they were registered.
func TestKeySetKeepsItsText(t *testing.T) {
	t.Parallel()
	const text = `{"keys":[{"kty":"EC","crv":"P-256","kid":"1","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",` +
		`"y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","extra":[1]}]}`
	var m Metadata
	if err := json.Unmarshal([]byte(`{"client_name":"x","jwks":`+text+`}`), &m); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(m.JWKS)
	if err != nil || string(again) != text || len(m.JWKS.Keys) != 1 {
		t.Errorf("%d keys, written as %s (%v)", len(m.JWKS.Keys), again, err)
	}
}

func TestDemoMayRegisterLocalhost(t *testing.T) {
	t.Parallel()
	m := Metadata{ClientName: "Portal", RedirectURIs: []string{"http://localhost:8090/callback"}}
	if err := m.complete(Rules{InsecureLocal: true}); err != nil {
		t.Errorf("complete = %v", err)
	}
}

// S-44: a key that could be broken is none to encrypt to, wherever it came from.
func TestEncryptionKey(t *testing.T) {
	t.Parallel()
	small := jose.JSONWebKey{Key: &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 65537}}
	large := jose.JSONWebKey{Key: &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 2047), E: 65537}, KeyID: "large"}
	if key := encryptionKey([]jose.JSONWebKey{small, large}, "RSA-OAEP-256"); key == nil || key.KeyID != "large" {
		t.Errorf("encryptionKey = %v, want the large one", key)
	}
	if key := encryptionKey([]jose.JSONWebKey{small}, "RSA-OAEP-256"); key != nil {
		t.Errorf("encryptionKey = %v, want none", key)
	}
	if key := encryptionKey([]jose.JSONWebKey{large}, "ECDH-ES"); key != nil {
		t.Errorf("encryptionKey for ECDH-ES = %v, want none", key)
	}
}

// TestLocalhostIsNamed: who is refused reads why, and what to take (RFC 8252 8.3).
func TestLocalhostIsNamed(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]string{"http://localhost/cb": "http://127.0.0.1", "http://app.localhost/cb": "http://127.0.0.1", "myapp:/cb": "com.example.app:/callback"} {
		m := Metadata{ClientName: "x", ApplicationType: typeNative, RedirectURIs: []string{uri}}
		if err := m.complete(Rules{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", uri, err)
		}
	}
}

// TestLocalhostElsewhere: the advice for redirect URIs is none for addresses that nobody can call.
func TestLocalhostElsewhere(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]Metadata{
		"backchannel_logout_uri": {BackchannelLogoutURI: "http://localhost:9/x"}, "initiate_login_uri": {InitiateLoginURI: "http://localhost:9/x"},
		"signals_endpoint": {SignalMetadata: SignalMetadata{SignalsDelivery: deliveryPush, SignalsEndpoint: "http://localhost:9/x"}},
	} {
		m.ClientName, m.RedirectURIs = "x", []string{"https://app.example/cb"}
		if err := m.complete(Rules{}); err == nil || err.Error() != name+`: "http://localhost:9/x" is not https` {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFrontChannelOrigin covers Front-Channel Logout 1.0 section 2.
func TestFrontChannelOrigin(t *testing.T) {
	t.Parallel()
	for front, ok := range map[string]bool{
		"https://a.example/front": true, "https://A.example:443/front?x=1": true, "https://b.example:8443/front": true, "http://127.0.0.1:9000/front": true,
		"https://other.example/front": false, "https://a.example:8443/front": false, "https://b.example/front": false, "http://127.0.0.1:9001/front": false, "https://a.example.evil.example/front": false,
	} {
		m := Metadata{ClientName: "x", RedirectURIs: []string{"https://a.example/cb", "https://b.example:8443/cb", "http://127.0.0.1:9000/cb"}, FrontchannelLogoutURI: front}
		err := m.complete(Rules{})
		if fault, _ := errors.AsType[*MetadataError](err); ok && err != nil || !ok && (fault == nil || fault.Member != "frontchannel_logout_uri") {
			t.Errorf("%s: %v", front, err)
		}
	}
}
