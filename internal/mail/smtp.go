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

// TLS says how the connection to the mail server is protected.
type TLS string

const (
	StartTLS    TLS = "starttls" // upgraded, or not used
	ImplicitTLS TLS = "tls"      // from the first byte, usually port 465
	PlainText   TLS = "none"     // the demo's mailbox on this machine only
)

// SMTPOptions say where mail goes and from whom it comes.
type SMTPOptions struct {
	Address  string // host:port
	TLS      TLS
	Username string // "" means no authentication
	Password string
	From     string                   // bare address
	FromName func(lang string) string // shown beside it: the brand
	ReplyTo  string                   // "" means replies go to From
	Hello    string                   // name given in EHLO; "" means the machine's
	RootCAs  *x509.CertPool           // nil means the system's
}

var nonASCII = regexp.MustCompile(`[^\x00-\x7f]`)

// SMTP sends through one server, a connection per mail.
type SMTP struct {
	options SMTPOptions
	host    string
	port    int
	domain  string // of the Message-ID
}

// NewSMTP checks the options.
func NewSMTP(o SMTPOptions) (*SMTP, error) {
	host, portText, err := net.SplitHostPort(o.Address)
	if err != nil {
		return nil, errors.New("mail: the server's address is not host:port")
	}
	port, err := strconv.Atoi(portText)
	if err != nil || host == "" {
		return nil, errors.New("mail: the server's address is not host:port")
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
		return nil, errors.New("mail: a password is not sent without TLS")
	}
	_, domain, _ := strings.Cut(o.From, "@")
	return &SMTP{o, host, port, domain}, nil
}

// Send delivers to the server. Its errors name a status, never the server's words.
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
	go func() { _ = client.CloseWithSMTPClient(conn) }() // QUIT waits for an answer that changes nothing
	if err != nil && !m.IsDelivered() {                  // what fails once the mail was accepted would only send it again
		return smtpError(err)
	}
	return nil
}

// Greet connects as Send does, signs in where it would, and leaves again.
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
	if !nonASCII.MatchString(s.options.From + to) { // headers and body are encoded: only an address can need SMTPUTF8 (RFC 6531 3.4)
		options = append(options, gomail.WithoutSMTPUTF8()) // a relay further on that lacks it would bounce the mail
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

// statusError is a refusal of the server: its status alone.
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

// Permanent is true for 5xx: the address does not exist, the mail is refused.
func (e statusError) Permanent() bool { return !e.temporary && e.code >= 500 }

// smtpError keeps the status of a refused message. A failure before that, in
// connecting or signing in, is of the server and not of the mail: try again.
func smtpError(err error) error {
	if refused, ok := errors.AsType[*gomail.SendError](err); ok {
		return statusError{refused.ErrorCode(), refused.IsTemp()}
	}
	return statusError{0, true}
}
