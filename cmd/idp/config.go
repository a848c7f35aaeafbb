package main

import (
	"crypto/x509"
	"net"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"huskyidp/internal/mail"
	"huskyidp/internal/seal"
	"huskyidp/keys"
	"huskyidp/members"
	"huskyidp/provider"
)

// environment is the table of the settings of `idp serve`, each with the prefix IDP_. Help, manual page and `idp config
// show` are made from it. A secret may come from a file named by NAME_FILE.
type environment struct {
	DatabaseURL       string            `env:"DATABASE_URL" must:"true" secret:"password" help:"PostgreSQL address with sslmode=verify-full; it may name several hosts; its role owns nothing (deploy/roles.sql). Run \"idp migrate\" first, as the owner"`
	DatabasePooler    string            `env:"DATABASE_POOLER" help:"transaction: a pooler such as PgBouncer is in front of the server, in that mode; the role has time-outs then (deploy/roles.sql)"`
	StateDir          string            `env:"STATE_DIR" help:"folder in which this instance remembers how far the database has come, so that one put back while all were stopped is noticed; empty for none"`
	Issuer            string            `env:"ISSUER" must:"true" help:"https://host without a slash at its end, as members and applications see it"`
	KEK               string            `env:"KEK" must:"true" secret:"all" help:"key-encryption key, 32 bytes in base64 or hex; \"idp keys generate-kek\" makes one"`
	SMTP              string            `env:"SMTP" must:"true" help:"mail server, host:port"`
	MailFrom          string            `env:"MAIL_FROM" must:"true" help:"sender's bare address"`
	TLSCert           string            `env:"TLS_CERT" must:"true" help:"PEM file with the certificate and those that vouch for it; or IDP_ACCEPT=tls-ends-at-the-proxy"`
	TLSKey            string            `env:"TLS_KEY" must:"true" help:"PEM file with its key"`
	AgreementDir      string            `env:"AGREEMENT_DIR" must:"true" help:"the operator's texts, agreement/<date>.<language>.txt and certification/<date>.<language>.txt; or IDP_ACCEPT=sample-agreement"`
	BrandDir          string            `env:"BRAND_DIR" help:"the operator's name, logo, colours and notices; see \"idp brand\""`
	Listen            string            `env:"LISTEN" envDefault:":8080" help:"public listener"`
	MetricsListen     string            `env:"METRICS_LISTEN" envDefault:"127.0.0.1:9090" help:"listener of health and metrics; empty for none"`
	DatabaseConns     int32             `env:"DATABASE_CONNS" envDefault:"16" help:"connections of one instance for requests; 9 more are for its own work"`
	OldKEKs           []string          `env:"OLD_KEKS" secret:"all" help:"former key-encryption keys, still able to unwrap, comma-separated"`
	SMTPTLS           string            `env:"SMTP_TLS" envDefault:"starttls" help:"starttls, tls or none"`
	SMTPUsername      string            `env:"SMTP_USERNAME" help:"empty for no authentication"`
	SMTPPassword      string            `env:"SMTP_PASSWORD" secret:"all" help:"sent over TLS only"`
	SupportEmail      string            `env:"SUPPORT_EMAIL" envDefault:"WebSupport@CHNCT.org" help:"shown on every page"`
	SupportPhone      string            `env:"SUPPORT_PHONE" envDefault:"1-800-859-9889, TTY 711" help:"shown on every page"`
	SecurityContact   string            `env:"SECURITY_CONTACT" help:"mailto:, tel: or https: address in security.txt; empty for no such file"`
	TimeZone          string            `env:"TIME_ZONE" envDefault:"America/New_York" help:"of dates and times shown to members"`
	Language          string            `env:"LANGUAGE" envDefault:"es" help:"of pages when nothing says otherwise"`
	Languages         []string          `env:"LANGUAGES" help:"of pages and mails, comma-separated, es among them; empty for all but drafts, see \"idp words check\""`
	TrustedProxies    []string          `env:"TRUSTED_PROXIES" help:"networks whose X-Forwarded-For is read, comma-separated"`
	WideSources       []string          `env:"WIDE_SOURCES" help:"networks of clinics and call centres, which have higher limits, comma-separated"`
	KioskNetworks     []string          `env:"KIOSK_NETWORKS" help:"networks of computers that the public shares, as in libraries: short sessions, nothing kept, a button that leaves; comma-separated"`
	IdentityLock      time.Duration     `env:"IDENTITY_LOCK" envDefault:"24h" help:"after three tries with the wrong card; 0 until staff release it"`
	MemberNumber      string            `env:"MEMBER_NUMBER_PATTERN" envDefault:"[0-9]{9}" help:"of the number on the card, spaces and dashes dropped"`
	SecretQuestion    bool              `env:"SECRET_QUESTION" envDefault:"true" help:"asked at registration and in recovery; false: never"`
	EmailSelfService  string            `env:"EMAIL_SELF_SERVICE" envDefault:"two-step" help:"who may change their own address: two-step, those with two-step verification; true, all; false, support alone"`
	CloseHold         time.Duration     `env:"CLOSE_HOLD" envDefault:"168h" help:"in which members may take back the closing of their accounts"`
	RememberDevice    time.Duration     `env:"REMEMBER_DEVICE" envDefault:"720h" help:"how long a browser in which a member has ticked it is spared the second step; 0 for never"`
	RSABits           int               `env:"RSA_BITS" envDefault:"2048" help:"of RSA signing keys to come: 2048 or 3072"`
	AuditRetention    time.Duration     `env:"AUDIT_RETENTION" envDefault:"52560h" help:"of the record of security events: six years"`
	Drain             time.Duration     `env:"DRAIN" envDefault:"5s" help:"not ready for so long before connections are closed"`
	ScopeACR          map[string]string `env:"SCOPE_ACR" envKeyValSeparator:"=" help:"minimum acr by scope, such as husky.member=urn:huskyidp:acr:second-factor"`
	RegistrationToken string            `env:"REGISTRATION_TOKEN" secret:"all" help:"initial access token that opens dynamic client registration; empty keeps it closed"`
	RegistrationTries int               `env:"REGISTRATION_TRIES" envDefault:"20" help:"registrations of a source in an hour without that token, and updates"`
	ClientRate        int               `env:"CLIENT_RATE" envDefault:"50" help:"calls a second of one client, on each instance"`
	DeskListen        string            `env:"DESK_LISTEN" help:"listener of the support desk, API and console; empty for none; see \"idp staff\""`
	DeskAddress       string            `env:"DESK_ADDRESS" help:"https://host of that listener, another host than the issuer's"`
	PartnerListen     string            `env:"PARTNER_LISTEN" help:"listener of the partner area, where makers of apps ask for clients; empty for none"`
	PartnerAddress    string            `env:"PARTNER_ADDRESS" help:"https://host of that listener, another host than the issuer's and the desk's"`
	Sandbox           bool              `env:"SANDBOX" envDefault:"false" help:"a test environment: invented members whose cards and passwords are known, mails that are shown and not sent, at /sandbox and /mailbox; in a database of its own"`
	SandboxIssuer     string            `env:"SANDBOX_ISSUER" help:"https://host of a sandbox, at which the partner area registers the apps that are tried out; empty: they get a test client here"`
	SandboxToken      string            `env:"SANDBOX_TOKEN" secret:"all" help:"IDP_REGISTRATION_TOKEN of that sandbox"`
	MTLSListen        string            `env:"MTLS_LISTEN" help:"listener that asks clients for certificates (RFC 8705); empty for none"`
	MTLSAddress       string            `env:"MTLS_ADDRESS" help:"https://host of that listener, as clients see it"`
	ClientCAs         string            `env:"CLIENT_CAS" help:"PEM file: who issues certificates for tls_client_auth"`
	ClientCertHeader  string            `env:"CLIENT_CERT_HEADER" help:"in which trusted proxies give a client's certificate"`
	DPoPNonce         bool              `env:"DPOP_NONCE" envDefault:"false" help:"DPoP proofs bear a nonce of ours"`
	OutboundAllow     []string          `env:"OUTBOUND_ALLOW" help:"host:port of apps on private networks, for tests; with IDP_ACCEPT=calls-to-named-hosts"`
	OutboundCA        string            `env:"OUTBOUND_CA" help:"PEM file: who issues certificates of apps' servers; empty for the system's"`
	Certification     bool              `env:"CERTIFICATION" envDefault:"false" help:"clients of the profile certification, hybrid and implicit flows; with IDP_ACCEPT=certification-flows"`
	Accept            []string          `env:"ACCEPT" help:"weaker settings accepted by name, each logged at start, comma-separated"`
}

// The weaker settings that IDP_ACCEPT may name.
const (
	acceptPlainListener = "tls-ends-at-the-proxy"
	acceptPlainDatabase = "database-without-verified-tls"
	acceptPlainMail     = "mail-without-tls"
	acceptSample        = "sample-agreement"
	acceptOutbound      = "calls-to-named-hosts"
	acceptCertification = "certification-flows"
	acceptOwner         = "one-database-role"
	acceptIssuer        = "another-issuer"
)

var weaker = []string{acceptPlainListener, acceptPlainDatabase, acceptPlainMail, acceptSample, acceptOutbound, acceptCertification, acceptOwner, acceptIssuer}

// The values of IDP_EMAIL_SELF_SERVICE.
const (
	emailByTwoStep = "two-step"
	emailByAll     = "true"
	emailBySupport = "false"
)

var emailChanges = []string{emailByTwoStep, emailByAll, emailBySupport}

func (e *environment) accepts(name string) bool { return slices.Contains(e.Accept, name) }

func (e *environment) check(m *mistakes) settings {
	s := settings{dsn: e.DatabaseURL, pooled: e.DatabasePooler != "", stateDir: e.StateDir, conns: e.DatabaseConns, issuer: e.Issuer, language: e.Language,
		identityLock: e.IdentityLock, closeHold: e.CloseHold, rsaBits: e.RSABits, rememberDevice: e.RememberDevice, auditRetention: e.AuditRetention, noQuestions: !e.SecretQuestion, registrationToken: e.RegistrationToken, registrationTries: e.RegistrationTries, clientRate: e.ClientRate, agreementDir: e.agreementDir()}
	e.checkDatabase(m)
	if u, err := url.Parse(e.Issuer); e.Issuer == "" || err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		m.wrong("ISSUER", "must be https://host without path, query or a slash at its end")
	}
	if e.TLSCert != "" && e.TLSKey == "" {
		m.wrong("TLS_KEY", "is required with IDP_TLS_CERT")
	} else if e.TLSCert == "" && e.TLSKey != "" {
		m.wrong("TLS_CERT", "is required with IDP_TLS_KEY")
	} else if e.TLSCert == "" && !e.accepts(acceptPlainListener) {
		m.weak("TLS_CERT", acceptPlainListener, "is missing, and TLS has to end somewhere: here, or at a proxy in front")
	}
	s.keks = e.checkKEKs(m)
	if s.sandbox, s.sandboxIssuer = e.checkSandbox(m); !s.sandbox {
		s.smtp = e.checkMail(m)
	}
	s.sandboxToken = e.SandboxToken
	s.templates = e.checkLooks(m)
	if s.securityContact = e.SecurityContact; s.securityContact != "" {
		u, err := url.Parse(s.securityContact)
		if err != nil || !slices.Contains([]string{"mailto", "tel", "https"}, u.Scheme) || strings.ContainsAny(s.securityContact, " \r\n") {
			m.wrong("SECURITY_CONTACT", "must be a mailto:, tel: or https: address (RFC 9116)")
		}
	}
	s.proxies = prefixes("TRUSTED_PROXIES", e.TrustedProxies, m)
	s.kiosks = prefixes("KIOSK_NETWORKS", e.KioskNetworks, m)
	s.limits.Wide = prefixes("WIDE_SOURCES", e.WideSources, m)
	var err error
	if s.numbers, err = members.NewNumberFormat(e.MemberNumber); err != nil {
		m.wrong("MEMBER_NUMBER_PATTERN", "%v", err)
	}
	if !slices.Contains(keys.RSABits, e.RSABits) {
		m.wrong("RSA_BITS", "must be 2048 or 3072")
	}
	if e.AuditRetention < 365*24*time.Hour {
		m.wrong("AUDIT_RETENTION", "must be a year or more: 8760h")
	}
	if days := e.RememberDevice / (24 * time.Hour); days < 0 || days > 90 || e.RememberDevice%(24*time.Hour) != 0 {
		m.wrong("REMEMBER_DEVICE", "must be whole days up to 2160h, or 0 for never")
	}
	if e.CloseHold < 24*time.Hour || e.CloseHold > 90*24*time.Hour {
		m.wrong("CLOSE_HOLD", "must be between 24h and 2160h")
	}
	if e.IdentityLock < 0 {
		m.wrong("IDENTITY_LOCK", "must not be negative; 0 locks until staff release it")
	}
	if s.agreementDir == "" && !s.sandbox && !e.accepts(acceptSample) {
		m.weak("AGREEMENT_DIR", acceptSample, "is missing: members would agree to the sample text")
	}
	if e.Drain < 0 || e.Drain > 20*time.Second {
		m.wrong("DRAIN", "must be between 0s and 20s")
	}
	if n := len(e.RegistrationToken); n > 0 && n < 32 {
		m.wrong("REGISTRATION_TOKEN", "must have 32 characters or more")
	}
	if e.ClientRate < 1 {
		m.wrong("CLIENT_RATE", "must be 1 or more")
	}
	if e.RegistrationTries < 1 {
		m.wrong("REGISTRATION_TRIES", "must be 1 or more")
	}
	s.emailSelfService = e.EmailSelfService
	if all, err := strconv.ParseBool(s.emailSelfService); err == nil { // 1, t or TRUE, as before
		s.emailSelfService = strconv.FormatBool(all)
	}
	if !slices.Contains(emailChanges, s.emailSelfService) {
		m.wrong("EMAIL_SELF_SERVICE", "must be two-step, true or false")
	}
	if s.scopeACR = e.ScopeACR; s.scopeACR.Check() != nil {
		m.wrong("SCOPE_ACR", "%v", s.scopeACR.Check())
	}
	s.deskAddress = e.checkDesk(m)
	s.partnerAddress = e.checkPartners(m)
	s.proofs = e.checkMTLS(m)
	e.checkProofs(&s, m)
	s.outbound = e.checkOutbound(m)
	s.clientRules.Certification, s.clientRules.Sandbox = e.checkCertification(m), s.sandbox
	for _, name := range e.Accept {
		if !slices.Contains(weaker, name) {
			m.wrong("ACCEPT", "does not know %q%s", name, didYouMean(name, weaker))
		}
	}
	return s
}

func (e *environment) checkDatabase(m *mistakes) {
	if e.DatabaseURL == "" {
		m.wrong("DATABASE_URL", "is missing")
		return
	}
	cfg, err := pgx.ParseConfig(e.DatabaseURL)
	if err != nil {
		m.wrong("DATABASE_URL", "is not a PostgreSQL address") // the cause would quote the password
		return
	}
	several, verified := false, true
	for _, way := range append([]*pgconn.FallbackConfig{{Host: cfg.Host, Port: cfg.Port, TLSConfig: cfg.TLSConfig}}, cfg.Fallbacks...) {
		several = several || way.Host != cfg.Host || way.Port != cfg.Port
		socket := strings.HasPrefix(way.Host, "/")
		verified = verified && (socket || way.TLSConfig != nil && !way.TLSConfig.InsecureSkipVerify)
	}
	if !verified && !e.accepts(acceptPlainDatabase) {
		m.weak("DATABASE_URL", acceptPlainDatabase, "lacks sslmode=verify-full")
	}
	if several && cfg.ValidateConnect == nil {
		m.wrong("DATABASE_URL", "names several hosts, and must say which of them is meant: add target_session_attrs=read-write")
	}
	if e.DatabasePooler != "" && e.DatabasePooler != "transaction" {
		m.wrong("DATABASE_POOLER", "must be transaction, or empty for none")
	}
	if e.DatabaseConns < 4 {
		m.wrong("DATABASE_CONNS", "must be 4 or more")
	}
}

func (e *environment) checkMail(m *mistakes) mail.SMTPOptions {
	o := mail.SMTPOptions{Address: e.SMTP, TLS: mail.TLS(e.SMTPTLS), Username: e.SMTPUsername, Password: e.SMTPPassword, From: e.MailFrom, ReplyTo: e.SupportEmail}
	bare := func(address string) bool {
		parsed, err := netmail.ParseAddress(address)
		return err == nil && parsed.Address == address
	}
	host, port, err := net.SplitHostPort(e.SMTP)
	_, err2 := strconv.ParseUint(port, 10, 16)
	before := len(m.all)
	switch {
	case e.SMTP == "":
		m.wrong("SMTP", "is missing: the mail server, such as mail.example:587")
	case err != nil || err2 != nil || host == "":
		m.wrong("SMTP", "must be host:port such as mail.example:587")
	}
	switch {
	case e.MailFrom == "":
		m.wrong("MAIL_FROM", "is missing: the sender's address, such as no-reply@husky.example")
	case !bare(e.MailFrom):
		m.wrong("MAIL_FROM", "must be a bare address such as no-reply@husky.example")
	}
	if e.SupportEmail != "" && !bare(e.SupportEmail) {
		m.wrong("SUPPORT_EMAIL", "must be a bare address such as support@husky.example")
	}
	switch {
	case !slices.Contains([]mail.TLS{mail.StartTLS, mail.ImplicitTLS, mail.PlainText}, o.TLS):
		m.wrong("SMTP_TLS", "must be starttls, tls or none")
	case o.TLS == mail.PlainText && o.Username != "":
		m.wrong("SMTP_USERNAME", "needs IDP_SMTP_TLS to be starttls or tls: a password is not sent in the clear")
	case o.TLS == mail.PlainText && !e.accepts(acceptPlainMail):
		m.weak("SMTP_TLS", acceptPlainMail, "none sends codes in the clear")
	}
	if _, err := mail.NewSMTP(o); err != nil && len(m.all) == before {
		m.wrong("SMTP", "%v", err)
	}
	return o
}

// checkDesk requires a host of its own for the support desk, because cookies ignore ports (S-24). TLS is as for the
// members' listener.
func (e *environment) checkDesk(m *mistakes) string {
	if e.DeskListen == "" && e.DeskAddress == "" {
		return ""
	}
	if e.DeskListen == "" {
		m.wrong("DESK_LISTEN", "is required with IDP_DESK_ADDRESS")
	}
	u, err := url.Parse(e.DeskAddress)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		m.wrong("DESK_ADDRESS", "must be https://host without path, query or a slash at its end")
		return ""
	}
	if issuer, err := url.Parse(e.Issuer); err == nil && strings.EqualFold(issuer.Hostname(), u.Hostname()) {
		m.wrong("DESK_ADDRESS", "has the issuer's host: the desk needs one of its own")
	}
	return e.DeskAddress
}

// checkPartners does the same for the partner area, whose passkeys belong to the name of its host.
func (e *environment) checkPartners(m *mistakes) string {
	if e.PartnerListen == "" && e.PartnerAddress == "" {
		return ""
	}
	if e.PartnerListen == "" {
		m.wrong("PARTNER_LISTEN", "is required with IDP_PARTNER_ADDRESS")
	}
	u, err := url.Parse(e.PartnerAddress)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || net.ParseIP(u.Hostname()) != nil {
		m.wrong("PARTNER_ADDRESS", "must be https://host without path, query or a slash at its end, and a name: passkeys belong to one")
		return ""
	}
	for _, other := range []string{e.Issuer, e.DeskAddress} {
		if known, err := url.Parse(other); err == nil && strings.EqualFold(known.Hostname(), u.Hostname()) {
			m.wrong("PARTNER_ADDRESS", "has the host of %s: the partner area needs one of its own", other)
		}
	}
	return e.PartnerAddress
}

// checkMTLS reads the settings for clients with certificates. Certificates are requested on a separate listener: on the
// members' one, browsers would ask the member for one. If TLS ends at a proxy, the proxy passes the certificate on.
func (e *environment) checkMTLS(m *mistakes) provider.ProofDeps {
	if e.MTLSListen == "" && e.ClientCertHeader == "" {
		if e.MTLSAddress != "" || e.ClientCAs != "" {
			m.wrong("MTLS_LISTEN", "is required with IDP_MTLS_ADDRESS or IDP_CLIENT_CAS")
		}
		return provider.ProofDeps{}
	}
	if u, err := url.Parse(e.MTLSAddress); (e.MTLSListen != "" || e.MTLSAddress != "") && (err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "") {
		m.wrong("MTLS_ADDRESS", "must be https://host without path")
	}
	if e.MTLSListen != "" && e.TLSCert == "" {
		m.wrong("MTLS_LISTEN", "needs IDP_TLS_CERT: certificates are requested where TLS terminates")
	}
	proofs := provider.ProofDeps{MTLSAddress: e.MTLSAddress, ClientCertificate: provider.PeerCertificate}
	if e.ClientCAs != "" {
		pem, err := os.ReadFile(e.ClientCAs)
		proofs.ClientCAs = x509.NewCertPool()
		if err != nil || !proofs.ClientCAs.AppendCertsFromPEM(pem) {
			m.wrong("CLIENT_CAS", "is not a readable file of PEM certificates")
		}
	}
	return proofs
}

// checkCertification requires two settings for what the certification plans need, because no service with members
// should have it.
func (e *environment) checkCertification(m *mistakes) bool {
	if e.Certification && !e.accepts(acceptCertification) {
		m.weak("CERTIFICATION", acceptCertification, "opens flows that put tokens into addresses")
	}
	return e.Certification
}

func (e *environment) checkKEKs(m *mistakes) []seal.KEK {
	if e.KEK == "" {
		m.wrong("KEK", "is missing: set it, or IDP_KEK_FILE, to the key of this database, of which a copy is kept elsewhere; only for a new database make one with: idp keys generate-kek")
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
			from := ""
			if path := m.files["IDP_"+name]; path != "" {
				from = " (" + path + ")"
			}
			m.wrong(name, "%v%s. Was it cut? Fetch the copy of the key: with another one nothing in the database can be read", err, from)
			continue
		}
		keks = append(keks, kek)
	}
	return keks
}

// hosts are those that the certificate has to be for: of the addresses that are served with it.
func (e *environment) hosts() (hosts []string) {
	for _, address := range []string{e.Issuer, e.DeskAddress, e.PartnerAddress, e.MTLSAddress} {
		if u, err := url.Parse(address); err == nil && u.Hostname() != "" && !slices.Contains(hosts, u.Hostname()) {
			hosts = append(hosts, u.Hostname())
		}
	}
	return hosts
}

func prefixes(name string, texts []string, m *mistakes) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			m.wrong(name, "%q is not a network such as 10.0.0.0/8", text)
			continue
		}
		all = append(all, p)
	}
	return all
}

var hiddenDSN = regexp.MustCompile(`(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)|(://[^:/@]*:)[^@]*(@)`)

// shownDSN is a database address without its password, for display.
func shownDSN(dsn string) string {
	return hiddenDSN.ReplaceAllString(dsn, "$1$3…$4")
}
