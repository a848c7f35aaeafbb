package admin

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/audit"
)

// allowed is who may call what (S-61), written a second time: the test does not read the table that it holds.
var allowed = map[string]string{
	"GET /me":                                 "read recover approve admin audit partners",
	"POST /members/search":                    "read recover approve admin",
	"GET /members/:id":                        "read recover approve admin",
	"POST /members/:id/verifications":         "recover admin",
	"POST /members/:id/verifications/code":    "recover admin",
	"POST /members/:id/acts/release_lock":     "recover",
	"POST /members/:id/acts/send_username":    "recover",
	"POST /members/:id/acts/start_reset":      "recover",
	"POST /members/:id/acts/change_email":     "recover",
	"POST /members/:id/acts/reset_factor":     "recover",
	"POST /members/:id/acts/reset_question":   "recover",
	"POST /members/:id/acts/change_member":    "recover",
	"POST /members/:id/acts/end_sessions":     "recover",
	"POST /members/:id/acts/stop_change":      "recover admin",
	"POST /members/:id/acts/withdraw_request": "recover admin",
	"POST /members/:id/acts/disable":          "admin",
	"POST /members/:id/acts/enable":           "admin",
	"POST /members/search/name":               "recover",
	"POST /queue/search":                      "read recover approve admin",
	"GET /queue/:matter":                      "read recover approve admin",
	"POST /queue/:matter/take":                "recover admin",
	"POST /queue/:matter/hand_over":           "recover admin",
	"POST /queue/:matter/finish":              "recover admin",
	"POST /queue/:matter/notes":               "recover admin",
	"GET /approvals":                          "approve",
	"POST /approvals/:id/approve":             "approve",
	"POST /approvals/:id/refuse":              "approve",
	"GET /activity":                           "read recover approve admin audit partners",
	"GET /apps":                               "audit partners",
	"GET /apps/:id":                           "audit partners",
	"POST /apps/:id/take":                     "partners",
	"POST /apps/:id/approve":                  "partners",
	"POST /apps/:id/refuse":                   "partners",
	"POST /apps/:id/suspend":                  "partners",
	"POST /apps/:id/resume":                   "partners",
	"POST /apps/:id/let-in":                   "partners",
	"POST /audit/export":                      "audit",
	"POST /alerts/search":                     "admin audit",
	"POST /alerts/:id/see":                    "admin audit",
	"POST /alerts/:id/handle":                 "admin audit",
	"POST /alerts/:id/reopen":                 "admin audit",
	"GET /people":                             "admin audit",
	"GET /people/:id":                         "admin audit",
	"POST /people":                            "admin",
	"POST /people/:id/acts/set_roles":         "admin",
	"POST /people/:id/acts/confirm_person":    "admin",
	"POST /people/:id/acts/refuse_person":     "admin",
	"POST /people/:id/acts/remove_person":     "admin",
	"POST /people/:id/acts/reset_person":      "admin",
	"POST /figures":                           "approve admin audit",
	"POST /figures/apps":                      "admin",
}

// sample is a body that an endpoint takes.
func (b *bench) sample(e endpoint) any {
	ask := actBody{"La persona llamó y pidió ayuda", "HD-1001", b.version(b.maria.ID)}
	switch e.body.(type) {
	case nil:
		return nil
	case searchBody:
		return searchBody{ByUsername, "maria"}
	case nameBody:
		return nameBody{"María José", "Núñez Peña", "1984-03-14"}
	case verifyBody:
		return verifyBody{Method: CallBack}
	case codeBody:
		return codeBody{"123456"}
	case actBody:
		return ask
	case lockBody:
		return lockBody{ask.Reason, ask.Ticket, ask.Version, "password"}
	case emailBody:
		return emailBody{ask.Reason, ask.Ticket, ask.Version, "nueva@example.org"}
	case memberBody:
		return memberBody{ask.Reason, ask.Ticket, ask.Version, "310542266"}
	case queueBody:
		return queueBody{Need: "password"}
	case helpBody:
		return helpBody{Note: "Llama por la tarde"}
	case noteBody:
		return noteBody{"Llama por la tarde"}
	case refuseBody:
		return refuseBody{"No coincide con la ficha"}
	case newPersonBody:
		return newPersonBody{"Nueva Vega", "nueva", "nueva@desk.example", "", []Role{Read}, ask.Reason, ask.Ticket}
	case rolesBody:
		return rolesBody{[]Role{Approve, Audit}, ask.Reason, ask.Ticket, b.personVersion(b.luis.ID)}
	case colleagueBody:
		return colleagueBody{ask.Reason, ask.Ticket, b.personVersion(b.luis.ID)}
	case confirmBody:
		return confirmBody{b.personVersion(b.luis.ID)}
	case appBody:
		return appBody{1, "Se cumplen todos los criterios", false}
	case alertsBody:
		return alertsBody{Area: "desk"}
	case figuresBody:
		return figuresBody{b.now().Format(day), b.now().Format(day)}
	case yearBody:
		return yearBody{b.now().Year()}
	case exportBody:
		return exportBody{From: b.now().Add(-time.Hour), To: b.now(), Reason: ask.Reason, Ticket: ask.Ticket}
	}
	return emptyBody{}
}

// personVersion is what a change of a colleague carries.
func (b *bench) personVersion(id uuid.UUID) string {
	b.t.Helper()
	return must[StaffRow](b.t)(b.Service.colleague(b.t.Context(), id)).Version()
}

// at is the path with its parameters.
func (e endpoint) at(id, matter string) string {
	return strings.NewReplacer(":id", id, ":matter", matter).Replace(e.path)
}

// idOf is what an endpoint's path may name: the member, a colleague, or an alert.
func (b *bench) idOf(e endpoint) string {
	b.t.Helper()
	switch {
	case strings.HasPrefix(e.path, "/people"):
		return b.luis.ID.String()
	case strings.HasPrefix(e.path, "/alerts"):
		var id uuid.UUID
		if err := b.db.From(b.t.Context()).QueryRow(b.t.Context(), `select id from alert_events where kind = $1`, audit.CodeReplayed).Scan(&id); err != nil {
			b.t.Fatal(err)
		}
		return id.String()
	}
	return b.maria.ID.String()
}

// TestAPIHasEveryAct: what the console offers, the API offers too.
func TestAPIHasEveryAct(t *testing.T) {
	t.Parallel()
	for act := range rules {
		if !slices.ContainsFunc(endpoints(), func(e endpoint) bool { return e.act == act }) {
			t.Errorf("no endpoint of the API is for %s", act)
		}
	}
}

// TestRoleTable (S-61) calls every endpoint with every role and prints what came.
func TestRoleTable(t *testing.T) {
	b := newBench(t)
	people := map[Role]string{}
	for _, role := range Roles() {
		people[role] = b.access(b.person("only-"+string(role), role), nil)
	}
	matter := b.refer("a", "password", "es")
	b.raise(audit.Event{Kind: audit.CodeReplayed})
	table := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprint(table, "endpoint")
	for _, role := range Roles() {
		fmt.Fprint(table, "\t", role)
	}
	fmt.Fprintln(table)
	for _, e := range endpoints() {
		name := e.method + " " + e.path
		may, known := allowed[name]
		if !known {
			t.Errorf("%s is not in the table of this test", name)
		}
		fmt.Fprint(table, name)
		for _, role := range Roles() {
			w := b.call(e.method, e.at(b.idOf(e), matter), people[role], b.sample(e))
			forbidden := w.Code == 403 && problemOf(t, w).Type == problemType+"forbidden"
			if want := !strings.Contains(" "+may+" ", " "+string(role)+" "); forbidden != want {
				t.Errorf("%s by %s = %d %s, want it forbidden: %t", name, role, w.Code, w.Body, want)
			}
			if w.Code >= 500 {
				t.Errorf("%s by %s = %d", name, role, w.Code)
			}
			mark := "yes"
			if forbidden {
				mark = "–"
			}
			fmt.Fprint(table, "\t", mark)
		}
		fmt.Fprintln(table)
	}
	table.Flush()
	if len(allowed) != len(endpoints()) {
		t.Errorf("the test knows %d endpoints, there are %d", len(allowed), len(endpoints()))
	}
}
