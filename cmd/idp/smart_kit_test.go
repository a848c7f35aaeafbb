package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/fhirdemo"
	"huskyidp/internal/seal"
)

// The tests of these files ask what the public test kits for SMART App Launch 2.2 ask of a server: Inferno's "SMART App
// Launch Test Kit", suite STU 2.2, and the parts of its kit for (g)(10) that concern an app of one patient.
// docs/conformance.md has the table. A served product and a FHIR server are asked over TLS by their own names.

const (
	kitIssuer = "https://idp.example"
	kitFHIR   = "https://fhir.example/r4"
	kitOrigin = "https://app.example"
	kitReturn = kitOrigin + "/callback"
)

// smartKit is the product, a FHIR server that accepts its tokens, and what a test kit knows of both.
type smartKit struct {
	vars   map[string]string // for commands
	client *http.Client
	at     map[string]string // addresses by name and port
	roots  *x509.CertPool
	member uuid.UUID
	other  uuid.UUID    // a patient without an account
	ahead  atomic.Int64 // of the FHIR server's clock, in nanoseconds
	server smartApp     // the FHIR server's registration
}

func TestSmartKit(t *testing.T) {
	t.Parallel()
	k := newSmartKit(t)
	t.Run("discovery", k.discovery)
	t.Run("revoked", k.revoked)
	for _, kind := range []string{"public", "symmetric", "asymmetric"} {
		t.Run("standalone "+kind, func(t *testing.T) { k.standalone(t, kind) })
		t.Run("ehr "+kind, func(t *testing.T) { k.ehr(t, kind) })
	}
	t.Run("introspection", k.introspection)
	t.Run("backend services", k.backendServices)
	t.Run("single patient", k.singlePatient)
	t.Run("limited app", k.limitedApp)
	t.Run("granular scopes", k.granularScopes)
	t.Run("refused", k.refused)
}

func newSmartKit(t *testing.T) *smartKit {
	t.Helper()
	k := &smartKit{vars: map[string]string{"IDP_KEK": seal.GenerateKEK(), "IDP_ACCEPT": "database-without-verified-tls"}, at: map[string]string{}, roots: x509.NewCertPool()}
	cert, key := certificateFiles(t, "idp.example")
	i := startInstance(t, "0s", map[string]string{"IDP_ISSUER": kitIssuer, "IDP_KEK": k.vars["IDP_KEK"], "IDP_TLS_CERT": cert, "IDP_TLS_KEY": key})
	k.vars["IDP_DATABASE_URL"] = i.dsn
	k.at["idp.example:443"] = i.address
	k.member = sampleMember(t, i.dsn, k.vars["IDP_KEK"])
	k.other = uuid.MustParse("0192c3e0-0000-7000-8000-000000000001")
	k.trust(t, cert)
	k.client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: k.roots}, DialContext: k.dial},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(k.client.CloseIdleConnections)

	k.server = k.register(t, map[string]any{"client_name": "Records", "profile": "service", "resource_server": []string{kitFHIR}, "fhir_server": "records", "smart_style_url": "https://fhir.example/style.json"})
	cert, key = certificateFiles(t, "fhir.example")
	k.trust(t, cert)
	pair, err := tls.LoadX509KeyPair(cert, key)
	must(t, err)
	records, err := fhirdemo.New(fhirdemo.Options{Issuer: kitIssuer, Name: "records", BaseURL: kitFHIR, ClientID: k.server.id, ClientSecret: k.server.secret, Source: k,
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil)), Client: k.client, Now: func() time.Time { return time.Now().Add(time.Duration(k.ahead.Load())) }})
	must(t, err)
	server := httptest.NewUnstartedServer(records)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	k.at["fhir.example:443"] = server.Listener.Addr().String()
	return k
}

func (k *smartKit) trust(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	must(t, err)
	if !k.roots.AppendCertsFromPEM(text) {
		t.Fatal("no certificate")
	}
}

// dial finds both servers by their names.
func (k *smartKit) dial(ctx context.Context, network, address string) (net.Conn, error) {
	at, known := k.at[address]
	if !known {
		return nil, fmt.Errorf("%s is not part of the test", address)
	}
	return (&net.Dialer{}).DialContext(ctx, network, at)
}

// Person and Everyone make it the FHIR server's Source.
func (k *smartKit) Person(ctx context.Context, id string) (fhirdemo.Person, bool, error) {
	everyone, err := k.Everyone(ctx)
	for _, one := range everyone {
		if one.ID.String() == id {
			return one, true, nil
		}
	}
	return fhirdemo.Person{}, false, err
}

func (k *smartKit) Everyone(context.Context) ([]fhirdemo.Person, error) {
	return []fhirdemo.Person{{ID: k.member, FirstName: "MARÍA JOSÉ", LastName: "NÚÑEZ PEÑALINDA", BirthDate: "1984-03-14", Program: "A", CoverageStart: "2025-01-01"},
		{ID: k.other, FirstName: "JAMES", LastName: "THORNWICKLE", BirthDate: "2011-11-02", Program: "D", CoverageStart: "2024-07-01"}}, nil
}

// reply is a response; body is what its JSON says.
type reply struct {
	status int
	header http.Header
	body   map[string]any
	raw    string
}

func (r reply) text(name string) string {
	text, _ := r.body[name].(string)
	return text
}

func (r reply) scopes() []string { return strings.Fields(r.text("scope")) }

// send asks one of the servers; header is name, value, …
func (k *smartKit) send(t *testing.T, method, address string, form url.Values, header ...string) reply {
	t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(t.Context(), method, address, body)
	must(t, err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := k.client.Do(r)
	must(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(t, err)
	answer := reply{status: response.StatusCode, header: response.Header, raw: string(text)}
	if strings.Contains(response.Header.Get("Content-Type"), "json") {
		must(t, json.Unmarshal(text, &answer.body))
	}
	return answer
}

// read asks the FHIR server, as a browser's app would.
func (k *smartKit) read(t *testing.T, token, path string) reply {
	t.Helper()
	return k.send(t, http.MethodGet, kitFHIR+path, nil, "Authorization", "Bearer "+token, "Origin", kitOrigin)
}

func (k *smartKit) wantStatus(t *testing.T, what string, got reply, want ...int) {
	t.Helper()
	for _, status := range want {
		if got.status == status {
			return
		}
	}
	t.Errorf("%s: %d %s, want %v", what, got.status, got.raw, want)
}
