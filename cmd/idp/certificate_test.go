package main

import (
	"crypto/tls"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
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

// What every browser refuses is no certificate: `config check` fails, and serve warns at its start, at each new file and each day.
func TestCertificateThatBrowsersRefuse(t *testing.T) {
	t.Parallel()
	day, now := 24*time.Hour, time.Now()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	issuer, desk := []string{"idp.example"}, []string{"idp.example", "desk.example"}
	for _, test := range []struct {
		host     string
		from, to time.Duration
		hosts    []string
		want     string // of the check
		warning  string // of serve
	}{
		{"idp.example", -day, 90 * day, issuer, "", ""},
		{"*.example", -day, 90 * day, desk, "", ""},
		{"idp.example", -90 * day, -day, issuer, "expired on ", "expired on "},
		{"idp.example", day, 90 * day, issuer, "is not valid before ", "is not valid before "},
		{"other.example", -day, 90 * day, issuer, "is not for idp.example, but for other.example", "is not for idp.example"},
		{"idp.example", -day, 90 * day, desk, "is not for desk.example, but for idp.example", "is not for desk.example"},
		{"idp.example", -day, 3 * day, issuer, "", "expires soon"},
	} {
		writeCertificateOf(t, certFile, keyFile, test.host, now.Add(test.from), now.Add(test.to))
		cert, err := loadCertificate(certFile, keyFile)
		must(t, err)
		cert.hosts = test.hosts
		err = cert.judge(now, test.hosts)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s for %v from %s to %s: %v, want %q", test.host, test.hosts, test.from, test.to, err, test.want)
		}
		var log lockedBuffer
		cert.warn(now, slog.New(slog.NewJSONHandler(&log, nil)))
		if got := log.String(); (got == "") != (test.warning == "") || !strings.Contains(got, test.warning) || got != "" && !strings.Contains(got, `"level":"WARN"`) {
			t.Errorf("%s for %v from %s to %s: logged %q, want %q", test.host, test.hosts, test.from, test.to, got, test.warning)
		}
	}
	(*certificate)(nil).warn(now, slog.New(slog.NewJSONHandler(os.Stderr, nil))) // behind a proxy
	e := &environment{Issuer: "https://idp.example:8443", DeskAddress: "https://desk.example", MTLSAddress: "https://idp.example:9443"}
	if got := e.hosts(); !slices.Equal(got, desk) {
		t.Errorf("hosts = %q, want %q", got, desk)
	}
}

// A server that starts with such a certificate, or gets one while it runs, says so in its log.
func TestServeWarnsOfItsCertificate(t *testing.T) {
	t.Parallel()
	cert, key := certificateFiles(t, "other.example")
	i := startInstance(t, "0s", map[string]string{"IDP_TLS_CERT": cert, "IDP_TLS_KEY": key})
	warned := func() int { return strings.Count(i.log.String(), "the certificate is refused by browsers") }
	within(t, time.Second, "the first one told", func() bool { return warned() == 1 })
	writeCertificateOf(t, cert, key, "other.example", time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour))
	within(t, 3*certificatePause, "the next one told", func() bool { return warned() == 3 && strings.Contains(i.log.String(), "expired on ") })
}
