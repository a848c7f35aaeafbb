package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/mail"
	"huskyidp/internal/outbound"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/members"
	"huskyidp/provider"
	"huskyidp/templates"
)

// environment is what `idp serve` reads, each name with the prefix IDP_. A secret may
// come from a file named by NAME_FILE. `idp serve --help` prints this list.
type environment struct {
	DatabaseURL       string            `env:"DATABASE_URL"`                                    // PostgreSQL address; required
	DatabaseConns     int32             `env:"DATABASE_CONNS" envDefault:"16"`                  // connections of this instance
	Issuer            string            `env:"ISSUER"`                                          // https://host, no slash at its end; required
	Listen            string            `env:"LISTEN" envDefault:":8080"`                       // public listener
	MetricsListen     string            `env:"METRICS_LISTEN" envDefault:"127.0.0.1:9090"`      // health and metrics; "" for none
	TLSCert           string            `env:"TLS_CERT"`                                        // PEM file; with TLS_KEY
	TLSKey            string            `env:"TLS_KEY"`                                         // PEM file
	KEK               string            `env:"KEK"`                                             // key-encryption key: 32 bytes, base64 or hex; required
	OldKEKs           []string          `env:"OLD_KEKS"`                                        // still able to unwrap
	SMTP              string            `env:"SMTP"`                                            // host:port; required
	SMTPTLS           string            `env:"SMTP_TLS" envDefault:"starttls"`                  // starttls, tls or none
	SMTPUsername      string            `env:"SMTP_USERNAME"`                                   // "" for no authentication
	SMTPPassword      string            `env:"SMTP_PASSWORD"`                                   // sent over TLS only
	MailFrom          string            `env:"MAIL_FROM"`                                       // bare address; required
	SupportEmail      string            `env:"SUPPORT_EMAIL" envDefault:"WebSupport@CHNCT.org"` // shown on every page
	SupportPhone      string            `env:"SUPPORT_PHONE" envDefault:"1-800-859-9889, TTY 711"`
	SecurityContact   string            `env:"SECURITY_CONTACT"`                            // mailto:, tel: or https: address in security.txt; "" for no such file
	TimeZone          string            `env:"TIME_ZONE" envDefault:"America/New_York"`     // of dates shown to members
	Language          string            `env:"LANGUAGE" envDefault:"es"`                    // when nothing says otherwise
	TrustedProxies    []string          `env:"TRUSTED_PROXIES"`                             // CIDRs whose X-Forwarded-For is read
	WideSources       []string          `env:"WIDE_SOURCES"`                                // CIDRs of clinics and call centres: higher limits
	IdentityLock      time.Duration     `env:"IDENTITY_LOCK" envDefault:"24h"`              // after three failures; 0: until staff release it
	MemberNumber      string            `env:"MEMBER_NUMBER_PATTERN" envDefault:"[0-9]{9}"` // of the card, spaces and dashes dropped
	AgreementDir      string            `env:"AGREEMENT_DIR"`                               // the operator's license agreement; "" for the sample
	SecretQuestion    bool              `env:"SECRET_QUESTION" envDefault:"true"`           // asked at registration and in recovery; false never asks
	AuditRetention    time.Duration     `env:"AUDIT_RETENTION" envDefault:"52560h"`         // of the record of security events: six years
	Drain             time.Duration     `env:"DRAIN" envDefault:"5s"`                       // not ready before connections are closed
	RegistrationToken string            `env:"REGISTRATION_TOKEN"`                          // initial access token of dynamic client registration; "" keeps it closed
	RegistrationTries int               `env:"REGISTRATION_TRIES" envDefault:"20"`          // of a source in an hour: registrations without that token, and updates
	ClientRate        int               `env:"CLIENT_RATE" envDefault:"50"`                 // calls a second of one client, on each instance
	MTLSListen        string            `env:"MTLS_LISTEN"`                                 // listener that asks clients for certificates (RFC 8705); "" for none
	MTLSAddress       string            `env:"MTLS_ADDRESS"`                                // https://host of that listener, as clients see it
	ClientCAs         string            `env:"CLIENT_CAS"`                                  // PEM file: who issues certificates for tls_client_auth
	ClientCertHeader  string            `env:"CLIENT_CERT_HEADER"`                          // in which trusted proxies give a client's certificate
	DeskListen        string            `env:"DESK_LISTEN"`                                 // listener of the support desk, API and console; "" for none
	DeskAddress       string            `env:"DESK_ADDRESS"`                                // https://host of that listener, another host than the issuer's
	DPoPNonce         bool              `env:"DPOP_NONCE"`                                  // DPoP proofs bear a nonce of ours
	EmailSelfService  bool              `env:"EMAIL_SELF_SERVICE"`                          // members may change their own address; else support alone
	ScopeACR          map[string]string `env:"SCOPE_ACR" envKeyValSeparator:"="`            // minimum acr by scope: husky.member=urn:huskyidp:acr:second-factor
	OutboundAllow     []string          `env:"OUTBOUND_ALLOW"`                              // host:port of apps on private networks; for tests
	OutboundCA        string            `env:"OUTBOUND_CA"`                                 // PEM file: who issues certificates of apps' servers; "" for the system's
	Certification     bool              `env:"CERTIFICATION"`                               // clients of the profile certification: hybrid and implicit flows
	Accept            []string          `env:"ACCEPT"`                                      // weaker settings accepted by name, each logged at start
}

// The weaker settings that IDP_ACCEPT may name.
const (
	acceptPlainListener = "tls-ends-at-the-proxy"
	acceptPlainDatabase = "database-without-verified-tls"
	acceptPlainMail     = "mail-without-tls"
	acceptSample        = "sample-agreement"
	acceptOutbound      = "calls-to-named-hosts"
	acceptCertification = "certification-flows"
)

// settings are the checked values from which the program is built; the demo makes
// its own.
type settings struct {
	dsn               string
	conns             int32
	issuer            string
	keks              []seal.KEK
	smtp              mail.SMTPOptions
	templates         templates.Options
	language          string
	securityContact   string // for security.txt; "" for none
	proxies           []netip.Prefix
	limits            web.Limits
	identityLock      time.Duration
	auditRetention    time.Duration
	noQuestions       bool
	numbers           members.NumberFormat
	agreementDir      string
	registrationToken string // initial access token; "" for none
	registrationTries int    // without it, of a source in an hour
	clientRate        int    // calls a second
	deskAddress       string // of the support desk; "" for none
	emailSelfService  bool
	scopeACR          provider.ScopeACR
	proofs            provider.ProofDeps
	outbound          outbound.Options
	clientRules       provider.Rules
	tryURL            string // of the demo's client for developers
}

// readEnvironment reads and checks everything and reports all mistakes together.
func readEnvironment(vars map[string]string) (environment, settings, error) {
	var e environment
	var mistakes []error
	vars, err := withFiles(vars)
	mistakes = append(mistakes, err)
	if err := parseEnvironment(&e, vars); err != nil {
		mistakes = append(mistakes, err)
	}
	s, err := e.check()
	return e, s, errors.Join(append(mistakes, err)...)
}

// parseEnvironment fills e. A value of the wrong kind is reported under the variable's
// name, where the library knows the field's alone.
func parseEnvironment(e *environment, vars map[string]string) error {
	err := env.ParseWithOptions(e, env.Options{Prefix: "IDP_", Environment: vars})
	all, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		return err
	}
	mistakes := make([]error, len(all.Errors))
	for i, mistake := range all.Errors {
		mistakes[i] = mistake
		if wrong, ok := errors.AsType[env.ParseError](mistake); ok {
			if field, ok := reflect.TypeFor[environment]().FieldByName(wrong.Name); ok {
				mistakes[i] = fmt.Errorf("IDP_%s: is no %s: %w", field.Tag.Get("env"), wrong.Type, wrong.Err)
			}
		}
	}
	return errors.Join(mistakes...)
}

// withFiles replaces each IDP_…_FILE by the content of the file that it names.
func withFiles(vars map[string]string) (map[string]string, error) {
	all := make(map[string]string, len(vars))
	var mistakes []error
	for name, value := range vars {
		plain, isFile := strings.CutSuffix(name, "_FILE")
		if !isFile || !strings.HasPrefix(name, "IDP_") {
			all[name] = value
			continue
		}
		if _, both := vars[plain]; both {
			mistakes = append(mistakes, fmt.Errorf("%s and %s are both set: keep one", plain, name))
			continue
		}
		content, err := os.ReadFile(value)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("%s: %w", name, err))
			continue
		}
		all[plain] = strings.TrimSpace(string(content))
	}
	return all, errors.Join(mistakes...)
}

func (e *environment) accepts(name string) bool { return slices.Contains(e.Accept, name) }

func (e *environment) check() (settings, error) {
	s := settings{dsn: e.DatabaseURL, conns: e.DatabaseConns, issuer: e.Issuer, language: e.Language,
		identityLock: e.IdentityLock, auditRetention: e.AuditRetention, noQuestions: !e.SecretQuestion, registrationToken: e.RegistrationToken, registrationTries: e.RegistrationTries, clientRate: e.ClientRate, agreementDir: e.AgreementDir}
	var mistakes []error
	wrong := func(name, format string, args ...any) {
		mistakes = append(mistakes, fmt.Errorf("IDP_"+name+": "+format, args...))
	}
	e.checkDatabase(wrong)
	if u, err := url.Parse(e.Issuer); e.Issuer == "" || err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		wrong("ISSUER", "must be https://host without path, query or a slash at its end")
	}
	if (e.TLSCert == "") != (e.TLSKey == "") {
		wrong("TLS_CERT", "and IDP_TLS_KEY come together")
	} else if e.TLSCert == "" && !e.accepts(acceptPlainListener) {
		wrong("TLS_CERT", "is missing; if TLS ends at a proxy in front, say so: IDP_ACCEPT=%s", acceptPlainListener)
	}
	s.keks = e.checkKEKs(wrong)
	s.smtp = mail.SMTPOptions{Address: e.SMTP, TLS: mail.TLS(e.SMTPTLS), Username: e.SMTPUsername, Password: e.SMTPPassword,
		From: e.MailFrom, ReplyTo: e.SupportEmail}
	if _, err := mail.NewSMTP(s.smtp); err != nil {
		wrong("SMTP", "%v", err)
	} else if s.smtp.TLS == mail.PlainText && !e.accepts(acceptPlainMail) {
		wrong("SMTP_TLS", "none sends codes in the clear; to accept that, IDP_ACCEPT=%s", acceptPlainMail)
	}
	zone, err := time.LoadLocation(e.TimeZone)
	if err != nil {
		wrong("TIME_ZONE", "%v", err)
	}
	s.templates = templates.Options{SupportEmail: e.SupportEmail, SupportPhone: e.SupportPhone, TimeZone: zone}
	if s.securityContact = e.SecurityContact; s.securityContact != "" {
		u, err := url.Parse(s.securityContact)
		if err != nil || !slices.Contains([]string{"mailto", "tel", "https"}, u.Scheme) || strings.ContainsAny(s.securityContact, " \r\n") {
			wrong("SECURITY_CONTACT", "is a mailto:, tel: or https: address (RFC 9116)")
		}
	}
	s.proxies = prefixes("TRUSTED_PROXIES", e.TrustedProxies, wrong)
	s.limits.Wide = prefixes("WIDE_SOURCES", e.WideSources, wrong)
	if s.numbers, err = members.NewNumberFormat(e.MemberNumber); err != nil {
		wrong("MEMBER_NUMBER_PATTERN", "%v", err)
	}
	if e.AuditRetention < 365*24*time.Hour {
		wrong("AUDIT_RETENTION", "must be a year or more")
	}
	if e.IdentityLock < 0 {
		wrong("IDENTITY_LOCK", "is negative")
	}
	if e.AgreementDir == "" && !e.accepts(acceptSample) {
		wrong("AGREEMENT_DIR", "is missing: members would agree to the sample text; to accept that, IDP_ACCEPT=%s", acceptSample)
	}
	if e.Drain < 0 || e.Drain > 20*time.Second {
		wrong("DRAIN", "is 0 to 20 s")
	}
	if n := len(e.RegistrationToken); n > 0 && n < 32 {
		wrong("REGISTRATION_TOKEN", "is shorter than 32 characters")
	}
	if e.ClientRate < 1 {
		wrong("CLIENT_RATE", "must be 1 or more")
	}
	if e.RegistrationTries < 1 {
		wrong("REGISTRATION_TRIES", "must be 1 or more")
	}
	s.emailSelfService = e.EmailSelfService
	if s.scopeACR = e.ScopeACR; s.scopeACR.Check() != nil {
		wrong("SCOPE_ACR", "%v", s.scopeACR.Check())
	}
	s.deskAddress = e.checkDesk(wrong)
	s.proofs = e.checkMTLS(wrong)
	e.checkProofs(&s, wrong)
	s.outbound = e.checkOutbound(wrong)
	s.clientRules.Certification = e.checkCertification(wrong)
	for _, name := range e.Accept {
		if !slices.Contains([]string{acceptPlainListener, acceptPlainDatabase, acceptPlainMail, acceptSample, acceptOutbound, acceptCertification}, name) {
			wrong("ACCEPT", "does not know %q", name)
		}
	}
	return s, errors.Join(mistakes...)
}

func (e *environment) checkDatabase(wrong func(name, format string, args ...any)) {
	if e.DatabaseURL == "" {
		wrong("DATABASE_URL", "is missing")
		return
	}
	cfg, err := pgx.ParseConfig(e.DatabaseURL)
	if err != nil {
		wrong("DATABASE_URL", "is not a PostgreSQL address") // the cause would quote the password
		return
	}
	socket := strings.HasPrefix(cfg.Host, "/")
	verified := cfg.TLSConfig != nil && !cfg.TLSConfig.InsecureSkipVerify && len(cfg.Fallbacks) == 0
	if !socket && !verified && !e.accepts(acceptPlainDatabase) {
		wrong("DATABASE_URL", "lacks sslmode=verify-full; to accept that, IDP_ACCEPT=%s", acceptPlainDatabase)
	}
	if e.DatabaseConns < 4 {
		wrong("DATABASE_CONNS", "is at least 4")
	}
}

// checkDesk wants a host of its own for the support desk: cookies know no ports (S-24). TLS is as for the members' listener.
func (e *environment) checkDesk(wrong func(name, format string, args ...any)) string {
	if e.DeskListen == "" && e.DeskAddress == "" {
		return ""
	}
	if e.DeskListen == "" {
		wrong("DESK_LISTEN", "is missing beside IDP_DESK_ADDRESS")
	}
	u, err := url.Parse(e.DeskAddress)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		wrong("DESK_ADDRESS", "must be https://host without path, query or a slash at its end")
		return ""
	}
	if issuer, err := url.Parse(e.Issuer); err == nil && strings.EqualFold(issuer.Hostname(), u.Hostname()) {
		wrong("DESK_ADDRESS", "has the issuer's host: the desk needs one of its own")
	}
	return e.DeskAddress
}

// checkMTLS reads what clients with certificates need. The certificate is asked for on a
// listener of its own: on the members' one, browsers would ask the member for it. Where
// TLS ends at a proxy, that passes it on.
func (e *environment) checkMTLS(wrong func(name, format string, args ...any)) provider.ProofDeps {
	if e.MTLSListen == "" && e.ClientCertHeader == "" {
		if e.MTLSAddress != "" || e.ClientCAs != "" {
			wrong("MTLS_LISTEN", "is missing beside IDP_MTLS_ADDRESS or IDP_CLIENT_CAS")
		}
		return provider.ProofDeps{}
	}
	if u, err := url.Parse(e.MTLSAddress); (e.MTLSListen != "" || e.MTLSAddress != "") && (err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "") {
		wrong("MTLS_ADDRESS", "must be https://host without path")
	}
	if e.MTLSListen != "" && e.TLSCert == "" {
		wrong("MTLS_LISTEN", "needs IDP_TLS_CERT: certificates are asked for where TLS ends")
	}
	proofs := provider.ProofDeps{MTLSAddress: e.MTLSAddress, ClientCertificate: provider.PeerCertificate}
	if e.ClientCAs != "" {
		pem, err := os.ReadFile(e.ClientCAs)
		proofs.ClientCAs = x509.NewCertPool()
		if err != nil || !proofs.ClientCAs.AppendCertsFromPEM(pem) {
			wrong("CLIENT_CAS", "is not a readable file of PEM certificates")
		}
	}
	return proofs
}

// checkCertification: what the certification plans need is no setting for a service that
// has members, so it is asked for twice.
func (e *environment) checkCertification(wrong func(name, format string, args ...any)) bool {
	if e.Certification && !e.accepts(acceptCertification) {
		wrong("CERTIFICATION", "opens flows that put tokens into addresses; to accept that, IDP_ACCEPT=%s", acceptCertification)
	}
	return e.Certification
}

func (e *environment) checkKEKs(wrong func(name, format string, args ...any)) []seal.KEK {
	if e.KEK == "" {
		wrong("KEK", "is missing; make one with: idp keys generate-kek")
		return nil
	}
	var keks []seal.KEK
	for i, text := range append([]string{e.KEK}, e.OldKEKs...) {
		kek, err := seal.ParseKEK(text)
		if err != nil {
			name := "KEK"
			if i > 0 {
				name = "OLD_KEKS"
			}
			wrong(name, "%v", err)
			continue
		}
		keks = append(keks, kek)
	}
	return keks
}

func prefixes(name string, texts []string, wrong func(name, format string, args ...any)) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			wrong(name, "%q is not a network such as 10.0.0.0/8", text)
			continue
		}
		all = append(all, p)
	}
	return all
}

var hiddenDSN = regexp.MustCompile(`(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)|(://[^:/@]*:)[^@]*@`)

// shownDSN is a database address without its password, for people.
func shownDSN(dsn string) string {
	return hiddenDSN.ReplaceAllString(dsn, "$1$3…")
}

// readAdminEnvironment reads what the managing commands need: database and keys.
func readAdminEnvironment(vars map[string]string) (environment, settings, error) {
	var e environment
	vars, err := withFiles(vars)
	if err != nil {
		return e, settings{}, err
	}
	if err := parseEnvironment(&e, vars); err != nil {
		return e, settings{}, err
	}
	var mistakes []error
	wrong := func(name, format string, args ...any) {
		mistakes = append(mistakes, fmt.Errorf("IDP_"+name+": "+format, args...))
	}
	s := settings{dsn: e.DatabaseURL}
	e.checkDatabase(wrong)
	s.keks = e.checkKEKs(wrong)
	s.outbound = e.checkOutbound(wrong)
	s.clientRules.Certification = e.checkCertification(wrong)
	if s.numbers, err = members.NewNumberFormat(e.MemberNumber); err != nil {
		wrong("MEMBER_NUMBER_PATTERN", "%v", err)
	}
	return e, s, errors.Join(mistakes...)
}
