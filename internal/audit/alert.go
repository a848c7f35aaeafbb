package audit

import (
	"context"
	"log/slog"
	"strings"
)

// alerts are the events that need attention at once (S-74), the only list of them. The view alert_events and the index
// audit_events_alerts have AlertCondition in a migration of their own: a new line here needs another.
var alerts = []struct {
	kind Kind
	name string // in logs and metrics
	area string // of the service
	// Where not all events of the kind are alerts: which are, in Go and in SQL.
	is  func(Event) bool
	sql string
}{
	{CodeReplayed, "code_replayed", "apps", nil, ""},
	{RefreshReplayed, "refresh_replayed", "apps", nil, ""},
	{BreakGlass, "break_glass_used", "desk", nil, ""},
	{ResetsRising, "resets_rising", "system", nil, ""},
	{MailsLate, "mails_late", "system", nil, ""},
	{JobsDiscarded, "jobs_discarded", "system", nil, ""},
	{ChainBroken, "audit_broken", "system", nil, ""},
	{SealBroken, "sealed_value_broken", "system", nil, ""},
	{CommitsLost, "failover_lost_commits", "system", nil, ""},
	{FactorRefused, "totp_reused", "members", func(e Event) bool { return e.Reason == "used" && e.Data["factor"] == "totp" },
		`reason = 'used' and data @> '{"factor": "totp"}'`},
	{PasswordDisabled, "password_used_up", "members", func(e Event) bool { return e.AccountID != "" }, // an unknown name has no owner to warn
		`account_id is not null`},
	{StaffDenied, "staff_limit", "desk", func(e Event) bool { return e.Reason == "limit" }, `reason = 'limit'`},
}

// AlertNames returns all alert names.
func AlertNames() (names []string) {
	for _, a := range alerts {
		names = append(names, a.name)
	}
	return names
}

// AlertAreas returns the parts of the service that alerts concern, each with the kinds of its events.
func AlertAreas() map[string][]Kind {
	areas := map[string][]Kind{}
	for _, a := range alerts {
		areas[a.area] = append(areas[a.area], a.kind)
	}
	return areas
}

// AlertCondition selects the rows of audit_events that are alerts.
func AlertCondition() string {
	var whole, parts []string
	for _, a := range alerts {
		if a.sql == "" {
			whole = append(whole, "'"+string(a.kind)+"'")
			continue
		}
		parts = append(parts, " or kind = '"+string(a.kind)+"' and "+a.sql)
	}
	return "kind in (" + strings.Join(whole, ", ") + ")" + strings.Join(parts, "")
}

// AlertName is the name of the alert that an event of a kind raised, for rows that are known to be alerts.
func (e Event) AlertName() string {
	for _, a := range alerts {
		if a.kind == e.Kind {
			return a.name
		}
	}
	return ""
}

// alert returns the name of the alert that e raises, or "".
func (e Event) alert() string {
	for _, a := range alerts {
		if a.kind == e.Kind && (a.is == nil || a.is(e)) {
			return a.name
		}
	}
	return ""
}

// AlertTo logs and counts every event that is an alert, in addition to its row. If the batch then fails, the log line
// remains without a row: a spurious alert is better than a missing one.
func (l *Log) AlertTo(logger *slog.Logger, count func(name string)) *Log {
	l.tell = func(ctx context.Context, name string, e Event) {
		logger.LogAttrs(ctx, slog.LevelWarn, "alert", slog.String("alert", name), slog.String("kind", string(e.Kind)),
			slog.String("request_id", e.RequestID), slog.String("client_id", e.ClientID), slog.String("account", e.AccountID),
			slog.String("staff", e.Actor), slog.Any("data", e.Data))
		count(name)
	}
	return l
}
