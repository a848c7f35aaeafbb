package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"huskyidp/internal/audit"
	"huskyidp/members"
)

// RosterCmd is "idp roster".
type RosterCmd struct {
	Import RosterImportCmd `cmd:"" help:"Make the roster of members equal to a file."`
	Sample RosterSampleCmd `cmd:"" help:"Write a roster of invented members."`
}

// RosterImportCmd is "idp roster import".
type RosterImportCmd struct {
	File        string            `arg:"" help:"CSV file in UTF-8 with one header line." type:"existingfile"`
	Column      map[string]string `placeholder:"COLUMN=HEADER" help:"Header name of a column, where it differs: member_number, first_name, last_name, birth_date; optional suffix, program, coverage_start, coverage_end. May be repeated."`
	Separator   string            `default:"," help:"What stands between two fields: one character, or tab."`
	AllowShrink bool              `help:"Apply the file although it ends more than 5 % of the members."`
	AllowOld    bool              `help:"Apply the file although newer files were applied since it was."`
	ShowFaults  int               `default:"20" help:"How many faulty lines to print; -1 for all."`
}

// Help is shown by --help.
func (RosterImportCmd) Help() string {
	return `The file is the whole roster: members who are not in it end, members who came back go on. It is applied in one
transaction, or not at all. A line with a fault is printed and left out; its member stays as before. The same file
again changes nothing.

Dates are 2006-01-02, 01/02/2006 or 20060102. Try it with: idp roster sample -n 1000 > sample.csv`
}

// Run imports, shows progress on a terminal, and prints the report.
func (c *RosterImportCmd) Run(ctx context.Context, env *Environment) error {
	separator, err := c.separator()
	if err != nil {
		return err
	}
	roster, err := members.New(members.Deps{
		DB: env.DB, Keyring: env.Keyring, Audit: audit.New(env.DB), Now: env.Now, NumberFormat: env.MemberNumbers,
	})
	if err != nil {
		return err
	}
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer file.Close()
	bar, err := newImportBar(env.Stderr, file)
	if err != nil {
		return err
	}
	faults := &faultPrinter{out: env.Stderr, bar: bar, left: c.ShowFaults}
	started := time.Now()
	report, err := roster.Import(ctx, file, members.ImportOptions{
		Columns: c.Column, Separator: separator, AllowShrink: c.AllowShrink, AllowOld: c.AllowOld,
		Rejected: faults.print, Progress: bar.progress, Applying: bar.applying,
	})
	bar.close()
	faults.summary()
	if err != nil {
		return c.explain(err)
	}
	return printReport(env.Stdout, report, time.Since(started))
}

func (c *RosterImportCmd) separator() (byte, error) {
	switch {
	case c.Separator == "tab":
		return '\t', nil
	case len(c.Separator) == 1 && c.Separator != `"` && c.Separator[0] >= ' ' || c.Separator == "\t":
		return c.Separator[0], nil
	}
	return 0, fmt.Errorf("the separator %q is not one ASCII character or the word tab", c.Separator)
}

func (c *RosterImportCmd) explain(err error) error {
	_, isShrink := errors.AsType[*members.ShrinkError](err)
	switch {
	case isShrink:
		return fmt.Errorf("%w. If that is meant, add --allow-shrink", err)
	case errors.Is(err, members.ErrOldFile):
		return fmt.Errorf("%w. If that is meant, add --allow-old", err)
	}
	if _, isFile := errors.AsType[*members.FileError](err); isFile {
		return fmt.Errorf("%s: %w. Nothing was changed", c.File, err)
	}
	return err
}

func printReport(w io.Writer, r members.Report, took time.Duration) error {
	if r.Repeated {
		_, err := fmt.Fprintf(w, "This file was applied on %s already; nothing to do.\n", r.AppliedAt.Format(time.RFC3339))
		return err
	}
	_, err := fmt.Fprintf(w, "added      %10d\nchanged    %10d\nended      %10d\nunchanged  %10d\nrejected   %10d\nImport %s took %s.\n",
		r.Added, r.Changed, r.Ended, r.Unchanged, r.Rejected, r.ID, took.Round(10*time.Millisecond))
	return err
}

// faultPrinter prints the first faults and counts the rest.
type faultPrinter struct {
	out    io.Writer
	bar    *importBar
	left   int // negative: print all
	hidden int
}

func (p *faultPrinter) print(e members.LineError) {
	if p.left == 0 {
		p.hidden++
		return
	}
	p.left--
	p.bar.clear()
	fmt.Fprintln(p.out, e)
}

func (p *faultPrinter) summary() {
	if p.hidden > 0 {
		fmt.Fprintf(p.out, "%d more faulty lines (--show-faults -1 prints all)\n", p.hidden)
	}
}

// importBar shows progress on a terminal, and nothing elsewhere.
type importBar struct {
	bar  *progressbar.ProgressBar
	done chan struct{} // closed when the import has ended
}

func newImportBar(w io.Writer, file *os.File) (*importBar, error) {
	b := &importBar{done: make(chan struct{})}
	terminal, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		return b, nil
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	b.bar = progressbar.NewOptions64(info.Size(),
		progressbar.OptionSetWriter(w), progressbar.OptionSetDescription("reading "), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish(),
	)
	return b, nil
}

func (b *importBar) progress(read int64) {
	if b.bar != nil {
		b.bar.Set64(min(read, b.bar.GetMax64()-1)) // the last byte is for applying
	}
}

// applying keeps the clock of the bar going while the database works.
func (b *importBar) applying() {
	if b.bar == nil {
		return
	}
	b.bar.Describe("applying")
	go func() {
		ticker := time.NewTicker(500 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-b.done:
				return
			case <-ticker.C:
				b.bar.RenderBlank()
			}
		}
	}()
}

func (b *importBar) clear() {
	if b.bar != nil {
		b.bar.Clear()
	}
}

func (b *importBar) close() {
	close(b.done)
	if b.bar != nil {
		b.bar.Finish()
	}
}

// RosterSampleCmd is "idp roster sample".
type RosterSampleCmd struct {
	N    int    `short:"n" default:"1000" help:"How many members."`
	Seed uint64 `default:"1" help:"The same seed gives the same roster."`
}

// Run writes the sample to standard output.
func (c *RosterSampleCmd) Run(_ context.Context, env *Environment) error {
	return members.Sample(env.Stdout, c.N, c.Seed)
}
