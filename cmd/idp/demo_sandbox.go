package main

import (
	"huskyidp/internal/mail"
	"huskyidp/internal/outbound"
	"huskyidp/internal/postgres/embedded"
)

const (
	sandboxDatabase   = "sandbox"      // of the demo
	sandboxFHIRPath   = "/sandbox/r4"  // beside fhirPath
	sandboxFHIRSecret = "sandbox-fhir" // file in the demo's folder
)

// demoSandbox are the settings of the demo's sandbox: a service of its own in the same program, with a database in the same cluster and
// the same looks. Few people use it, so that a few connections do.
func demoSandbox(s settings, db *embedded.Server) settings {
	s.dsn, s.conns, s.issuer, s.registrationToken, s.sandbox = db.DSN(sandboxDatabase), 4, s.sandboxIssuer, s.sandboxToken, true
	s.sandboxIssuer, s.sandboxToken, s.deskAddress, s.partnerAddress, s.tryURL, s.tryHealthURL = "", "", "", "", "", ""
	s.registrationTries, s.clientRules.Sandbox = 20, true
	s.smtp, s.outbound = mail.SMTPOptions{}, outbound.Options{}
	return s
}
