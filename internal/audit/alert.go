package audit

import (
	"context"
	"log/slog"
)

// alerts maps the kinds that need attention at once (S-74) to the name that logs and metrics give the alert. Kinds that
// alert only for certain reasons are in alert.
var alerts = map[Kind]string{
	CodeReplayed:    "code_replayed",
	RefreshReplayed: "refresh_replayed",
	BreakGlass:      "break_glass_used",
	ResetsRising:    "resets_rising",
	MailsLate:       "mails_late",
	JobsDiscarded:   "jobs_discarded",
	ChainBroken:     "audit_broken",
	SealBroken:      "sealed_value_broken",
	CommitsLost:     "failover_lost_commits",
}

// AlertNames returns all alert names, for metrics that are initialised at zero.
func AlertNames() []string {
	names := []string{"totp_reused", "password_used_up", "staff_limit"}
	for _, name := range alerts {
		names = append(names, name)
	}
	return names
}

// alert returns the name of the alert that e raises, or "".
func (e Event) alert() string {
	switch {
	case e.Kind == FactorRefused && e.Reason == "used" && e.Data["factor"] == "totp":
		return "totp_reused"
	case e.Kind == PasswordDisabled && e.AccountID != "": // an unknown name has no owner to warn
		return "password_used_up"
	case e.Kind == StaffDenied && e.Reason == "limit":
		return "staff_limit"
	}
	return alerts[e.Kind]
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
