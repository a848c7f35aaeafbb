package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/members"
)

// RosterCmd is "idp roster".
type RosterCmd struct {
	Import RosterImportCmd `cmd:"" help:"Make the roster of members equal to a file."`
	Sample RosterSampleCmd `cmd:"" help:"Write a roster of invented members."`
}

// RosterImportCmd is "idp roster import".
type RosterImportCmd struct {
	File            string            `arg:"" help:"CSV file with one header line, or X12 834 (005010X220A1)." type:"existingfile"`
	Column          map[string]string `env:"IDP_ROSTER_COLUMN" placeholder:"COLUMN=HEADER" help:"Header name of a column, where it differs: member_number, first_name, last_name, birth_date; optional suffix, program, coverage_start, coverage_end. May be repeated."`
	IgnoreColumn    []string          `env:"IDP_ROSTER_IGNORE_COLUMN" placeholder:"HEADER" help:"Header of a column that says nothing of who ended, although it seems to, such as status. May be repeated."`
	Separator       string            `env:"IDP_ROSTER_SEPARATOR" default:"auto" help:"The separator of fields: one character, tab, or auto."`
	Dates           string            `env:"IDP_ROSTER_DATES" default:"auto" enum:"auto,day-first,month-first" help:"CSV: what 04/10/1984 is. auto: month first, as on the card, and a file with a date that can only have its day first, or whose dates the roster has the other way round, is refused."`
	Encoding        string            `env:"IDP_ROSTER_ENCODING" default:"auto" enum:"auto,utf-8,windows-1252,cp850,cp437,macintosh" help:"The file's character set. auto: UTF-8, UTF-16 or Windows-1252, and a file that seems to be CSV (MS-DOS), which is cp850, or CSV (Macintosh) is refused."`
	MemberRef       string            `env:"IDP_ROSTER_MEMBER_REF" default:"0F" enum:"0F,23,1L" help:"X12 834: qualifier of the REF segment with the member number."`
	InsuranceLine   []string          `env:"IDP_ROSTER_INSURANCE_LINE" default:"HLT,HMO,PPO,POS,EPO,MM" placeholder:"HD03" help:"X12 834: the insurance lines (HD03) that are the programmes' medical coverage (default: ${default}). HD loops of others change nothing. May be repeated."`
	ReadAgain       bool              `help:"Read the file although it was applied already, with the same settings."`
	DryRun          bool              `help:"Show the report and change nothing."`
	AllowShrink     bool              `help:"Apply the file although it ends more than 5 % of the members, with those who ended in the last 72 hours, or takes the coverage of today from more than 5 %."`
	AllowOld        bool              `help:"Apply the file although newer ones were applied: since it was, or, of X12 834, made after it."`
	AllowTest       bool              `help:"X12 834: apply a file that its sender marks as a test (ISA15)."`
	AllowUnreadable bool              `help:"End members who are not in the file although lines without a readable number, or lines that are cut off, may be theirs."`
	AllowDoubtful   bool              `help:"Apply the file although more than 5 % of the known numbers come with another name or birth date, or more than 1 % with both, or more than 5 % of those who have a programme or suffix would lose it, or most who have another datum; or dates seem moved, lines pasted, or rows missing."`
	SamePerson      []int             `placeholder:"LINE" help:"Held lines whose data are to be put right. Needs --review."`
	OtherPerson     []int             `placeholder:"LINE" help:"Held lines whose number went to another person: the former one keeps the account, without number and coverage. Needs --review."`
	Namesake        []int             `placeholder:"LINE" help:"Held lines whose number went to somebody new, although a known member has the name and birth date. Needs --review."`
	Review          string            `placeholder:"LIST" help:"Name of the list of held lines that you looked at, as the report gives it."`
	ShowEnded       bool              `help:"Name the members who end because they are not in the file, or because it says so (INS03 024), those who had ended and come back, and those who lose or regain the coverage of today, by their numbers."`
	ShowChanged     bool              `help:"Name the lines that change a known member's data, and which data, not their values."`
	ShowFaults      int               `default:"20" help:"How many lines to print of those left out, held back, worth a look or changed, and of members who end; -1 for all."`
}

// Help is shown by --help.
func (RosterImportCmd) Help() string {
	return `A full file is the whole roster: members who are not in it end, members who came back continue. An X12 834 change file
touches whom it names. A file is applied in one transaction, or not at all. A line with a fault is printed and left
out; its member stays as before. Several lines of one member are merged. The same file again changes nothing, unless it is read with
other settings or with --read-again; an older one is refused, also in another form or order. The exit status is 0 if every line was taken, 3 if lines were left
out or held back, 1 if nothing was changed.

What a file has no column for stays as it was. So does a name for which the file has one that nobody could type,
or the same one without its letters with accents, or one in another script. The
report counts for each datum in how many known members it changes, and how many lose it, and who is covered today and would not be any
more, or is covered again (--show-ended names them); a full file that takes programme or suffix from
more than 5 % of those who have one, and any file that takes another datum from most, or gives most members a suffix, is refused until --allow-doubtful. So
is one in which more than 5 % of the known members have another name or birth date (in a change file both names, or the birth date), or more than 1 % name and birth
date. A file that ends more than 5 % of the members, or takes the coverage that they have today from more than 5 %, is refused until --allow-shrink;
with those of the last 72 hours, unless it is 1 % or less by itself. A refused file is reported like any other, with every cause.

A number that comes back with another name and another birth date is held back: its member stays as before. So is one with the same
names, another suffix and another birth date, and one whose birth date moves by more than fifteen years while coverage begins later: a
relative of the same name. So is one with another first and another last name, or a name or birth date that the row above or below had, unless --allow-doubtful: a block of
cells has slipped. So are a birth date that three or more are given who had others, a birth date or last name that two members
exchange, first or last names that change places among two or more, and changes of one name, suffix or birth date that come close together or
are many in the file. --show-changed names every line that changes a member. Held back, too, is a new
number that comes with the name and birth date of a known member, who is not in the file (a digit may be wrong), has a line of their
own, or ended before, or that names a member's as the former number (X12: REF Q4): a second row would open a second account. So are three or more new numbers of one name and birth date, as a row that is
dragged down gets.
--same-person gives it to the member, --other-person adds somebody of the same name. Look at the lines, then import the file again with --same-person or --other-person, and with --review. Until then the same file,
imported again, lists them again. A line that names the person from whom its number was taken says so: --other-person gives
number, coverage and account back to the row of before, and takes them from the member of now. A known number with the name and birth
date of another known member is held, and the end of that one's number printed: --other-person gives it to that member, whose row and
account continue under it, unless the file has the member under the own number as well; --namesake adds somebody else. A last line without a line end that would change its member is left out: it may be cut.
That of a new member counts if all fields are there, and is listed unless its last field is whole for certain.

In X12 834 the REF with the number must be each person's own. A dependent (INS*N) whose REF 0F is the number of the subscriber
is left out, with the REF that may be the right one for --member-ref. HD loops of other insurance lines than --insurance-line
change nothing and are counted. Of the DTP dates 356, 357, 348 and 349 count, and where they are missing 473, 474 and 303, and of an end (INS03 024) the date of death (INS12); an end
whose only date is another one is left out. A new number that comes with the person from whom another one was taken is held: --same-person
continues their row and account. A file whose ISA15 is not P (production)
is refused until --allow-test; so is "idp roster sample --format 834", whose people are invented.

A birth date after coverage began (a month is left for newborns) does not replace a known member's, nor does
the first of January of the known year, unless --allow-doubtful.
A whole name in one field ("LUNA, ANA" beside ANA) is parted; a year of coverage such as 2206 is a fault, 9999-12-31 is open.

A CSV file is UTF-8, UTF-16 or Windows-1252. One that a spreadsheet saved as "CSV (MS-DOS)" or "CSV (Macintosh)" is recognized by
its names and refused until --encoding says so. Refused until --allow-doubtful are dates that nearly all moved by one day or between
the calendars of 1900 and 1904, a column of dates or programmes that was sorted alone or moved by a row, birth dates and begins of coverage that changed places, a
file in which nearly every line is there twice, one with fewer rows than a total in it says, and one in which as many rows are there again
as known members are missing.

Dates are 2006-01-02, 01/02/2006 or 20060102. 1900-01-01, 1899-12-30 and the like are empty cells: an open end, and no
birth date. With --dates day-first 02/01/2006 and 02.01.2006 as well. Headers are found
whatever their case, accents and blanks, below a title, too; the words of the members' guide (Número de ID del Cliente,
Nombre, Apellido, Fecha de Nacimiento) and their English equivalents need no --column. A column that nothing reads, but that
seems to say who ended (status, termination_date, Fecha de baja), refuses the file where a line has a date or another value than most
there: leave those people out, name the column with --column coverage_end=HEADER, or pass it over with --ignore-column, which must name one of the file's. Totals, page numbers, group titles
and the header again are skipped and listed. Try it with: idp roster sample -n 1000 > sample.csv`
}

// Run imports, shows progress on a terminal, and prints the report.
func (c *RosterImportCmd) Run(ctx context.Context, env *Environment) error {
	if err := env.notSandbox(ctx); err != nil {
		return err
	}
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
	file, err := openSteady(c.File)
	if err != nil {
		return err
	}
	defer file.Close()
	bar := newImportBar(env.Stderr)
	faults := &linePrinter{out: env.Stderr, bar: bar, left: c.ShowFaults}
	notes := &linePrinter{out: env.Stderr, bar: bar, left: c.ShowFaults}
	held := &linePrinter{out: env.Stderr, bar: bar, left: c.ShowFaults}
	returned := &linePrinter{out: env.Stderr, bar: bar, left: c.ShowFaults}
	ended := &linePrinter{out: env.Stderr, bar: bar, left: c.ShowFaults}
	said := &linePrinter{out: env.Stderr, bar: bar, left: c.ShowFaults}
	changed := &linePrinter{out: env.Stderr, bar: bar, left: c.ShowFaults}
	lapsing := &linePrinter{out: env.Stderr, bar: bar, left: c.ShowFaults}
	regaining := &linePrinter{out: env.Stderr, bar: bar, left: c.ShowFaults}
	var changing func(members.LineError)
	if c.ShowChanged {
		changing = changed.print
	}
	var lapses, regains func(string)
	if c.ShowEnded {
		lapses, regains = lapsing.lapses, regaining.regains
	}
	if !c.ShowEnded {
		ended.left, said.left, returned.left = 0, 0, 0
	}
	started := time.Now()
	report, err := roster.Import(ctx, file, members.ImportOptions{
		Columns: c.Column, IgnoreColumns: c.IgnoreColumn, Separator: separator, Dates: c.dateOrder(), Encoding: c.encoding(), MemberRef: c.MemberRef, InsuranceLines: c.InsuranceLine, DryRun: c.DryRun, ReadAgain: c.ReadAgain,
		AllowTest: c.AllowTest, AllowShrink: c.AllowShrink, AllowOld: c.AllowOld, AllowUnreadable: c.AllowUnreadable, AllowDoubtful: c.AllowDoubtful,
		SamePerson: c.SamePerson, OtherPerson: c.OtherPerson, Namesake: c.Namesake, Review: c.Review,
		Rejected: faults.print, Held: held.print, Note: notes.print, Changing: changing, Returning: returned.returns, Lapsing: lapses, Regaining: regains, Ending: ended.ends, Ended: said.ended, Progress: bar.progress,
	})
	bar.close()
	faults.summary("faulty lines")
	notes.summary("lines worth a look")
	held.summary("held lines")
	changed.summary("lines that change a member")
	switch {
	case c.ShowEnded:
		ended.summary("members who end")
		said.summary("members whom the file ends")
		returned.summary("members who come back")
		lapsing.summary("members who are covered today and would not be any more")
		regaining.summary("members who are covered again")
	case ended.hidden > 0:
		fmt.Fprintf(env.Stderr, "%d members who are not in the file end (--show-ended names them)\n", ended.hidden)
	}
	if !c.ShowEnded && said.hidden > 0 {
		fmt.Fprintf(env.Stderr, "%d members are ended by the file (--show-ended names them)\n", said.hidden)
	}
	if !c.ShowEnded && returned.hidden > 0 {
		fmt.Fprintf(env.Stderr, "%d members who had ended come back (--show-ended names them)\n", returned.hidden)
	}
	if n := report.Lapsing + report.Regaining; !c.ShowEnded && n > 0 {
		fmt.Fprintf(env.Stderr, "%d members lose or regain the coverage of today (--show-ended names them)\n", n)
	}
	if err != nil && (ctx.Err() != nil || errors.Is(err, postgres.ErrUnavailable)) {
		return &toldState{err, bar.left()}
	}
	if err != nil {
		err = c.explain(err)
	}
	env.leftOut = report.Held > 0 || report.Rejected > 0 && !report.Repeated
	if err != nil && report.Format == "" { // the file could not be read to its end
		return err
	}
	return errors.Join(printReport(env.Stdout, report, err != nil, time.Since(started)), err)
}

func (c *RosterImportCmd) dateOrder() members.DateOrder {
	if c.Dates == "auto" {
		return ""
	}
	return members.DateOrder(c.Dates)
}

func (c *RosterImportCmd) encoding() string {
	if c.Encoding == "auto" {
		return ""
	}
	return c.Encoding
}

// Validate reports a wrong call before anything is opened.
func (c *RosterImportCmd) Validate() error {
	if _, err := c.separator(); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(c.Column)) {
		if !slices.Contains(members.ColumnNames(), name) {
			return fmt.Errorf("--column speaks of %q; known columns are %s", name, strings.Join(members.ColumnNames(), ", "))
		}
	}
	if c.Review != "" && len(c.SamePerson)+len(c.OtherPerson)+len(c.Namesake) == 0 {
		return errors.New("--review names the list on which --same-person, --other-person or --namesake decides, and none of them is given")
	}
	for _, line := range c.InsuranceLine {
		if !insuranceLine.MatchString(line) {
			return fmt.Errorf("the insurance line %q is no code of HD03, which has two or three letters or digits, such as HMO", line)
		}
	}
	return nil
}

var insuranceLine = regexp.MustCompile(`^ *[A-Za-z0-9]{2,3} *$`)

func (c *RosterImportCmd) separator() (byte, error) {
	switch {
	case c.Separator == "auto":
		return 0, nil
	case c.Separator == "tab":
		return '\t', nil
	case len(c.Separator) == 1 && c.Separator != `"` && c.Separator[0] >= ' ' || c.Separator == "\t":
		return c.Separator[0], nil
	}
	return 0, fmt.Errorf("the separator %q is not one ASCII character, or one of the words tab and auto", c.Separator)
}

func (c *RosterImportCmd) explain(err error) error {
	_, isShrink := errors.AsType[*members.ShrinkError](err)
	_, isLapse := errors.AsType[*members.LapseError](err)
	_, isUnreadable := errors.AsType[*members.UnreadableError](err)
	_, isDoubt := errors.AsType[*members.DoubtError](err)
	order, isOrder := errors.AsType[*members.DateOrderError](err)
	isMixed := isOrder && order.IsMixed()
	encoding, isEncoding := errors.AsType[*members.EncodingError](err)
	_, isMoved := errors.AsType[*members.MovedError](err)
	_, isSorted := errors.AsType[*members.SortedError](err)
	_, isLate := errors.AsType[*members.LateError](err)
	_, isExchanged := errors.AsType[*members.ExchangedError](err)
	_, isTwice := errors.AsType[*members.TwiceError](err)
	_, isShort := errors.AsType[*members.ShortError](err)
	_, isPasted := errors.AsType[*members.PastedError](err)
	endColumn, isEndColumn := errors.AsType[*members.EndColumnError](err)
	_, isClear := errors.AsType[*members.ClearError](err)
	_, isFill := errors.AsType[*members.FillError](err)
	review, isReview := errors.AsType[*members.ReviewError](err)
	isOld := errors.Is(err, members.ErrOldFile)
	if isReview {
		return fmt.Errorf("%w. The list of held lines as it is now has the name %s", err, review.Review)
	}
	how := ""
	if isEncoding {
		how = fmt.Sprintf("say how the file is written with --encoding=%s or --encoding=windows-1252, or save it as UTF-8", encoding.Encoding)
	}
	ended := ""
	if isEndColumn {
		ended = "leave those who ended out of the file"
		if endColumn.Key != "" {
			ended += fmt.Sprintf(", or read the dates with --column %s=%q", endColumn.Key, endColumn.Column)
		}
		ended += fmt.Sprintf("; if the column says nothing of it, add --ignore-column %q", endColumn.Column)
	}
	var advice []string
	for _, cause := range []struct {
		is     bool
		advice string
	}{
		{isEncoding, how},
		{isMixed, "write all dates in one order; --dates day-first or --dates month-first leaves out the lines that are certainly of the other"},
		{isOrder && !isMixed, "say how dates are written with --dates day-first or --dates month-first"},
		{isUnreadable, "mend the lines without a number and the last line, or add --allow-unreadable"},
		{isShrink, "if so many end, add --allow-shrink"},
		{isEndColumn, ended},
		{isLapse, "correct the dates of coverage, or if so many have lost it, add --allow-shrink"},
		{isDoubt || isClear || isFill || isMoved || isSorted || isLate || isExchanged || isTwice || isShort || isPasted, "correct the file, or if that is meant, add --allow-doubtful"},
		{isOld, "if the old file is meant, add --allow-old"},
	} {
		if cause.is {
			advice = append(advice, cause.advice)
		}
	}
	if len(advice) > 0 {
		return fmt.Errorf("%w. To continue: %s", err, strings.Join(advice, "; "))
	}
	if _, isFile := errors.AsType[*members.FileError](err); isFile || errors.Is(err, errChanged) {
		return fmt.Errorf("%s: %w. Nothing was changed", c.File, err)
	}
	return err
}

// RosterSampleCmd is "idp roster sample".
type RosterSampleCmd struct {
	N      int    `short:"n" default:"1000" help:"How many members."`
	Seed   uint64 `default:"1" help:"The same seed gives the same roster."`
	Format string `default:"csv" enum:"csv,834" help:"csv, or 834 for a full X12 834 file."`
}

// Run writes the sample to standard output.
func (c *RosterSampleCmd) Run(_ context.Context, env *Environment) error {
	if c.Format == "834" {
		return members.Sample834(env.Stdout, c.N, c.Seed)
	}
	return members.Sample(env.Stdout, c.N, c.Seed)
}
