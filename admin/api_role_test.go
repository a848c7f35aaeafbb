package admin

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// allowed is who may call what (S-61), written a second time: the test does not read the table that it holds.
var allowed = map[string]string{
	"GET /me":                                 "read recover approve admin audit",
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
	"GET /activity":                           "read recover approve admin audit",
	"POST /audit/export":                      "audit",
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
	case exportBody:
		return exportBody{From: b.now().Add(-time.Hour), To: b.now(), Reason: ask.Reason, Ticket: ask.Ticket}
	}
	return emptyBody{}
}

// at is the path with its parameters.
func (e endpoint) at(id, matter string) string {
	return strings.NewReplacer(":id", id, ":matter", matter).Replace(e.path)
}

// TestRoleTable (S-61) calls every endpoint with every role and prints what came.
func TestRoleTable(t *testing.T) {
	b := newBench(t)
	people := map[Role]string{}
	for _, role := range Roles() {
		people[role] = b.access(b.person("only-"+string(role), role), nil)
	}
	matter := b.refer("a", "password", "es")
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
			path := e.at(b.maria.ID.String(), matter)
			w := b.call(e.method, path, people[role], b.sample(e))
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
