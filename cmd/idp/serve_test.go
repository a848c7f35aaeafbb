package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"huskyidp/internal/freeport"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
	"huskyidp/internal/tap"
)

// instance is "idp serve" in this process, between a database behind a tap and plain
// HTTP, as behind a proxy that ends TLS.
type instance struct {
	t       *testing.T
	address string // public
	private string // health and metrics
	tap     *tap.Tap
	dsn     string // by way of the tap
	stop    context.CancelFunc
	exited  chan int
	log     *lockedBuffer
}

// startInstance takes further settings, which go before its own.
func startInstance(t *testing.T, drain string, more ...map[string]string) *instance {
	t.Helper()
	i := &instance{t: t, exited: make(chan int, 1), log: &lockedBuffer{}, private: freeAddress(t)}
	i.tap, i.dsn = newTap(t, postgrestest.DSN(t))
	ctx, stop := context.WithCancel(context.Background())
	i.stop = stop
	vars := map[string]string{
		"IDP_DATABASE_URL": i.dsn, "IDP_ISSUER": "https://idp.example", "IDP_KEK": seal.GenerateKEK(), "IDP_SMTP": "127.0.0.1:1",
		"IDP_SMTP_TLS": "none", "IDP_MAIL_FROM": "no-reply@idp.example", "IDP_LISTEN": "127.0.0.1:0", "IDP_METRICS_LISTEN": i.private,
		"IDP_DRAIN": drain, "IDP_ACCEPT": "tls-ends-at-the-proxy,database-without-verified-tls,mail-without-tls,sample-agreement",
	}
	for _, settings := range more {
		maps.Copy(vars, settings)
	}
	var stderr lockedBuffer
	go func() { i.exited <- run(ctx, []string{"serve"}, vars, i.log, &stderr) }()
	t.Cleanup(func() {
		stop()
		select {
		case <-i.exited:
		case <-time.After(30 * time.Second):
			t.Error("the instance does not stop")
		}
	})
	for deadline := time.Now().Add(20 * time.Second); i.address == ""; time.Sleep(10 * time.Millisecond) {
		for line := range strings.Lines(i.log.String()) {
			var entry struct{ Msg, Address string }
			if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "serving" {
				i.address = entry.Address
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the instance does not start:\n%s%s", stderr.String(), i.log)
		}
	}
	return i
}

// get asks the public listener; the body is "" when the answer takes too long.
func (i *instance) get(path string) (status int, body string, header http.Header) {
	i.t.Helper()
	return i.send("GET", "http://"+i.address+path, nil)
}

func (i *instance) operations(path string) (status int, body string) {
	i.t.Helper()
	status, body, _ = i.send("GET", "http://"+i.private+path, nil)
	return status, body
}

func (i *instance) send(method, address string, body io.Reader) (int, string, http.Header) {
	i.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		i.t.Fatal(err)
	}
	r.Host = "idp.example"
	r.AddCookie(&http.Cookie{Name: "__Host-session", Value: strings.Repeat("A", 43)}) // so that pages ask the database
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return 0, err.Error(), nil
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error(), nil
	}
	return answer.StatusCode, string(text), answer.Header
}

// within tries until check is content.
func within(t *testing.T, limit time.Duration, what string, check func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !check(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("not %s within %v", what, limit)
			return
		}
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	i := startInstance(t, "0s")
	for path, want := range map[string]int{
		"/.well-known/openid-configuration": 200, "/jwks": 200, "/login": 200, "/register/agreement": 200, "/account": 303, "/": 303,
		"/metrics": 404, "/debug/pprof/": 404, "/livez": 404, // none of it is public
	} {
		if got, _, _ := i.get(path); got != want {
			t.Errorf("GET %s = %d, want %d", path, got, want)
		}
	}
	for path, want := range map[string]string{"/livez": "alive", "/readyz": "ready", "/metrics": "idp_request_duration_seconds_count"} {
		if status, body := i.operations(path); status != 200 || !strings.Contains(body, want) {
			t.Errorf("GET %s = %d without %q", path, status, want)
		}
	}
	if log := i.log.String(); !strings.Contains(log, `"msg":"a weaker setting is accepted","setting":"tls-ends-at-the-proxy"`) {
		t.Errorf("the log does not tell the weaker setting:\n%s", log)
	}
}

// not ready at once, still answering while it drains, in-flight requests finished,
// exit code 0.
func TestShutdown(t *testing.T) {
	t.Parallel()
	i := startInstance(t, "700ms")
	slow, err := net.Dial("tcp", i.address)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	const body = "grant_type=client_credentials"
	fmt.Fprintf(slow, "POST /token HTTP/1.1\r\nHost: idp.example\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
		len(body), body[:5])
	time.Sleep(100 * time.Millisecond) // the request is in flight
	began := time.Now()
	i.stop()
	within(t, 300*time.Millisecond, "unready", func() bool {
		status, _ := i.operations("/readyz")
		return status == 503
	})
	if status, _, _ := i.get("/login"); status != 200 {
		t.Errorf("GET /login while draining = %d, want 200", status)
	}
	time.Sleep(time.Until(began.Add(time.Second))) // the drain is over
	if _, err := io.WriteString(slow, body[5:]); err != nil {
		t.Errorf("the request in flight was cut: %v", err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(slow), nil)
	if err != nil || answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("the request in flight: %v, %v, want 401", answer, err)
	}
	select {
	case code := <-i.exited:
		i.exited <- code
		if code != 0 {
			t.Errorf("exit code %d, want 0:\n%s", code, i.log)
		}
	case <-time.After(10 * time.Second):
		t.Error("the instance does not stop")
	}
}

// without database, or with one that hangs, pages say so within 2 s, keys and
// metadata go on, and all is well within 5 s of its return.
func TestDatabaseOutage(t *testing.T) {
	t.Parallel()
	i := startInstance(t, "0s")
	if status, _, _ := i.get("/login"); status != 200 {
		t.Fatalf("GET /login = %d", status)
	}
	for name, fail := range map[string]func(){"down": i.tap.Cut, "hung": i.tap.Hang} {
		fail()
		for path, want := range map[string]int{"/login?flow=x": 503, "/account": 503, "/jwks": 200, "/.well-known/openid-configuration": 200} {
			began := time.Now()
			status, _, header := i.get(path)
			if took := time.Since(began); status != want || took > 2500*time.Millisecond {
				t.Errorf("%s: GET %s = %d after %v, want %d within 2 s", name, path, status, took, want)
			}
			if want == 503 && header.Get("Retry-After") == "" {
				t.Errorf("%s: GET %s has no Retry-After", name, path)
			}
		}
		if status, _ := i.operations("/livez"); status != 200 {
			t.Errorf("%s: /livez = %d, want 200", name, status)
		}
		if status, _ := i.operations("/readyz"); status != 503 {
			t.Errorf("%s: /readyz = %d, want 503", name, status)
		}
		i.tap.Restore()
		within(t, 5*time.Second, "ready after being "+name, func() bool {
			status, _ := i.operations("/readyz")
			return status == 200
		})
		within(t, 5*time.Second, "serving after being "+name, func() bool {
			status, _, _ := i.get("/login?flow=x")
			return status == 200 // a request that is over leads to a sign-in without it
		})
	}
}

// newTap is a proxy between an instance and its database, and can be closed.
func newTap(t *testing.T, dsn string) (*tap.Tap, string) {
	t.Helper()
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	p, err := tap.New(pgconn.NetworkAddress(cfg.Host, cfg.Port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	address := url.URL{Scheme: "postgres", User: url.UserPassword(cfg.User, cfg.Password), Host: p.Address(), Path: cfg.Database,
		RawQuery: url.Values{"sslmode": {"disable"}, "role": {cfg.RuntimeParams["role"]}}.Encode()}
	return p, address.String()
}

func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := freeport.Address()
	must(t, err)
	return address
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
