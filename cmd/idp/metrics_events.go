package main

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"huskyidp/admin"
	"huskyidp/internal/audit"
)

// eventMetrics counts what members, staff and programs do, at the one place that every security event passes through.
type eventMetrics struct {
	events  *prometheus.CounterVec
	seconds *prometheus.CounterVec
	locks   *prometheus.CounterVec
}

const succeeded = "succeeded"

// outcomes are the reasons that are counted separately, by kind; any other failure is "failed". Some other reasons are
// typed by staff and operators, and cannot be labels.
var outcomes = map[audit.Kind][]string{
	audit.SignInFailed:    {"wrong_credentials", audit.Again, "waiting", "former_value", "account_protected", "account_disabled"},
	audit.FactorRefused:   {"wrong", "used", "sign_count", "locked"},
	audit.IdentityRefused: {"no_match", "locked", "ended"},
	audit.IdentityLocked:  {"three_failures"},
	audit.CodeRefused:     {"wrong", "expired"},
	audit.RecoveryRefused: {"wrong_code", "code_expired"},
	audit.RecoveryEnded:   {"wrong_codes", "wrong_answers", "wrong_factors", "address_changed"},
	audit.RecoveryStarted: {"lookup_limit"},
	audit.RosterRefused:   {"review", "old_file"},
}

func newEventMetrics() *eventMetrics {
	m := &eventMetrics{
		events:  counter("idp_events_total", "Security events, as in the audit: steps of sign-in, registration and recovery among them.", "kind", "outcome"),
		seconds: counter("idp_second_steps_total", "Second steps of sign-in.", "method", "outcome"),
		locks:   counter("idp_locks_total", "Locks after too many failures that began, and that the support desk released; most end by themselves.", "lock", "change"),
	}
	for _, kind := range audit.Kinds() {
		for _, outcome := range append([]string{succeeded, "failed"}, outcomes[kind]...) {
			m.events.WithLabelValues(string(kind), outcome)
		}
	}
	for _, method := range []string{"code", "passkey"} {
		for _, outcome := range append([]string{succeeded}, outcomes[audit.FactorRefused]...) {
			m.seconds.WithLabelValues(method, outcome)
		}
	}
	for _, lock := range admin.Locks() {
		for _, change := range []string{"begun", "released"} {
			m.locks.WithLabelValues(lock, change)
		}
	}
	return m
}

func (m *eventMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.events, m.seconds, m.locks}
}

func (m *eventMetrics) count(e audit.Event) {
	kind, outcome := "other", outcomeOf(e)
	if slices.Contains(audit.Kinds(), e.Kind) {
		kind = string(e.Kind)
	}
	m.events.WithLabelValues(kind, outcome).Inc()
	switch e.Kind {
	case audit.FactorRefused:
		method := "code"
		if e.Data["factor"] == "passkey" {
			method = "passkey"
		}
		m.seconds.WithLabelValues(method, outcome).Inc()
	case audit.SignedIn, audit.SteppedUp:
		switch methods := strings.Fields(e.Data["methods"]); { // RFC 8176
		case slices.Contains(methods, "otp"):
			m.seconds.WithLabelValues("code", succeeded).Inc()
		case slices.Contains(methods, "pop"):
			m.seconds.WithLabelValues("passkey", succeeded).Inc()
		}
	}
	if lock, change := lockOf(e); lock != "" {
		m.locks.WithLabelValues(oneOf(admin.Locks(), lock), change).Inc()
	}
}

func outcomeOf(e audit.Event) string {
	switch {
	case e.Success:
		return succeeded
	case slices.Contains(outcomes[e.Kind], e.Reason):
		return e.Reason
	}
	return "failed"
}

// lockOf is the lock that an event begins or releases, or "".
func lockOf(e audit.Event) (lock, change string) {
	switch e.Kind {
	case audit.IdentityLocked:
		return "identity", "begun"
	case audit.AnswersClosed:
		return "answer", "begun"
	case audit.AccountLocked:
		if e.Reason == "failed_codes" {
			return "factor", "begun"
		}
		return "password", "begun"
	case audit.StaffActed:
		if e.Data["act"] == string(admin.ReleaseLock) {
			return e.Data["lock"], "released"
		}
	}
	return "", ""
}
