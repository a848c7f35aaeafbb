package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// certificate is the certificate for TLS: two files, read again when they change.
type certificate struct {
	certFile, keyFile string
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
		return isNew, fmt.Errorf("%s: %w", setting, err)
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

// certificatePause is the time between two looks at the files.
const certificatePause = 2 * time.Second

// watch looks for new files every two seconds, and at once on a signal.
func (c *certificate) watch(reload <-chan os.Signal, logger *slog.Logger) func(context.Context) {
	return func(ctx context.Context) {
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
