package mail_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/mail"
)

// SMTPUTF8 is asked for only by a mail that cannot do without: a relay further on that lacks it bounces such a mail for good.
func TestExtensionOnlyWhereNeeded(t *testing.T) {
	t.Parallel()
	f := newFixture(t, &sink{})
	for to, want := range map[string]bool{"maria@example.com": false, "maría@example.com": true} {
		account := uuid.Must(uuid.NewV7())
		m := welcome(account)
		m.To = to
		f.sink.mu.Lock()
		f.sink.utf8 = nil
		f.sink.mu.Unlock()
		f.enqueue(t, m)
		if got := f.settled(t, account); got[0].State != "sent" {
			t.Errorf("%s: %+v", to, got)
		}
		f.sink.mu.Lock()
		if len(f.sink.utf8) != 1 || f.sink.utf8[0] != want {
			t.Errorf("%s asks for SMTPUTF8: %v, want %t", to, f.sink.utf8, want)
		}
		f.sink.mu.Unlock()
	}
}

// S-79: without a TLS that verifies nothing is sent.
func TestTLS(t *testing.T) {
	t.Parallel()
	certificate, pool := selfSigned(t)
	withTLS := &tls.Config{Certificates: []tls.Certificate{certificate}}
	for name, test := range map[string]struct {
		server *tls.Config
		roots  *x509.CertPool
		sent   bool
	}{
		"verified":            {withTLS, pool, true},
		"unknown certificate": {withTLS, x509.NewCertPool(), false},
		"no STARTTLS":         {nil, pool, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &sink{}
			sender, err := mail.NewSMTP(mail.SMTPOptions{
				Address: serve(t, s, test.server), TLS: mail.StartTLS, From: "no-reply@idp.example", RootCAs: test.roots,
			})
			if err != nil {
				t.Fatal(err)
			}
			err = sender.Send(t.Context(), mail.Outgoing{ID: uuid.New(), To: "a@example.com", Lang: "es", Subject: "s", Text: "t", CreatedAt: time.Now()})
			if got := len(s.received()) == 1; got != test.sent || (err == nil) != test.sent {
				t.Errorf("Send = %v, delivered = %v, want %v", err, got, test.sent)
			}
		})
	}
}

func TestNewSMTPRefuses(t *testing.T) {
	t.Parallel()
	good := mail.SMTPOptions{Address: "mail.example:587", TLS: mail.StartTLS, From: "a@example.com"}
	for name, change := range map[string]func(*mail.SMTPOptions){
		"no port":               func(o *mail.SMTPOptions) { o.Address = "mail.example" },
		"a name as sender":      func(o *mail.SMTPOptions) { o.From = "A <a@example.com>" },
		"no sender":             func(o *mail.SMTPOptions) { o.From = "" },
		"unknown TLS":           func(o *mail.SMTPOptions) { o.TLS = "maybe" },
		"password in the clear": func(o *mail.SMTPOptions) { o.TLS, o.Username = mail.PlainText, "u" },
	} {
		o := good
		change(&o)
		if _, err := mail.NewSMTP(o); err == nil {
			t.Errorf("NewSMTP with %s went through", name)
		}
	}
	if _, err := mail.NewSMTP(good); err != nil {
		t.Errorf("NewSMTP = %v, want nil", err)
	}
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
