package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"regexp"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// TLS says how the connection to the mail server is secured.
type TLS string

const (
	StartTLS    TLS = "starttls" // upgraded, or not used
	ImplicitTLS TLS = "tls"      // from the first byte, usually port 465
	PlainText   TLS = "none"     // the demo's mailbox on this machine only
)

// SMTPOptions configure the mail server and the sender.
type SMTPOptions struct {
	Address  string // host:port
	TLS      TLS
	Username string // "" means no authentication
	Password string
	From     string                   // bare address
	FromName func(lang string) string // display name: the brand
	ReplyTo  string                   // "" means replies go to From
	Hello    string                   // name sent in EHLO; "" means the machine's
	RootCAs  *x509.CertPool           // nil means the system's
}

var nonASCII = regexp.MustCompile(`[^\x00-\x7f]`)

// SMTP sends through one server, with one connection per mail.
type SMTP struct {
	options SMTPOptions
	host    string
	port    int
	domain  string // domain of Message-IDs
}

// NewSMTP validates the options.
func NewSMTP(o SMTPOptions) (*SMTP, error) {
	host, portText, err := net.SplitHostPort(o.Address)
	if err != nil {
		return nil, errors.New("mail: the server's address must be host:port")
	}
	port, err := strconv.Atoi(portText)
	if err != nil || host == "" {
		return nil, errors.New("mail: the server's address must be host:port")
	}
	for _, address := range []string{o.From, o.ReplyTo} {
		if parsed, err := netmail.ParseAddress(address); address != "" && (err != nil || parsed.Address != address) {
			return nil, fmt.Errorf("mail: not a bare e-mail address: %q", address)
		}
	}
	if o.From == "" {
		return nil, errors.New("mail: the sender's address is missing")
	}
	switch o.TLS {
	case StartTLS, ImplicitTLS, PlainText:
	default:
		return nil, fmt.Errorf("mail: TLS must be %s, %s or %s, not %q", StartTLS, ImplicitTLS, PlainText, o.TLS)
	}
	if o.TLS == PlainText && o.Username != "" {
		return nil, errors.New("mail: a password needs TLS")
	}
	_, domain, _ := strings.Cut(o.From, "@")
	return &SMTP{o, host, port, domain}, nil
}

// Send delivers to the server. Its errors contain a status code, never the server's text.
func (s *SMTP) Send(ctx context.Context, o Outgoing) error {
	m, err := s.message(o)
	if err != nil {
		return err
	}
	client, err := gomail.NewClient(s.host, s.clientOptions(o.To)...)
	if err != nil {
		return fmt.Errorf("setting up the mail client: %w", err)
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return smtpError(err)
	}
	err = client.SendWithSMTPClient(conn, m)
	go func() { _ = client.CloseWithSMTPClient(conn) }() // no need to wait for the reply to QUIT
	if err != nil && !m.IsDelivered() {                  // an error after the mail was accepted must not cause a resend
		return smtpError(err)
	}
	return nil
}

// Greet connects and authenticates as Send does, then disconnects.
func (s *SMTP) Greet(ctx context.Context) error {
	client, err := gomail.NewClient(s.host, s.clientOptions("")...)
	if err != nil {
		return fmt.Errorf("setting up the mail client: %w", err)
	}
	if err := client.DialWithContext(ctx); err != nil {
		return err
	}
	return client.Close()
}

func (s *SMTP) clientOptions(to string) []gomail.Option {
	config := &tls.Config{ServerName: s.host, RootCAs: s.options.RootCAs, MinVersion: tls.VersionTLS12}
	options := []gomail.Option{gomail.WithPort(s.port), gomail.WithTimeout(15 * time.Second), gomail.WithTLSConfig(config)}
	switch s.options.TLS {
	case StartTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case ImplicitTLS:
		options = append(options, gomail.WithSSL())
	case PlainText:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if s.options.Username != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(s.options.Username), gomail.WithPassword(s.options.Password))
	}
	if !nonASCII.MatchString(s.options.From + to) { // headers and body are encoded, so only an address can require SMTPUTF8 (RFC 6531 3.4)
		options = append(options, gomail.WithoutSMTPUTF8()) // a relay without it would bounce the mail
	}
	if s.options.Hello != "" {
		options = append(options, gomail.WithHELO(s.options.Hello))
	}
	return options
}

func (s *SMTP) message(o Outgoing) (*gomail.Msg, error) {
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	name := ""
	if s.options.FromName != nil {
		name = s.options.FromName(o.Lang)
	}
	if err := m.FromFormat(name, s.options.From); err != nil {
		return nil, permanentError("the sender's address is refused")
	}
	if err := m.To(o.To); err != nil {
		return nil, permanentError("the recipient's address is refused")
	}
	if s.options.ReplyTo != "" {
		if err := m.ReplyTo(s.options.ReplyTo); err != nil {
			return nil, permanentError("the reply address is refused")
		}
	}
	m.Subject(o.Subject)
	m.SetMessageIDWithValue(o.ID.String() + "@" + s.domain)
	m.SetDateWithValue(o.CreatedAt)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers
	m.SetGenHeader("Content-Language", o.Lang)
	m.SetBodyString(gomail.TypeTextPlain, o.Text)
	if o.HTML != "" {
		m.AddAlternativeString(gomail.TypeTextHTML, o.HTML)
	}
	return m, nil
}

// statusError is a rejection by the server, reduced to its status code.
type statusError struct {
	code      int
	temporary bool
}

func (e statusError) Error() string {
	if e.code == 0 {
		return "the mail server does not answer as it should"
	}
	return "the mail server answers " + strconv.Itoa(e.code)
}

// Permanent is true for 5xx: the address does not exist or the mail was rejected.
func (e statusError) Permanent() bool { return !e.temporary && e.code >= 500 }

// smtpError keeps the status of a rejected message. Errors before that, while connecting or authenticating, concern the
// server and not the mail: they are temporary.
func smtpError(err error) error {
	if refused, ok := errors.AsType[*gomail.SendError](err); ok {
		return statusError{refused.ErrorCode(), refused.IsTemp()}
	}
	return statusError{0, true}
}
