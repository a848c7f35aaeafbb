package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// certificate is the certificate for TLS: two files, read again when they change.
type certificate struct {
	certFile, keyFile string
	hosts             []string // that it should be for
	current           atomic.Pointer[tls.Certificate]
	seen              [sha256.Size]byte // hash of what was read last, valid or not
}

// loadCertificate returns nil if no files are given: TLS ends at a proxy.
func loadCertificate(certFile, keyFile string) (*certificate, error) {
	if certFile == "" {
		return nil, nil
	}
	c := &certificate{certFile: certFile, keyFile: keyFile}
	_, err := c.read()
	return c, err
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.current.Load(), nil
}

// read reads the files; isNew reports whether they differ from what was read before. While files are broken or half
// replaced, the previous certificate stays in use.
func (c *certificate) read() (isNew bool, err error) {
	chain, err := os.ReadFile(c.certFile)
	key, err2 := os.ReadFile(c.keyFile)
	setting := "IDP_TLS_CERT"
	if err == nil && err2 != nil {
		setting, err = "IDP_TLS_KEY", err2
	}
	now := sha256.Sum256(fmt.Appendf(nil, "%q %q %v", chain, key, err))
	isNew, c.seen = now != c.seen, now
	if err != nil {
		path := c.certFile
		if setting == "IDP_TLS_KEY" {
			path = c.keyFile
		}
		return isNew, fmt.Errorf("%s: %w", setting, fileError(path, err))
	}
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return isNew, fmt.Errorf("IDP_TLS_CERT, IDP_TLS_KEY: %s, %s: %w", c.certFile, c.keyFile, err)
	}
	if isNew {
		c.current.Store(&pair)
	}
	return isNew, nil
}

// judge says why browsers or apps would refuse the certificate.
func (c *certificate) judge(now time.Time, hosts []string) error {
	leaf := c.current.Load().Leaf
	var causes []error
	switch {
	case now.After(leaf.NotAfter):
		causes = append(causes, fmt.Errorf("IDP_TLS_CERT: %s expired on %s: every browser refuses it. Renew it", c.certFile, shown(leaf.NotAfter)))
	case now.Before(leaf.NotBefore):
		causes = append(causes, fmt.Errorf("IDP_TLS_CERT: %s is not valid before %s: every browser refuses it until then. Is the clock right?", c.certFile, shown(leaf.NotBefore)))
	}
	for _, host := range hosts {
		if leaf.VerifyHostname(host) != nil {
			causes = append(causes, fmt.Errorf("IDP_TLS_CERT: %s is not for %s, but for %s: every browser refuses it there", c.certFile, host, strings.Join(leaf.DNSNames, ", ")))
		}
	}
	return errors.Join(causes...)
}

// expirySoon is how long before its end a certificate is warned of.
const expirySoon = 14 * 24 * time.Hour

// warn logs what is wrong with the certificate, or soon will be.
func (c *certificate) warn(now time.Time, logger *slog.Logger) {
	if c == nil {
		return
	}
	if err := c.judge(now, c.hosts); err != nil {
		for line := range strings.Lines(err.Error()) {
			logger.Warn("the certificate is refused by browsers", "cause", strings.TrimSpace(line))
		}
	} else if end := c.current.Load().Leaf.NotAfter; end.Sub(now) < expirySoon {
		logger.Warn("the certificate expires soon", "valid_until", end.UTC())
	}
}

// warnEvery is the time between two warnings of one certificate.
const warnEvery = 24 * time.Hour

// certificatePause is the time between two looks at the files.
const certificatePause = 2 * time.Second

// watch looks for new files every two seconds, and at once on a signal.
func (c *certificate) watch(reload <-chan os.Signal, logger *slog.Logger) func(context.Context) {
	return func(ctx context.Context) {
		warned := time.Now() // at the start
		for {
			asked := false
			select {
			case <-ctx.Done():
				return
			case <-reload:
				asked = true
			case <-time.After(certificatePause):
			}
			if c == nil {
				if asked {
					logger.Info("no certificate to reload: TLS terminates elsewhere")
				}
				continue
			}
			isNew, err := c.read()
			if now := time.Now(); isNew && err == nil || now.Sub(warned) >= warnEvery {
				c.warn(now, logger)
				warned = now
			}
			switch {
			case !isNew && !asked:
			case err != nil:
				logger.Error("the certificate stays as it was", "error", err.Error())
			default:
				logger.Info("certificate read", "valid_until", c.current.Load().Leaf.NotAfter.UTC())
			}
		}
	}
}
