package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// scene is one kind of fault, and what is promised.
type scene struct {
	name    string
	promise string // with the rows of the security bar
	short   bool   // part of the short form
	play    func(*stage, *result) error
}

// scenes in their order.
var scenes = []scene{
	{"killed", "R-01, R-11: kill -9 of an instance loses nothing acknowledged", true, killed},
	{"rolling-restart", "R-05: at a hundred requests a second no failed request; each instance leaves within 30 s", false, rollingRestart},
	{"other-instance", "R-11: any request may hit any instance", false, otherInstance},
	{"database-stopped", "R-06: normal within 5 s of its return", true, databaseStopped},
	{"database-away", "R-06: 503 with Retry-After within 2 s, keys go on; normal within 5 s of its return", false, databaseAway},
	{"database-frozen", "R-06: the same while it hangs", false, databaseFrozen},
	{"database-read-only", "R-06: the same while nothing can be written", false, databaseReadOnly},
	{"database-connections-cut", "R-03, R-06: never a 500, nothing half-made", true, connectionsCut},
	{"database-far", "R-06: at 300 ms from the database all works, slowly", false, databaseFar},
	{"row-locked", "R-07: one locked row slows only its own requests, others' p99 under 250 ms", false, rowLocked},
	{"failover-synchronous", "R-01: back within 5 s of the promotion, nothing acknowledged lost", false, failover(true)},
	{"failover", "back within 5 s of the promotion; what it lost is told by an alert", true, failover(false)},
	{"pooler", "behind a pooler in transaction mode every journey works; back within 5 s when its connections break", false, behindPooler},
	{"signing-keys", "R-13: rotated under load without a failed request, though killed midway", false, signingKeys},
	{"data-keys", "R-13: the same", false, dataKeys},
	{"key-encryption-key", "R-13: the same", false, kek},
	{"mail-down", "R-02: never blocks registration; mails go once it is back", false, mailDown},
	{"mail-slow", "R-02: the same with 4 s a mail", false, mailSlow},
	{"mail-4xx", "R-02: tried again after 5 s and more", false, mailLater},
	{"mail-5xx", "R-02: given up at once, others go on", false, mailRefused},
	{"mail-poison", "R-02: a bad message never blocks others", false, mailPoison},
	{"rated-load", "R-08: at the rated load, by cores, p99 of a sign-in 1 s, of a token 250 ms, of the JWK Set 50 ms", false, ratedLoad},
	{"overload", "R-08: at three times the rated load 80 % of it is done, p99 2 s, refusals in 100 ms, tokens 250 ms, normal in 5 s", false, overload},
	{"slow-connections", "R-09: a thousand leave p99 under 500 ms", false, slowConnections},
	{"failing-inserts", "R-01, S-71: no row, no change: what fails in part fails as a whole", false, failingInsert("audit_events", "mails", "refresh_tokens", "sessions")},
	{"clock-ahead", "R-12: over 5 s apart is not ready, and told", false, clock(90 * time.Second)},
	{"clock-behind", "R-12: the same", false, clock(-90 * time.Second)},
	{"restore", "R-15: after a restore nothing spent counts again", false, restoreDrill},
	{"mails", "R-02: every mail of the whole run arrives, repeats under 1 %, a dead worker's within 120 s", true, mailsArrive},
	{"audit", "S-72: the record of security events is whole after all of it", true, auditWhole},
}

// result is the outcome of a scene.
type result struct {
	measured []string
	broken   []string
	lossy    bool // the last commits may be gone, if an alert says so
}

// say adds a figure.
func (r *result) say(format string, args ...any) {
	r.measured = append(r.measured, fmt.Sprintf(format, args...))
}

// want adds a figure that is promised, and the breach if it is not held.
func (r *result) want(held bool, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	r.measured = append(r.measured, text)
	if !held {
		r.broken = append(r.broken, text)
	}
}

// noFaults is promised by every scene: clients see no 5xx but 503.
func (r *result) noFaults(a answers) {
	r.want(len(a.faulty()) == 0, "%s", a)
}

type table struct{ rows []row }

type row struct {
	scene
	result
	took time.Duration
}

// play runs a scene, then verifies the ledger.
func (t *table) play(s *stage, sc scene) error {
	s.tally.take()
	s.ledger.takeFaults()
	began := time.Now()
	_, repeatsBefore, _ := s.arrived()
	var r result
	if err := sc.play(s, &r); err != nil {
		r.want(false, "not played to its end: %v", err)
	}
	if err := s.recovered(60 * time.Second); err != nil {
		return err
	}
	faults, counts := s.ledger.takeFaults()
	c := s.check()
	if len(counts) > 0 {
		r.say("%s", journeysDone(counts))
	}
	if proven := c.String(); proven != "" {
		r.say("checked: %s", proven)
	}
	if _, repeats, _ := s.arrived(); repeats > repeatsBefore {
		r.say("%d mails arrived again", repeats-repeatsBefore)
	}
	if r.lossy {
		told, err := s.logged("failover_lost_commits")
		if err != nil {
			return err
		}
		r.want(told || len(c.broken) == 0, "lost: %d, an alert tells it: %t %s", len(c.broken), told, strings.Join(c.broken, ", "))
		c.broken = nil
	}
	r.broken = append(r.broken, c.broken...)
	for i, fault := range faults {
		if i == 5 {
			r.broken = append(r.broken, fmt.Sprintf("and %d more", len(faults)-i))
			break
		}
		r.broken = append(r.broken, fault)
	}
	t.rows = append(t.rows, row{sc, r, time.Since(began)})
	t.rows[len(t.rows)-1].print(os.Stderr)
	return s.ctx.Err()
}

func journeysDone(counts map[string]int) string {
	var parts []string
	for _, what := range []string{"registrations", "sign-ins", "second steps", "tokens", "refreshes", "revocations", "sign-outs", "recoveries", "desk sign-ins", "acts of the desk"} {
		if n := counts[what]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	return "done: " + strings.Join(parts, ", ")
}

// print writes the table in Markdown and reports whether everything held.
func (t *table) print(w io.Writer) bool {
	held := true
	fmt.Fprintf(w, "\n| scene | promise | measured | held |\n|---|---|---|---|\n")
	for _, r := range t.rows {
		r.print(w)
		held = held && len(r.broken) == 0
	}
	return held
}

func (r row) print(w io.Writer) {
	held := "yes"
	if len(r.broken) > 0 {
		held = "**no**: " + strings.Join(r.broken, "; ")
	}
	line := fmt.Sprintf("| %s | %s | %s; %s | %s |", r.name, r.promise, strings.Join(r.measured, "; "), span(r.took), held)
	fmt.Fprintln(w, strings.ReplaceAll(line, "\n", " "))
}
