package main

import (
	"crypto/tls"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A certificate that is renewed is shown without a restart, on each listener; one that is broken leaves the former in use.
func TestCertificateIsReloaded(t *testing.T) {
	t.Parallel()
	cert, key := certificateFiles(t, "first.example")
	desk := freeAddress(t)
	i := startInstance(t, "0s", map[string]string{"IDP_TLS_CERT": cert, "IDP_TLS_KEY": key, "IDP_DESK_LISTEN": desk, "IDP_DESK_ADDRESS": "https://desk.example"})
	shows := func(host string) func() bool {
		return func() bool {
			for _, address := range []string{i.address, desk} {
				conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}) // the name is what is looked at
				if err != nil {
					return false
				}
				conn.Close()
				if conn.ConnectionState().PeerCertificates[0].Subject.CommonName != host {
					return false
				}
			}
			return true
		}
	}
	within(t, time.Second, "the first certificate shown", shows("first.example"))
	writeCertificate(t, cert, key, "second.example")
	within(t, 3*certificatePause, "the renewed certificate shown", shows("second.example"))
	if err := os.WriteFile(cert, []byte("half of a fi"), 0o600); err != nil {
		t.Fatal(err)
	}
	kept := func() int { return strings.Count(i.log.String(), "the certificate stays as it was") }
	within(t, 3*certificatePause, "the broken file told", func() bool { return kept() >= 1 })
	if !shows("second.example")() {
		t.Error("the former certificate is not shown any more")
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	within(t, certificatePause/2, "the broken file told again on SIGHUP", func() bool { return kept() >= 2 })
	writeCertificate(t, cert, key, "third.example")
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	within(t, certificatePause/2, "the third certificate shown at once", shows("third.example"))
}

// Behind a proxy that ends TLS a hang-up does no harm.
func TestHangUpWithoutCertificate(t *testing.T) {
	t.Parallel()
	i := startInstance(t, "0s")
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	within(t, 5*time.Second, "heard", func() bool { return strings.Contains(i.log.String(), "no certificate to reload") })
	if status, _ := i.operations("/readyz"); status != 200 {
		t.Errorf("/readyz after SIGHUP = %d", status)
	}
}
