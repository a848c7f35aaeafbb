package main

import (
	"net/netip"
	"time"

	"huskyidp/internal/mail"
	"huskyidp/internal/outbound"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/members"
	"huskyidp/provider"
	"huskyidp/templates"
)

// settings are the checked values from which the program is built; the demo makes its own.
type settings struct {
	dsn               string
	pooled            bool   // through a pooler in transaction mode
	stateDir          string // or ""
	conns             int32
	issuer            string
	keks              []seal.KEK
	smtp              mail.SMTPOptions
	templates         templates.Options
	language          string
	securityContact   string // for security.txt, or ""
	proxies           []netip.Prefix
	kiosks            []netip.Prefix
	limits            web.Limits
	rsaBits           int // 0: 2048
	identityLock      time.Duration
	rememberDevice    time.Duration
	closeHold         time.Duration // 0: recovery.CloseHold
	auditRetention    time.Duration
	noQuestions       bool
	numbers           members.NumberFormat
	agreementDir      string
	registrationToken string // initial access token, or ""
	registrationTries int    // without it, per source and hour
	clientRate        int    // calls per second
	deskAddress       string // of the support desk, or ""
	partnerAddress    string // of the partner area, or ""
	checksAddress     string // begins the issuers of the checks of apps; "": partnerAddress
	emailSelfService  string // of emailChanges
	scopeACR          provider.ScopeACR
	proofs            provider.ProofDeps
	outbound          outbound.Options
	clientRules       provider.Rules
	sandbox           bool   // a test environment with invented members
	sandboxIssuer     string // of the partner area, or ""
	sandboxToken      string
	tryURL            string // of the demo's client for developers
	tryHealthURL      string // of the one that reads the health record
}
