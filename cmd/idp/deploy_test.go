package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"huskyidp/internal/audit"
)

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// metricNames are those that the sources of this package register, and Prometheus' own of a target.
func metricNames(t *testing.T) []string {
	t.Helper()
	names := []string{"up"}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source := read(t, "cmd/idp/"+file)
		for _, m := range regexp.MustCompile(`"(idp_[a-z_]+)"`).FindAllStringSubmatch(source, -1) {
			names = append(names, m[1])
		}
		for _, m := range regexp.MustCompile(`stateDesc\("([a-z_]+)"`).FindAllStringSubmatch(source, -1) {
			names = append(names, "idp_"+m[1])
		}
	}
	return names
}

var metricForm = regexp.MustCompile(`\bidp_[a-z_]+`)

// unknownMetrics are those of an expression that nobody registers.
func unknownMetrics(known []string, expression string) (unknown []string) {
	for _, name := range metricForm.FindAllString(expression, -1) {
		plain := name
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			plain = strings.TrimSuffix(plain, suffix)
		}
		if !slices.Contains(known, name) && !slices.Contains(known, plain) {
			unknown = append(unknown, name)
		}
	}
	return unknown
}

// TestAlertsAreExplained: each alert rule asks for metrics that there are, and it and each alert line have a paragraph in the
// runbook.
func TestAlertsAreExplained(t *testing.T) {
	t.Parallel()
	rules, book, known := read(t, "deploy/prometheus/alerts.yml"), read(t, "docs/runbook.md"), metricNames(t)
	explained := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^### (\S+)\n\n(.{40,})`).FindAllStringSubmatch(book, -1) {
		explained[strings.ToLower(m[1])] = true
	}
	names := regexp.MustCompile(`- alert: (\S+)`).FindAllStringSubmatch(rules, -1)
	links := regexp.MustCompile(`runbook_url: docs/runbook\.md#(\S+)`).FindAllStringSubmatch(rules, -1)
	if len(names) < 15 || len(links) != len(names) {
		t.Fatalf("%d alerts, %d links", len(names), len(links))
	}
	for i, m := range names {
		if links[i][1] != strings.ToLower(m[1]) || !explained[links[i][1]] {
			t.Errorf("%s links to #%s, which has no paragraph of that name", m[1], links[i][1])
		}
	}
	for _, name := range audit.AlertNames() {
		if !explained[name] {
			t.Errorf("the runbook does not explain the alert line %s", name)
		}
	}
	if unknown := unknownMetrics(known, rules); unknown != nil {
		t.Errorf("alerts ask for %v, which nobody counts", unknown)
	}
	for _, m := range regexp.MustCompile(`\(#([a-z_-]+)\)`).FindAllStringSubmatch(book, -1) {
		if !explained[m[1]] && m[1] != "alert-lines" {
			t.Errorf("the runbook links to #%s, which is not there", m[1])
		}
	}
	if unknown := unknownMetrics(known, book); unknown != nil {
		t.Errorf("the runbook names %v, which nobody counts", unknown)
	}
}

// TestDashboard: Grafana can read the dashboard, and every query asks for metrics that there are.
func TestDashboard(t *testing.T) {
	t.Parallel()
	var board struct {
		Title  string
		Panels []struct {
			ID      int
			Title   string
			Targets []struct{ Expr, RefID string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "deploy/grafana/idp.json")), &board); err != nil {
		t.Fatal(err)
	}
	known, asked, ids := metricNames(t), "", map[int]bool{}
	for _, p := range board.Panels {
		if len(p.Targets) == 0 || p.Title == "" || ids[p.ID] {
			t.Errorf("panel %d %q asks nothing, or has the number of another", p.ID, p.Title)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			asked += target.Expr + "\n"
			if unknown := unknownMetrics(known, target.Expr); unknown != nil {
				t.Errorf("%s: %v, which nobody counts", p.Title, unknown)
			}
		}
	}
	for _, name := range known {
		if !strings.Contains(asked, name) && name != "idp_state_up" && name != "idp_database_waits_given_up_total" {
			t.Errorf("the dashboard does not show %s", name)
		}
	}
}

// TestDeployNamesSettings: every IDP_ name in the files for operators is a setting that there is.
func TestDeployNamesSettings(t *testing.T) {
	t.Parallel()
	known := []string{"IDP_PORTAL_KEY", "IDP_PORTAL_SECRET", "IDP_SERVER_PASSWORD", "IDP_OWNER_PASSWORD"} // of the demo's parts, and of deploy/roles.sql
	settings := reflect.TypeFor[environment]()
	for i := range settings.NumField() {
		known = append(known, "IDP_"+settings.Field(i).Tag.Get("env"))
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[RosterImportCmd]()) {
		known = append(known, field.Tag.Get("env"))
	}
	files := []string{"docker-compose.yml", "Dockerfile", "README.md", "docs/runbook.md", "docs/operate.md"}
	err := fs.WalkDir(os.DirFS("../.."), "deploy", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasPrefix(path, "deploy/secrets/") {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) < 15 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		for _, name := range regexp.MustCompile(`\bIDP_[A-Z][A-Z_]*[A-Z]\b`).FindAllString(read(t, path), -1) {
			if name == "IDP_PORT" { // Kubernetes' own, named to be refused
				continue
			}
			if !slices.Contains(known, strings.TrimSuffix(name, "_FILE")) && !slices.Contains(known, name) {
				t.Errorf("%s: %s is not a setting", path, name)
			}
		}
	}
}

// TestKubernetes: what serve needs of a pod's settings, and what the pieces need of each other.
func TestKubernetes(t *testing.T) {
	t.Parallel()
	vars := production()
	delete(vars, "IDP_AGREEMENT_DIR")
	for line := range strings.Lines(read(t, "deploy/kubernetes/idp.env")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if !strings.HasSuffix(name, "_FILE") { // of the secret
			vars[name] = value
		}
	}
	if _, _, err := readEnvironment(vars); err != nil {
		t.Errorf("the settings are refused: %v", err)
	}
	mounted := read(t, "deploy/kubernetes/deployment.yaml")
	for _, want := range []string{"replicas: 2", "path: /readyz", "path: /livez", "mountPath: /run/secrets/idp", "runAsNonRoot: true", "readOnlyRootFilesystem: true"} {
		if !strings.Contains(mounted, want) {
			t.Errorf("the deployment lacks %q", want)
		}
	}
	if regexp.MustCompile(`(?m)^kind: Secret$`).MatchString(mounted) {
		t.Error("a secret is in the repository")
	}
	for _, file := range []string{"deployment.yaml", "service.yaml", "disruption.yaml"} {
		if !strings.Contains(read(t, "deploy/kubernetes/"+file), "app.kubernetes.io/name: idp }") {
			t.Errorf("%s does not name the pods", file)
		}
	}
}
