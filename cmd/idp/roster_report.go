package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"huskyidp/members"
)

func printReport(w io.Writer, r members.Report, isRefused bool, took time.Duration) error {
	var out strings.Builder
	if r.Repeated {
		fmt.Fprintf(&out, "This file was applied on %s already; nothing to do. ", r.AppliedAt.Format(time.RFC3339))
		if r.IsUnsure {
			out.WriteString("It may have been read with other settings than now, which an earlier release did not record. ")
		}
		out.WriteString("To read it anew, add --read-again.\n")
	} else {
		if !r.ReadBefore.IsZero() {
			fmt.Fprintf(&out, "This file was applied on %s already, and was read anew.\n", r.ReadBefore.Format(time.RFC3339))
		}
		printCounts(&out, r)
	}
	if r.Held > 0 {
		fmt.Fprintf(&out, "%d held lines wait for a decision: import the file again with --same-person where the data were corrected, "+
			"--other-person where the number went to somebody else, --namesake where that one only shares a known member's name and birth date, and --review %s; where the number is wrong, correct the file.\n", r.Held, r.Review)
	}
	took = took.Round(10 * time.Millisecond)
	switch {
	case r.Repeated:
	case isRefused:
		fmt.Fprintf(&out, "That is what the file would do. It is refused: nothing was changed. It took %s.\n", took)
	case r.DryRun:
		fmt.Fprintf(&out, "This was a dry run: nothing was changed. It took %s.\n", took)
	default:
		fmt.Fprintf(&out, "Import %s took %s.\n", r.ID, took)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func printCounts(out *strings.Builder, r members.Report) {
	fmt.Fprintf(out, "%s\n", r.Format)
	for _, line := range []struct {
		name   string
		n      int
		always bool
	}{
		{"added", r.Added, true}, {"changed", r.Changed, true}, {"ended", r.Ended, true}, {"unchanged", r.Unchanged, true}, {"rejected", r.Rejected, true},
		{"returned", r.Returned, false}, {"held", r.Held, false}, {"merged", r.Merged, false}, {"skipped", r.Skipped, false}, {"data kept", r.Kept, false}, {"cannot register", r.CannotRegister, false},
	} {
		if line.always || line.n > 0 {
			fmt.Fprintf(out, "%-15s %10d\n", line.name, line.n)
		}
	}
	if r.Lapsing > 0 {
		fmt.Fprintf(out, "covered today and would not be any more: %d\n", r.Lapsing)
	}
	if r.Regaining > 0 {
		fmt.Fprintf(out, "covered again: %d\n", r.Regaining)
	}
	if len(r.OtherLines) > 0 {
		out.WriteString("loops of other insurance lines, which change nothing:")
		for _, line := range slices.Sorted(maps.Keys(r.OtherLines)) {
			fmt.Fprintf(out, " %s %d", line, r.OtherLines[line])
		}
		if r.OtherNamed > 0 {
			fmt.Fprintf(out, "; %d of them have the name of a programme in HD04: if they are its medical coverage, name their HD03 with --insurance-line", r.OtherNamed)
		}
		out.WriteByte('\n')
	}
	if r.PastedRows > 0 {
		fmt.Fprintf(out, "rows that are there again: %d, known members who are missing: %d; were rows pasted over others?\n", r.PastedRows, r.PastedOver)
	}
	if r.Died > 0 {
		fmt.Fprintf(out, "members with a date of death (INS12), by which nobody ends: %d\n", r.Died)
	}
	if r.DiedEnding > 0 {
		fmt.Fprintf(out, "members with a date of death (INS12) who end: %d\n", r.DiedEnding)
	}
	if r.Displaced > 0 {
		fmt.Fprintf(out, "members whose number went to another person: %d; their rows keep the accounts, without number and coverage\n", r.Displaced)
	}
	for _, c := range r.Fields {
		fmt.Fprintf(out, "%-17s changes for %d known members", c.Column, c.Changed)
		switch {
		case c.Cleared > 0 && c.Column == "coverage_end":
			fmt.Fprintf(out, "; coverage without an end: %d", c.Cleared)
		case c.Cleared > 0:
			fmt.Fprintf(out, ", %d of whom lose it", c.Cleared)
		}
		out.WriteByte('\n')
	}
}

// linePrinter prints the first lines of a kind and counts the rest.
type linePrinter struct {
	out    io.Writer
	bar    *importBar
	left   int // negative: print all
	hidden int
}

func (p *linePrinter) print(e members.LineError) { p.line(e.Error()) }

func (p *linePrinter) ends(number string) { p.line(number + " is not in the file and ends") }

func (p *linePrinter) ended(number string) { p.line(number + " is ended by the file") }

func (p *linePrinter) returns(number string) { p.line(number + " had ended and comes back") }

func (p *linePrinter) lapses(number string) {
	p.line(number + " is covered today and would not be any more")
}

func (p *linePrinter) regains(number string) { p.line(number + " is covered again") }

func (p *linePrinter) line(text string) {
	if p.left == 0 {
		p.hidden++
		return
	}
	p.left--
	p.bar.clear()
	fmt.Fprintln(p.out, text)
}

func (p *linePrinter) summary(what string) {
	if p.hidden > 0 {
		fmt.Fprintf(p.out, "%d more %s (--show-faults=-1 prints all)\n", p.hidden, what)
	}
}

// importBar shows progress on a terminal, and nothing elsewhere. Several goroutines of the import use it.
type importBar struct {
	mu    sync.Mutex
	out   io.Writer // nil: no terminal
	bar   *progressbar.ProgressBar
	phase members.Phase
	done  bool // with the phase
}

func newImportBar(w io.Writer) *importBar {
	if terminal, ok := w.(*os.File); !ok || !term.IsTerminal(int(terminal.Fd())) {
		return &importBar{}
	}
	return &importBar{out: w}
}

func (b *importBar) progress(phase members.Phase, done, total int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	isNew := b.phase != phase
	b.phase, b.done = phase, done >= total
	if b.out == nil {
		return
	}
	if isNew {
		b.finish()
		b.bar = progressbar.NewOptions64(max(total, 1),
			progressbar.OptionSetWriter(b.out), progressbar.OptionSetDescription(fmt.Sprintf("%-9s", phase)), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish(),
		)
	}
	b.bar.Set64(min(done, b.bar.GetMax64()-1)) // the last piece is for the next phase
}

// left says what an import that broke off left behind: before its last step nothing.
func (b *importBar) left() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.phase == members.PhaseApplying && b.done {
		return "The roster has the whole file, or is as it was before: import the same file again, it says which, and changes nothing twice"
	}
	return "Nothing was changed: the roster is as it was before. Import the file again"
}

func (b *importBar) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bar != nil {
		b.bar.Clear()
	}
}

func (b *importBar) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.finish()
}

func (b *importBar) finish() {
	if b.bar != nil {
		b.bar.Finish()
	}
}
