package audit_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres/postgrestest"
)

// TestAlerts (S-74): what has to be looked at now is a log line, a count and a row, and what
// happens every day is a row alone.
func TestAlerts(t *testing.T) {
	t.Parallel()
	account := uuid.NewString()
	totp := map[string]string{"factor": "totp"}
	unseen := audit.AlertNames()
	for _, test := range []struct {
		event audit.Event
		want  string
	}{
		{audit.Event{Kind: audit.CodeReplayed}, "code_replayed"},
		{audit.Event{Kind: audit.RefreshReplayed}, "refresh_replayed"},
		{audit.Event{Kind: audit.FactorRefused, Reason: "used", Data: totp}, "totp_reused"},
		{audit.Event{Kind: audit.PasswordDisabled, AccountID: account}, "password_used_up"},
		{audit.Event{Kind: audit.StaffDenied, Reason: "limit"}, "staff_limit"},
		{audit.Event{Kind: audit.BreakGlass}, "break_glass_used"},
		{audit.Event{Kind: audit.ResetsRising}, "resets_rising"},
		{audit.Event{Kind: audit.MailsLate}, "mails_late"},
		{audit.Event{Kind: audit.JobsDiscarded}, "jobs_discarded"},
		{audit.Event{Kind: audit.ChainBroken}, "audit_broken"},
		{audit.Event{Kind: audit.SealBroken}, "sealed_value_broken"},
		{audit.Event{Kind: audit.CommitsLost}, "failover_lost_commits"},
		{audit.Event{Kind: audit.FactorRefused, Reason: "wrong", Data: totp}, ""},
		{audit.Event{Kind: audit.FactorRefused, Reason: "used", Data: map[string]string{"factor": "saved_code"}}, ""},
		{audit.Event{Kind: audit.PasswordDisabled}, ""},
		{audit.Event{Kind: audit.StaffDenied, Reason: "role"}, ""},
		{audit.Event{Kind: audit.SignInFailed}, ""},
	} {
		db, out := postgrestest.New(t), &bytes.Buffer{}
		var counted []string
		log := audit.New(db).AlertTo(slog.New(slog.NewJSONHandler(out, nil)), func(name string) { counted = append(counted, name) })
		test.event.At = noon
		if err := log.Record(t.Context(), test.event); err != nil {
			t.Fatal(err)
		}
		var rows int
		if err := db.From(t.Context()).QueryRow(t.Context(), `select count(*) from audit_events where kind = $1`, test.event.Kind).Scan(&rows); err != nil || rows != 1 {
			t.Errorf("%s: %d rows, %v", test.event.Kind, rows, err)
		}
		if err := db.From(t.Context()).QueryRow(t.Context(), `select count(*) from alert_events where kind = $1`, test.event.Kind).Scan(&rows); err != nil || (rows == 1) != (test.want != "") {
			t.Errorf("%s %s: %d rows in the view of alerts, %v", test.event.Kind, test.event.Reason, rows, err)
		}
		if test.want != "" && test.event.AlertName() != test.want {
			t.Errorf("%s is called %s", test.event.Kind, test.event.AlertName())
		}
		if test.want == "" {
			if out.Len() > 0 || counted != nil {
				t.Errorf("%s %s is an alert: %s", test.event.Kind, test.event.Reason, out)
			}
			continue
		}
		if line := `"msg":"alert","alert":"` + test.want + `"`; !strings.Contains(out.String(), line) || !slices.Equal(counted, []string{test.want}) {
			t.Errorf("%s: log %q, counted %v, want %s", test.event.Kind, out, counted, test.want)
		}
		if !slices.Contains(audit.AlertNames(), test.want) {
			t.Errorf("%s is not among the names that are counted", test.want)
		}
		unseen = slices.DeleteFunc(unseen, func(name string) bool { return name == test.want })
	}
	if len(unseen) > 0 {
		t.Errorf("the test raises no %v", unseen)
	}
}

// TestAlertCondition: the view that the desk reads, and its index, have the condition of the list of alerts.
func TestAlertCondition(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	for _, statement := range []string{
		`create temporary view made as select id, at, kind, reason, account_id, client_id, actor from audit_events where ` + audit.AlertCondition(),
		`create temporary table events (like audit_events)`,
		`create index made_index on events (at) where ` + audit.AlertCondition(),
	} {
		if _, err := db.From(t.Context()).Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for _, part := range []string{
		`pg_get_viewdef('alert_events'::regclass) = pg_get_viewdef('pg_temp.made'::regclass)`,
		`(select pg_get_expr(indpred, indrelid) from pg_index where indexrelid = 'audit_events_alerts'::regclass) =
			(select pg_get_expr(indpred, indrelid) from pg_index where indexrelid = 'pg_temp.made_index'::regclass)`,
	} {
		var same bool
		if err := db.From(t.Context()).QueryRow(t.Context(), `select `+part).Scan(&same); err != nil || !same {
			t.Errorf("not so (%v): %s\nthe condition is\n%s", err, part, audit.AlertCondition())
		}
	}
}
