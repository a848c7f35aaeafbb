package main

import (
	"crypto/x509"
	"net"
	"os"

	"huskyidp/internal/outbound"
	"huskyidp/provider"
)

// checkOutbound reads where calls to apps may go in addition to the public network.
func (e *environment) checkOutbound(m *mistakes) outbound.Options {
	o := outbound.Options{Allow: e.OutboundAllow}
	for _, target := range e.OutboundAllow {
		if _, _, err := net.SplitHostPort(target); err != nil {
			m.wrong("OUTBOUND_ALLOW", "%q is not host:port", target)
		}
	}
	if len(e.OutboundAllow) > 0 && !e.accepts(acceptOutbound) {
		m.weak("OUTBOUND_ALLOW", acceptOutbound, "lets calls into networks of ours")
	}
	if e.OutboundCA != "" {
		pem, err := os.ReadFile(e.OutboundCA)
		o.RootCAs = x509.NewCertPool()
		if err != nil || !o.RootCAs.AppendCertsFromPEM(pem) {
			m.wrong("OUTBOUND_CA", "must be a file of PEM certificates")
		}
	}
	return o
}

// checkProofs adds to checkMTLS: nonces, and certificates passed on by a proxy.
func (e *environment) checkProofs(s *settings, m *mistakes) {
	s.proofs.RequireDPoPNonce = e.DPoPNonce
	if e.ClientCertHeader == "" {
		return
	}
	if len(s.proxies) == 0 {
		m.wrong("CLIENT_CERT_HEADER", "is read from IDP_TRUSTED_PROXIES alone, which is empty")
	}
	if e.MTLSListen != "" {
		m.wrong("CLIENT_CERT_HEADER", "cannot be combined with IDP_MTLS_LISTEN: TLS terminates either here or at the proxy")
	}
	s.proofs.ClientCertificate = provider.ProxyCertificate(e.ClientCertHeader, s.proxies)
}
