package audit

import (
	"context"
	"log/slog"
)

// alerts are the kinds that somebody has to look at now (S-74), each under the name that log
// and metric give it. Those that need a reason as well are in alert.
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

// AlertNames are all alerts, for those who count them.
func AlertNames() []string {
	names := []string{"totp_reused", "password_used_up", "staff_limit"}
	for _, name := range alerts {
		names = append(names, name)
	}
	return names
}

// alert is the name of the alert that an event is, "" for none.
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

// AlertTo has each event that is an alert written to a log, and counted, besides its row. A
// batch that then fails leaves the line without the row: better one alert too many.
func (l *Log) AlertTo(logger *slog.Logger, count func(name string)) *Log {
	l.tell = func(ctx context.Context, name string, e Event) {
		logger.LogAttrs(ctx, slog.LevelWarn, "alert", slog.String("alert", name), slog.String("kind", string(e.Kind)),
			slog.String("request_id", e.RequestID), slog.String("client_id", e.ClientID), slog.String("account", e.AccountID),
			slog.String("staff", e.Actor), slog.Any("data", e.Data))
		count(name)
	}
	return l
}
