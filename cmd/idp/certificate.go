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

// certificate is what TLS shows: two files, read anew when they change.
type certificate struct {
	certFile, keyFile string
	current           atomic.Pointer[tls.Certificate]
	seen              [sha256.Size]byte // of what was read last, good or not
}

// loadCertificate returns nil for no files: TLS ends elsewhere.
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

// read takes the files as they are now; isNew says whether they differ from what was read before. Files that are broken, or
// half replaced, leave the certificate before in use.
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

// certificatePause lies between two looks at the files.
const certificatePause = 2 * time.Second

// watch looks for new files every two seconds, and at once when told to.
func (c *certificate) watch(told <-chan os.Signal, logger *slog.Logger) func(context.Context) {
	return func(ctx context.Context) {
		for {
			asked := false
			select {
			case <-ctx.Done():
				return
			case <-told:
				asked = true
			case <-time.After(certificatePause):
			}
			if c == nil {
				if asked {
					logger.Info("nothing to read anew: TLS ends elsewhere")
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
