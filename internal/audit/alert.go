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
	var names []string
	for _, name := range mixedKinds {
		names = append(names, name)
	}
	for _, name := range alerts {
		names = append(names, name)
	}
	return names
}

// AlertName is the name of the alert that an event of a kind and reason raised, for rows that are known to be alerts.
func (e Event) AlertName() string {
	if name := mixedKinds[e.Kind]; name != "" {
		return name
	}
	return alerts[e.Kind]
}

// AlertKind is the kind of the events that raise an alert.
func AlertKind(name string) Kind {
	for kind, found := range alerts {
		if found == name {
			return kind
		}
	}
	for kind, found := range mixedKinds {
		if found == name {
			return kind
		}
	}
	return ""
}

// mixedKinds alert only for certain reasons, as alert says.
var mixedKinds = map[Kind]string{FactorRefused: "totp_reused", PasswordDisabled: "password_used_up", StaffDenied: "staff_limit"}

// alert returns the name of the alert that e raises, or "".
func (e Event) alert() string {
	switch {
	case e.Kind == FactorRefused && e.Reason == "used" && e.Data["factor"] == "totp":
		return mixedKinds[e.Kind]
	case e.Kind == PasswordDisabled && e.AccountID != "": // an unknown name has no owner to warn
		return mixedKinds[e.Kind]
	case e.Kind == StaffDenied && e.Reason == "limit":
		return mixedKinds[e.Kind]
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
