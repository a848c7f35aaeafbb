package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"huskyidp/internal/rig"
)

// table is what is printed, in Markdown.
type table struct {
	stage  *stage
	before string // load of the machine
	lines  [][5]string
	notes  []string
}

func newTable(s *stage) *table {
	one, _, _ := rig.Load()
	return &table{stage: s, before: one}
}

// rate is a row of operations a second beside those of the floor. The ratio is that of the rates; the one by CPU is of what an
// operation costs, which other programs on the core disturb less.
func (t *table) rate(title string, ours, floors []turn) {
	rate, cost := median(ours)
	limit, least := median(floors)
	t.add(title, fmt.Sprintf("%s/s, p50 %s, p99 %s", count(rate), ms(middle(ours, 0.5)), ms(middle(ours, 0.99))), cost,
		fmt.Sprintf("%s/s · %s", count(limit), ms(least)), fmt.Sprintf("%.2f · %.2f", rate/limit, float64(least)/float64(cost)))
}

func (t *table) add(title, ours string, cost time.Duration, floor, ratio string) {
	line := [5]string{title, ours, "", floor, ratio}
	if cost != 0 {
		line[2] = ms(cost)
	}
	t.lines = append(t.lines, line)
	fmt.Fprintln(os.Stderr, strings.Join(line[:], " | "))
}

func (t *table) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

func (t *table) print(w io.Writer) {
	fmt.Fprintf(w, "\n| row | service | CPU ms | floor · CPU ms | ratio · by CPU |\n|---|---|---|---|---|\n")
	for _, line := range t.lines {
		fmt.Fprintf(w, "| %s |\n", strings.Join(line[:], " | "))
	}
	place := "service, floor and PostgreSQL on core 0, driver on core 1"
	if t.stage.pinned != nil {
		place = fmt.Sprintf("NOT on cores of their own: %v", t.stage.pinned)
	}
	after, _, _ := rig.Load()
	n, each := t.stage.turns()
	fmt.Fprintf(w, "\n%s, %s, %d cores, %s, commit %s; %d users, %d × %s a row; fsync on; load of the machine before %s, at the end %s\n",
		runtime.GOOS+"/"+runtime.GOARCH, processor(), runtime.NumCPU(), place, rig.Commit(), users, n, each, t.before, after)
	for _, note := range t.notes {
		fmt.Fprintln(w, note)
	}
}

// processor is the class of the machine.
func processor() string {
	content, _ := os.ReadFile("/proc/cpuinfo") // its name is for the reader alone
	for line := range strings.Lines(string(content)) {
		if strings.HasPrefix(line, "model name") {
			_, name, _ := strings.Cut(line, ": ")
			return strings.TrimSpace(name)
		}
	}
	return "a processor without a name"
}

func middle(turns []turn, q float64) time.Duration {
	var all []time.Duration
	for _, t := range turns {
		all = append(all, t.part(q))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func count(rate float64) string {
	if rate < 100 {
		return fmt.Sprintf("%.1f", rate)
	}
	return fmt.Sprintf("%.0f", rate)
}

func ms(d time.Duration) string {
	digits := 2
	if d >= 10*time.Millisecond {
		digits = 0
	}
	return fmt.Sprintf("%.*f", digits, float64(d.Microseconds())/1000)
}
