package rig

import (
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"

	"huskyidp/internal/mailbox"
)

// Mails is the mail server of the instances.
type Mails struct {
	Address string
	Slow    atomic.Int64                   // delay per mail
	Refuse  atomic.Pointer[smtp.SMTPError] // response to every mail
	Poison  atomic.Pointer[string]         // recipient whose mails are answered with 451

	server   *smtp.Server
	listener net.Listener

	mu    sync.Mutex
	at    map[string][]mailbox.Mail // by recipient, oldest first
	count map[string]int            // arrivals by Message-ID
}

// NewMails starts one on a free port.
func NewMails() (*Mails, error) {
	m := &Mails{at: map[string][]mailbox.Mail{}, count: map[string]int{}}
	return m, m.Start()
}

// Start listens on the same port as before, if there was one.
func (m *Mails) Start() (err error) {
	address := m.Address
	if address == "" {
		address = "127.0.0.1:0"
	}
	if m.listener, err = net.Listen("tcp", address); err != nil {
		return err
	}
	m.Address = m.listener.Addr().String()
	m.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &envelope{mails: m}, nil }))
	m.server.Domain = "localhost"
	m.server.ErrorLog = log.New(io.Discard, "", 0)
	go func(s *smtp.Server, l net.Listener) { _ = s.Serve(l) }(m.server, m.listener) // ends with Stop
	return nil
}

// Stop closes the port and every connection.
func (m *Mails) Stop() { _ = m.server.Close() }

// envelope is an incoming mail.
type envelope struct {
	mails *Mails
	to    string
}

func (e *envelope) Mail(string, *smtp.MailOptions) error { return nil }

func (e *envelope) Rcpt(to string, _ *smtp.RcptOptions) error {
	e.to = to
	return nil
}

func (e *envelope) Data(r io.Reader) error {
	m, err := mailbox.Parse(r)
	if err != nil {
		return err
	}
	time.Sleep(time.Duration(e.mails.Slow.Load()))
	if refused := e.mails.Refuse.Load(); refused != nil {
		return refused
	}
	if poisoned := e.mails.Poison.Load(); poisoned != nil && *poisoned == e.to {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"}
	}
	m.To, m.At = e.to, time.Now()
	e.mails.mu.Lock()
	defer e.mails.mu.Unlock()
	e.mails.at[e.to] = append(e.mails.at[e.to], m)
	e.mails.count[strings.Trim(strings.Split(m.ID, "@")[0], "<>")]++
	return nil
}

func (e *envelope) Reset()        { e.to = "" }
func (e *envelope) Logout() error { return nil }

// Arrived returns how often the mail of a row arrived.
func (m *Mails) Arrived(id string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.count[id]
}

// Arrivals returns how often the mail of each row arrived.
func (m *Mails) Arrivals() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.count)
}

var sixDigits = regexp.MustCompile(`(?m)^(\d{6})\r?$`)

// Code waits for a code mailed to the address after the first skip mails, and returns the newest.
func (m *Mails) Code(ctx context.Context, to string, skip int) (string, error) {
	found, err := m.Find(ctx, to, skip, sixDigits)
	if err != nil {
		return "", fmt.Errorf("a mail with a code: %w", err)
	}
	return found, nil
}

// Find waits for a mail that matches, and returns the group of the newest match.
func (m *Mails) Find(ctx context.Context, to string, skip int, pattern *regexp.Regexp) (string, error) {
	for {
		m.mu.Lock()
		all := m.at[to]
		for i := len(all) - 1; i >= skip; i-- {
			if found := pattern.FindStringSubmatch(all[i].Text); found != nil {
				m.mu.Unlock()
				return found[1], nil
			}
		}
		m.mu.Unlock()
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// SoFar counts the mails to an address.
func (m *Mails) SoFar(to string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.at[to])
}
