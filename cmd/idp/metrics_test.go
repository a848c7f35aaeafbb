package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"

	"huskyidp/internal/mailbox"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/members"
	"huskyidp/provider"
)

// operated is the wired program with its workers, a mail server, and a roster.
type operated struct {
	*app
	t   *testing.T
	box *mailbox.Box
}

func operate(t *testing.T) *operated {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	box, err := mailbox.Open("")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	go box.ServeSMTP(ctx, listener)
	vars := production()
	vars["IDP_SMTP"], vars["IDP_SMTP_TLS"], vars["IDP_ACCEPT"] = listener.Addr().String(), "none", "tls-ends-at-the-proxy,mail-without-tls"
	_, s, err := readEnvironment(vars)
	if err != nil {
		t.Fatal(err)
	}
	s.dsn, s.agreementDir = postgrestest.DSN(t), ""
	s.limits.Answer = 20 * time.Second // also on a busy machine
	a, err := build(t.Context(), s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open("sample/roster.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := a.roster.Import(t.Context(), file, members.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := a.runner.Start(ctx); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	for _, loop := range a.loops {
		go func() { loop(ctx); done <- struct{}{} }()
	}
	t.Cleanup(func() {
		_ = a.runner.Stop(context.Background())
		stop()
		for range a.loops {
			<-done
		}
		a.close()
	})
	return &operated{a, t, box}
}

// scrape is what Prometheus gets, by name.
func (o *operated) scrape() map[string]*dto.MetricFamily {
	o.t.Helper()
	w := httptest.NewRecorder()
	o.operations().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		o.t.Fatalf("GET /metrics = %d: %s", w.Code, w.Body)
	}
	families, err := o.meters.registry.Gather()
	if err != nil {
		o.t.Fatal(err)
	}
	all := map[string]*dto.MetricFamily{}
	for _, f := range families {
		all[f.GetName()] = f
	}
	return all
}

// labelled are pairs of a label and its value.
func find(all map[string]*dto.MetricFamily, name string, labelled ...string) (value float64, found bool) {
	f, ok := all[name]
	if !ok {
		return 0, false
	}
	for _, m := range f.GetMetric() {
		have := map[string]string{}
		for _, l := range m.GetLabel() {
			have[l.GetName()] = l.GetValue()
		}
		fits := true
		for i := 0; i < len(labelled); i += 2 {
			fits = fits && have[labelled[i]] == labelled[i+1]
		}
		if !fits {
			continue
		}
		found = true
		switch {
		case m.Counter != nil:
			value += m.GetCounter().GetValue()
		case m.Gauge != nil:
			value += m.GetGauge().GetValue()
		case m.Histogram != nil:
			value += float64(m.GetHistogram().GetSampleCount())
		}
	}
	return value, found
}

// walk sends a form of the page at path, and says where the answer leads.
func (o *operated) walk(browser *stranger, path string, fields ...string) string {
	o.t.Helper()
	page, status := browser.do(http.MethodGet, path, nil)
	token := hiddenToken.FindStringSubmatch(page)
	if status != http.StatusOK || token == nil {
		o.t.Fatalf("GET %s = %d\n%s", path, status, page)
	}
	form := url.Values{"csrf": {token[1]}}
	for _, hidden := range regexp.MustCompile(`type="hidden" name="([^"]+)" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		form.Set(hidden[1], hidden[2])
	}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	page, status = browser.do(http.MethodPost, path, form)
	return fmt.Sprintf("%d %s", status, page)
}

func (o *operated) browser(source string) *stranger {
	return &stranger{a: o.app, source: source + ":1", cookies: map[string]string{}}
}

// TestMetricsOfJourneys: what members and programs did is what a scrape shows.
func TestMetricsOfJourneys(t *testing.T) {
	t.Parallel()
	o := operate(t)

	member := o.browser("203.0.113.1")
	step := func(want int, path string, fields ...string) {
		t.Helper()
		if got := o.walk(member, path, fields...); !strings.HasPrefix(got, fmt.Sprint(want)) {
			t.Fatalf("POST %s = %.3s: %s", path, got, regexp.MustCompile(`(?s)class="(problem|error|notice)[^"]*".{0,200}`).FindString(got))
		}
	}
	card := []string{"act", "next", "first_name", "Ana", "last_name", "Riverstowe", "birth_day", "25", "birth_month", "8", "birth_year", "1996", "card_id", "572908314"}
	wrong := slices.Clone(card)
	wrong[5] = "Nobody"
	step(303, "/register/agreement", "act", "agree")
	step(422, "/register/personal", wrong...)
	step(303, "/register/personal", card...)
	const password = "three blue herons land"
	step(303, "/register/credentials", "act", "next", "username", "ana.river", "new_password", password, "email", "ana@mail.example",
		"email_again", "ana@mail.example", "question", "riding_teacher", "answer", "El Yunque")
	code := ""
	within(t, 10*time.Second, "a mail with a code", func() bool {
		for _, m := range o.box.Mails() {
			code = regexp.MustCompile(`\b\d{6}\b`).FindString(m.Text)
		}
		return code != ""
	})
	step(303, "/register/code", "act", "next", "code", code)
	step(303, "/register/review", "act", "finish", "certify", "yes")
	stranger := o.browser("203.0.113.2")
	if got := o.walk(stranger, "/login", "username", "ana.river", "password", "not the password"); !strings.HasPrefix(got, "4") {
		t.Fatalf("a wrong password: %s", got)
	}
	if got := o.walk(stranger, "/login", "username", "ana.river", "password", password); !strings.HasPrefix(got, "303") {
		t.Fatalf("the right password: %s", got)
	}

	service, secret, err := o.clients.Create(t.Context(), "", provider.Metadata{ClientName: "x", Profile: provider.ProfileService,
		GrantTypes: []string{"client_credentials"}, TokenEndpointAuthMethod: "client_secret_post", Scope: []string{"husky.directory"}})
	if err != nil {
		t.Fatal(err)
	}
	program := o.browser("203.0.113.3")
	for _, given := range []string{secret, "wrong"} {
		program.do(http.MethodPost, "/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {service.ID}, "client_secret": {given}})
	}
	program.do(http.MethodGet, "/nowhere", nil)

	within(t, 40*time.Second, "sealed and mailed", func() bool {
		var sealed, checked, queued int
		err := o.db.From(t.Context()).QueryRow(t.Context(), `select (select count(*) from audit_chain), (select count(*) from audit_checkpoints), (select count(*) from mails where state = 'queued')`).Scan(&sealed, &checked, &queued)
		return err == nil && sealed > 5 && checked > 0 && queued == 0
	})
	all := o.scrape()
	for _, want := range []struct {
		name   string
		labels []string
		value  float64
	}{
		{"idp_events_total", []string{"kind", "registration.started", "outcome", "succeeded"}, 1},
		{"idp_events_total", []string{"kind", "registration.agreed", "outcome", "succeeded"}, 1},
		{"idp_events_total", []string{"kind", "registration.identity_refused", "outcome", "no_match"}, 1},
		{"idp_events_total", []string{"kind", "registration.identity_matched", "outcome", "succeeded"}, 1},
		{"idp_events_total", []string{"kind", "registration.finished", "outcome", "succeeded"}, 1},
		{"idp_events_total", []string{"kind", "sign_in_failed", "outcome", "wrong_credentials"}, 1},
		{"idp_events_total", []string{"kind", "signed_in", "outcome", "succeeded"}, 2},
		{"idp_events_total", []string{"kind", "client.auth_refused", "outcome", "failed"}, 1},
		{"idp_second_steps_total", []string{"outcome", "succeeded"}, 0},
		{"idp_locks_total", []string{"lock", "identity", "change", "begun"}, 0},
		{"idp_token_answers_total", []string{"grant", "client_credentials", "profile", "service"}, 1},
		{"idp_refused_requests_total", []string{"reason", "invalid_client"}, 1},
		{"idp_refused_requests_total", []string{"reason", "not_found"}, 1},
		{"idp_mail_tries_total", []string{"outcome", "failed"}, 0},
		{"idp_mails_queued", nil, 0},
		{"idp_mails_oldest_queued_seconds", nil, 0},
		{"idp_hash_queue_length", nil, 0},
		{"idp_roster_members", []string{"state", "current"}, 30},
		{"idp_state_up", nil, 1},
		{"idp_build_info", nil, 1},
	} {
		if got, found := find(all, want.name, want.labels...); !found || got != want.value {
			t.Errorf("%s%v = %v (%t), want %v", want.name, want.labels, got, found, want.value)
		}
	}
	now := float64(time.Now().Unix())
	for _, recent := range []string{"idp_audit_newest_sealed_timestamp_seconds", "idp_audit_newest_checkpoint_timestamp_seconds", "idp_roster_newest_import_timestamp_seconds"} {
		if got, found := find(all, recent); !found || got < now-120 || got > now+2 {
			t.Errorf("%s = %v (%t), want about %v", recent, got, found, now)
		}
	}
	if got, found := find(all, "idp_signing_key_next_rotation_timestamp_seconds", "alg", "RS256"); !found || got < now+80*86400 {
		t.Errorf("the next RS256 key takes over at %v (%t)", got, found)
	}
	for _, some := range [][]string{{"idp_mail_tries_total", "outcome", "sent"}, {"idp_hash_wait_seconds", "outcome", "entered"}, {"idp_jobs"}} {
		if got, found := find(all, some[0], some[1:]...); !found || some[0] != "idp_jobs" && got < 1 {
			t.Errorf("%v = %v (%t)", some, got, found)
		}
	}
}

// TestMetricsAreBounded (S-69, S-70): whatever strangers send, series are as many as before, none bears what they sent, and
// their names are as Prometheus asks.
func TestMetricsAreBounded(t *testing.T) {
	t.Parallel()
	o := operate(t)
	const typed = "zqxjkv"
	knock := func(n int) {
		for _, route := range o.engine.Routes() {
			path := strings.NewReplacer("*file", typed, ":id", typed, ":method", typed, ":digest", typed).Replace(route.Path)
			s := o.browser(fmt.Sprintf("203.0.113.%d", n))
			s.do(route.Method, path+"?client_id="+typed+"&scope="+typed+"&error="+typed, url.Values{"grant_type": {typed}, "client_id": {typed}, "username": {typed}, "csrf": {typed}})
		}
		s := o.browser(fmt.Sprintf("203.0.113.%d", n))
		s.do("ZQXJKV", "/token", url.Values{})
		s.do(http.MethodGet, "/"+typed, nil)
		s.do(http.MethodPost, "/token", url.Values{"grant_type": {"authorization_code"}, "client_id": {typed}, "code": {typed}, "redirect_uri": {typed}})
	}
	count := func() (series int) {
		for name, f := range o.scrape() {
			for _, m := range f.GetMetric() {
				series++
				for _, l := range m.GetLabel() {
					if strings.Contains(strings.ToLower(l.GetValue()), typed) {
						t.Errorf("%s has the label %s=%q, which a stranger typed", name, l.GetName(), l.GetValue())
					}
				}
			}
		}
		return series
	}
	knock(1)
	before := count()
	knock(2)
	if after := count(); after > before || after > 900 {
		t.Errorf("%d series, %d after the same strangers came again; want the same, and at most 900", before, after)
	}
	families, err := o.meters.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
