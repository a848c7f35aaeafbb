package members

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"hash/maphash"
	"io"
	"time"

	"github.com/google/uuid"
)

// ImportOptions say how to read a file and what it may do. The zero value suits a file with our column names.
type ImportOptions struct {
	Columns       map[string]string // header names by column name (ColumnNames), for those that differ
	Separator     byte              // 0: detected from the header
	Dates         DateOrder         // of 04/10/1984; if empty the month comes first, and a date that contradicts this refuses the file
	Encoding      string            // one of Encodings; if empty, UTF-8 or Windows-1252, and a file that seems to be in another one is refused
	IgnoreColumns []string          // headers of columns that say nothing of who ended, although they seem to
	MemberRef     string            // X12: qualifier of the REF with the member number (MemberRefs), "0F" if empty

	InsuranceLines []string // X12: values of HD03 that are medical coverage; HLT, HMO, PPO, POS, EPO and MM if empty

	AllowShrink     bool   // apply the file although it ends more than 5 % of the members
	AllowTest       bool   // X12: apply files that their sender marks as tests
	AllowOld        bool   // apply the file although newer ones were applied
	AllowUnreadable bool   // end members who may belong to lines whose number cannot be read
	AllowDoubtful   bool   // apply the file although many numbers seem to belong to other people
	SamePerson      []int  // held lines whose data are a correction
	OtherPerson     []int  // held lines whose number was given to somebody else, who may be a known member
	Namesake        []int  // the same, to somebody who only shares name and birth date with a known member
	Review          string // Report.Review of the list that SamePerson, OtherPerson and Namesake refer to
	DryRun          bool   // report, and change nothing
	ReadAgain       bool   // read the file although it was applied before, with the same settings

	isAgain bool // list what is held of a file that was applied, whatever it may do

	Rejected  func(LineError)                      // called for each line that is left out
	Held      func(LineError)                      // called for each line that is held back
	Note      func(LineError)                      // called for each line that is applied but deserves a look
	Changing  func(LineError)                      // called for each line that changes the data of a known member
	Returning func(number string)                  // called for each member who had ended and is on the roster again
	Lapsing   func(number string)                  // called for each member on the roster who is covered today, and would not be any more
	Regaining func(number string)                  // called for each member who is not covered today, and would be
	Ending    func(number string)                  // called for each member who ends because a full file does not mention them
	Ended     func(number string)                  // called for each member whom the file says to end
	Progress  func(phase Phase, done, total int64) // called at intervals
}

// Import reads a roster file, CSV with one header line or X12 834, in one transaction. It makes the roster equal to a
// full file: members who are not in it end, and those who returned become active. A change file affects only the
// members it names. A line with a fault is reported and left out, and its member stays as before. Importing the same
// file again with the same settings changes nothing. Memory use is some ten MiB regardless of the file's size.
//
// Errors: *FileError (the file as a whole), one or several of the guards in guard.go, ErrOldFile, ErrImportRunning, and
// those of the database and the file. After any of them the roster is unchanged. A guard's error comes with the report
// of what the file would have done.
func (r *Roster) Import(ctx context.Context, file io.ReadSeeker, options ImportOptions) (Report, error) {
	if err := options.check(); err != nil {
		return Report{}, r.refused(ctx, err)
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return Report{}, fmt.Errorf("reading the roster file: %w", err)
	}
	earlier, err := r.sameFile(ctx, file, size, options)
	isDecision := len(options.decided()) > 0
	switch {
	case err != nil:
		return Report{}, err
	case earlier != nil && earlier.newest && !isDecision && !options.ReadAgain && earlier.isReadAs(options.reading(r.deps.NumberFormat)):
		return r.again(ctx, file, size, options, earlier.Report)
	case earlier != nil && !earlier.newest && !options.AllowOld:
		return Report{}, r.refused(ctx, ErrOldFile)
	}
	report, err := r.run(ctx, file, size, options)
	if earlier != nil && earlier.newest && !isDecision {
		report.ReadBefore = earlier.AppliedAt
	}
	if err != nil {
		return report, r.refused(ctx, err)
	}
	return report, nil
}

// run imports in one transaction. It returns the report together with the guards' errors as well.
func (r *Roster) run(ctx context.Context, file io.ReadSeeker, size int64, options ImportOptions) (report Report, err error) {
	err = r.deps.DB.InTx(ctx, func(ctx context.Context) error {
		if _, err := file.Seek(0, io.SeekStart); err != nil { // InTx may retry
			return fmt.Errorf("reading the roster file: %w", err)
		}
		run := &importRun{roster: r, options: options, size: size, hash: newContentHash(), review: sha256.New(), persons: personChanges{seed: maphash.MakeSeed()}, delayed: map[int]heldLine{}, displaced: map[identity]displacedMember{}, waiting: map[int]string{}, claims: map[int]*namesake{}, claimed: map[uuid.UUID]int{}, firstID: newID(), now: r.deps.Now()}
		report, err = run.apply(ctx, file)
		return err
	})
	if errors.Is(err, errDryRun) {
		err = nil
	}
	return report, err
}

// again reports on a file that was already applied. Its held lines await a decision, so they are listed again.
func (r *Roster) again(ctx context.Context, file io.ReadSeeker, size int64, options ImportOptions, report Report) (Report, error) {
	report.DryRun = options.DryRun
	if report.Held == 0 {
		return report, nil
	}
	options.DryRun, options.isAgain = true, true
	now, err := r.run(ctx, file, size, options)
	report.Held, report.Review, report.Format = now.Held, now.Review, now.Format
	return report, err
}

// errDryRun rolls a dry run back.
var errDryRun = errors.New("dry run")

type earlierImport struct {
	Report
	newest bool
	readAs *string // nil: nobody recorded it
}

// isReadAs reports whether the file was read with these settings, as far as is known.
func (e *earlierImport) isReadAs(reading string) bool {
	return e.readAs == nil || *e.readAs == reading || *e.readAs == reading+takesDoubtful
}

// sameFile looks for an import of the same content.
func (r *Roster) sameFile(ctx context.Context, file io.ReadSeeker, size int64, options ImportOptions) (*earlierImport, error) {
	if is, err := r.store.imported(ctx); err != nil || !is {
		return nil, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("reading the roster file: %w", err)
	}
	sum, err := newContentHash(), error(nil)
	for done, n := int64(0), int64(0); err == nil; done += n {
		if n, err = io.CopyN(sum, file, 4<<20); options.Progress != nil {
			options.Progress(PhaseComparing, done+n, size)
		}
	}
	if !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading the roster file: %w", err)
	}
	return r.store.importOf(ctx, sum.Sum(nil))
}

// today is the day on which coverage is judged.
func (run *importRun) today() Date { return DateOf(run.roster.deps.Now()) }

// importRun is one import inside its transaction.
type importRun struct {
	roster     *Roster
	options    ImportOptions
	size       int64
	hash       *contentHash // of the file
	now        time.Time
	report     Report
	source     source
	firstFault *LineError
	isEmpty    bool // the roster was empty
	staged     int  // rows
	repeats    int  // those of members who have several
	groups     int  // members who have several
	same       int  // those whose lines are identical
	last       int  // position of the last entry

	known       int // entries of known members
	unreadable  int // entries that cannot be assigned to a member
	doubtful    int // entries that change what rarely changes about a person
	fits        [len(dateColumns)]dateFit
	moves       [len(dateColumns)]dateMoves
	programs    programMoves
	coverage    [len(coverColumns)]coverMoves
	exchanged   exchangedDates
	pages       [len(otherPages)]pageFit
	pagesKnown  [len(otherPages)]int // known members who keep their names in that character set
	had         [len(fields)]int
	fields      [len(fields)]FieldChange
	plain       int // members in the file who have no suffix
	suffixed    int // members who would get one
	lapsing     int // members who are covered today, stay on the roster, and would not be covered
	regaining   int // members who are not covered today, and would be
	absent      int // members whom a full file does not mention
	leaving     int // members who will end on a future day
	older       *OlderError
	rows        rowSum
	short       *ShortError // the file has fewer rows than it says
	again       repeats
	pasted      *PastedError // rows were pasted over others
	isOldRows   bool         // the file's rows were applied before, and others since
	isCut       bool         // the last line is unterminated and contradicts the known data
	lastLine    *openLine
	missing     []column // columns that the file does not have
	renumbered  int      // held lines of an absent member under a new number
	listed      []int
	delayed     map[int]heldLine             // dependents' lines of a full file, until the subscriber's are known
	depending   []int                        // listed lines of dependents
	born        []bornChange                 // lines that change a birth date, at most maxBorn
	renamed     renamings                    // lines that change a name
	persons     personChanges                // lines that change names, suffix or birth date
	newByPerson numbersByPerson              // of the last two chunks
	above       personLines                  // the last person of the chunk before
	unlikely    int                          // held lines that are hardly ever true, though name or birth date are as known
	unlikelyOf  uuid.UUID                    // the member of the last of them
	waiting     map[int]string               // decisions that cannot be made before others, and why
	firstID     uuid.UUID                    // the members whom this run adds have later ones
	namesakes   int                          // lines of a full file with a new number and a known member's name and birth date
	claims      map[int]*namesake            // listed lines that make a member another one, by line
	claimed     map[uuid.UUID]int            // lines whose number goes to a known member, by member
	displaced   map[identity]displacedMember // members whose number a line gives to another person
	returning   []int                        // listed lines of the number's former member
	holders     map[identity][]formerHolder
	review      hash.Hash // of the list of held lines
}

func (run *importRun) progress(phase Phase, done, total int64) {
	if run.options.Progress != nil {
		run.options.Progress(phase, done, total)
	}
}

// rejected reports a line that is left out.
func (run *importRun) rejected(e LineError) {
	run.report.Rejected++
	if run.firstFault == nil {
		run.firstFault = &e
	}
	if run.options.Rejected != nil {
		run.options.Rejected(e)
	}
}

func (run *importRun) note(e LineError) {
	if run.options.Note != nil {
		run.options.Note(e)
	}
}

func (run *importRun) apply(ctx context.Context, file io.ReadSeeker) (Report, error) {
	store := run.roster.store
	active, lately, lapsed, err := store.beginImport(ctx, run.now.Add(-shrinkWindow))
	if err != nil {
		return Report{}, err
	}
	run.isEmpty = active < 0
	if err := run.roster.fillIdentities(ctx); err != nil {
		return Report{}, err
	}
	if run.holders, err = store.formerHolders(ctx, run.roster.unseal); err != nil {
		return Report{}, err
	}
	if err := run.stage(ctx, file); err != nil {
		return Report{}, err
	}
	if !run.source.isChange() {
		if err = run.settle(ctx); err == nil {
			err = run.nameChanges(ctx)
		}
		if err == nil {
			err = run.countReturned(ctx)
		}
		if err == nil {
			err = run.nameCovered(ctx)
		}
	}
	if err != nil {
		return Report{}, err
	}
	run.compareTotals()
	run.weighPasted()
	run.report.Format, run.report.DryRun, run.report.Fields = run.source.format(), run.options.DryRun, run.fieldChanges()
	run.report.Lapsing, run.report.Regaining = run.lapsing, run.regaining
	if len(run.listed) > 0 {
		run.report.Review = run.reviewCode()
	}
	if err := run.checkOrder(ctx); err != nil {
		return Report{}, err
	}
	if err := run.checkRows(ctx); err != nil {
		return Report{}, err
	}
	if err := run.guard(active, lately, lapsed); err != nil {
		return run.report, err
	}
	if !run.source.isChange() {
		err = store.applyStaging(ctx, run.now, run.staged, run.last, func(done, total int64) { run.progress(PhaseApplying, done, total) })
		if err != nil {
			return Report{}, err
		}
	}
	if len(run.options.decided()) > 0 {
		if run.report.Displaced, err = store.countDisplaced(ctx, run.now); err != nil {
			return Report{}, err
		}
	}
	if run.options.DryRun {
		return run.report, errDryRun
	}
	run.report.ID, run.report.AppliedAt = newID(), run.now.UTC()
	if err := store.recordImport(ctx, run.report, run.lapsing, run.hash.Sum(nil), run.rowsDigest(), run.options.reading(run.roster.deps.NumberFormat), run.size, run.source.made().newest); err != nil {
		return Report{}, err
	}
	return run.report, run.roster.deps.Audit.Record(ctx, run.report.event())
}

// settle brings a staged full file into the form in which it is applied: one row per member. It also counts absent
// members.
func (run *importRun) settle(ctx context.Context) error {
	run.progress(PhaseChecking, 0, 3)
	if err := run.roster.store.prepareStaging(ctx); err != nil {
		return err
	}
	run.progress(PhaseChecking, 1, 3)
	if err := run.merge(ctx); err != nil {
		return err
	}
	run.progress(PhaseChecking, 2, 3)
	if run.isEmpty {
		return nil
	}
	if err := run.noteOthers(ctx); err != nil {
		return err
	}
	if err := run.holdDisplaced(ctx); err != nil {
		return err
	}
	if err := run.settleOthers(ctx); err != nil {
		return err
	}
	if err := run.doubtOpenLine(ctx); err != nil {
		return err
	}
	unaccounted, err := run.roster.store.countUnaccounted(ctx)
	if err != nil {
		return err
	}
	run.unreadable += unaccounted
	if run.absent, err = run.roster.store.countAbsent(ctx); err == nil && run.absent > 0 {
		err = run.keepRenumbered(ctx)
	}
	if err == nil {
		err = run.holdNamesakes(ctx)
	}
	run.report.Ended += run.absent
	run.progress(PhaseChecking, 3, 3)
	return err
}
