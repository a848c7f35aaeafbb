package mailbox

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"time"

	"github.com/emersion/go-smtp"
)

// ServeSMTP puts every mail that arrives on the listener into the box, until ctx ends.
func (b *Box) ServeSMTP(ctx context.Context, listener net.Listener) error {
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{box: b}, nil }))
	s.Domain = "localhost"
	s.ReadTimeout, s.WriteTimeout = 30*time.Second, 30*time.Second
	s.MaxMessageBytes = 1 << 20
	s.MaxRecipients = 20
	s.MaxLineLength = 2000
	s.EnableSMTPUTF8 = true
	s.ErrorLog = log.New(io.Discard, "", 0)                     // it would quote untrusted input
	stopped := context.AfterFunc(ctx, func() { _ = s.Close() }) // the listener's error is Serve's to report
	defer stopped()
	if err := s.Serve(listener); err != nil && ctx.Err() == nil {
		return fmt.Errorf("serving SMTP: %w", err)
	}
	return nil
}

// session is one connection's envelope.
type session struct {
	box        *Box
	recipients []string
}

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.recipients = append(s.recipients, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	m, err := Parse(r)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "not a mail that can be read"}
	}
	for _, to := range s.recipients {
		m.To = to
		if err := s.box.Add(m); err != nil {
			return fmt.Errorf("keeping the mail: %w", err)
		}
	}
	return nil
}

func (s *session) Reset() { s.recipients = nil }

func (s *session) Logout() error { return nil }
