package provider

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// PeerCertificate returns the certificate that a client presented to our own TLS listener, or nil. The listener
// requests it (tls.RequestClientCert); the client's registration determines whether it is accepted.
func PeerCertificate(r *http.Request) *x509.Certificate {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil
	}
	return r.TLS.PeerCertificates[0]
}

// ProxyCertificate reads the certificate from a header set by a proxy in front: in the form of RFC 9440, or URL-encoded
// PEM. The header is ignored from any other peer; the proxy must remove it from incoming requests.
func ProxyCertificate(header string, proxies []netip.Prefix) func(*http.Request) *x509.Certificate {
	return func(r *http.Request) *x509.Certificate {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		values := r.Header.Values(header)
		if err != nil || len(values) != 1 ||
			!slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(peer.Addr().Unmap()) }) {
			return nil
		}
		return parseCertificate(values[0])
	}
}

func parseCertificate(text string) *x509.Certificate {
	var der []byte
	if inner, ok := strings.CutPrefix(text, ":"); ok {
		der, _ = base64.StdEncoding.DecodeString(strings.TrimSuffix(inner, ":"))
	} else if plain, err := url.PathUnescape(text); err == nil {
		if block, _ := pem.Decode([]byte(plain)); block != nil {
			der = block.Bytes
		}
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	return certificate
}

// certificate returns the client's certificate, nil if none was presented or none is requested.
func (s *Service) certificate(r *http.Request) *x509.Certificate {
	if s.proofs.ClientCertificate == nil {
		return nil
	}
	return s.proofs.ClientCertificate(r)
}

// thumbprint returns x5t#S256 of RFC 8705 section 3.1.
func thumbprint(certificate *x509.Certificate) string {
	sum := sha256.Sum256(certificate.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// checkCertificate authenticates a client by its certificate: issued by a trusted authority to a name that the client
// registered (RFC 8705 section 2.1), or registered itself (section 2.2). The error is a refusal.
func (s *Service) checkCertificate(r *http.Request, client *Client, now time.Time) error {
	certificate := s.certificate(r)
	switch {
	case certificate == nil:
		return refusal("The client presented no certificate.")
	case now.Before(certificate.NotBefore) || now.After(certificate.NotAfter):
		return refusal("The client's certificate is not valid at this time.")
	case client.Metadata.TokenEndpointAuthMethod == authSelfSignedTLS:
		return s.checkSelfSigned(r, client, certificate)
	case !s.issued(r, certificate, now):
		return refusal("The client's certificate is not from an authority trusted here.")
	case !hasName(certificate, client.Metadata):
		return refusal("The client's certificate is not in the name that the client registered.")
	}
	return nil
}

func (s *Service) issued(r *http.Request, certificate *x509.Certificate, now time.Time) bool {
	if s.proofs.ClientCAs == nil { // Verify would use the system's authorities
		return false
	}
	between := x509.NewCertPool()
	if PeerCertificate(r) == certificate {
		for _, c := range r.TLS.PeerCertificates[1:] {
			between.AddCert(c)
		}
	}
	_, err := certificate.Verify(x509.VerifyOptions{Roots: s.proofs.ClientCAs, Intermediates: between, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return err == nil
}

func (s *Service) checkSelfSigned(r *http.Request, client *Client, certificate *x509.Certificate) error {
	keys, err := s.keysOf(r.Context(), client, "", "")
	if err != nil {
		return err
	}
	sum := sha256.Sum256(certificate.Raw)
	for _, key := range keys {
		if len(key.Certificates) > 0 && key.Certificates[0].Equal(certificate) || slices.Equal(key.CertificateThumbprintSHA256, sum[:]) {
			return nil
		}
	}
	return refusal("The client's certificate is not among its registered keys (x5c, x5t#S256).")
}

func hasName(certificate *x509.Certificate, m Metadata) bool {
	if want := m.TLSClientAuthSANDNS; want != "" {
		return slices.ContainsFunc(certificate.DNSNames, func(name string) bool { return strings.EqualFold(name, want) })
	}
	var subject pkix.RDNSequence
	rest, err := asn1.Unmarshal(certificate.RawSubject, &subject)
	return err == nil && len(rest) == 0 && len(subject) > 0 && normalDN(subject.String()) == normalDN(m.TLSClientAuthSubjectDN)
}

// normalDN removes what RFC 4514 leaves open: spaces around separators and the case of attribute types. Values compare
// byte for byte.
func normalDN(dn string) string {
	var parts []string
	start := 0
	for i := 0; i <= len(dn); i++ {
		if i < len(dn) && dn[i] == '\\' {
			i++
			continue
		}
		if i == len(dn) || dn[i] == ',' || dn[i] == '+' {
			name, value, _ := strings.Cut(dn[min(start, len(dn)):min(i, len(dn))], "=")
			parts = append(parts, strings.ToUpper(strings.TrimSpace(name))+"="+strings.TrimSpace(value))
			if i < len(dn) {
				parts = append(parts, dn[i:i+1])
			}
			start = i + 1
		}
	}
	return strings.Join(parts, "")
}
