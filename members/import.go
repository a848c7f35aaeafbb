package members

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/audit"
)

// shrinkLimit is the share of members, in percent, that one import may end without being told so.
const shrinkLimit = 5

var (
	// ErrImportRunning says that another import holds the roster.
	ErrImportRunning = errors.New("another roster import is running")
	// ErrOldFile says that the file was applied before, and others after it.
	ErrOldFile = errors.New("this file was applied before, and newer ones since")
)

// ShrinkError says that the file would end more than 5 % of the members.
type ShrinkError struct{ Ending, Active int }

func (e *ShrinkError) Error() string {
	return fmt.Sprintf("the file would end %d of %d members (more than %d %%); nothing was changed", e.Ending, e.Active, shrinkLimit)
}

// ImportOptions say how to read a file and what it may do. The zero value is right for a file with our column names.
type ImportOptions struct {
	Columns     map[string]string // header names by column name (ColumnNames), for those that differ
	Separator   byte              // ',' if zero
	AllowShrink bool              // apply it although it ends more than 5 % of the members
	AllowOld    bool              // apply it although newer files were applied after it
	Rejected    func(LineError)   // called for every line that is left out
	Progress    func(bytes int64) // called now and then with the number of bytes read
	Applying    func()            // called when the file is read and the changes are made
}

// Report counts members by what the file meant for them, and lines that were left out. AppliedAt is when the changes
// were made; with Repeated they were made earlier, by the same file, and nothing happened this time.
type Report struct {
	ID                                         uuid.UUID
	Added, Changed, Ended, Unchanged, Rejected int
	AppliedAt                                  time.Time
	Repeated                                   bool
}

// Import reads a roster file (CSV, UTF-8, one header line) and makes the roster equal to it, in one transaction: members
// not in the file end, those that came back go on. A line with a fault is reported and left out; a member whose line is
// at fault stays as before. The same file again changes nothing. It keeps a few MiB in memory, whatever the file.
//
// Errors: *FileError (the file as a whole), *ShrinkError, ErrOldFile, ErrImportRunning, or those of database and file.
// After any of them the roster is as before.
func (r *Roster) Import(ctx context.Context, file io.ReadSeeker, options ImportOptions) (Report, error) {
	if options.Separator == 0 {
		options.Separator = ','
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return Report{}, fmt.Errorf("reading the roster file: %w", err)
	}
	if earlier, err := r.sameFile(ctx, file, size); err != nil || earlier != nil {
		if err == nil && !earlier.newest && options.AllowOld {
			earlier = nil
		}
		switch {
		case err != nil:
			return Report{}, err
		case earlier != nil && earlier.newest:
			return earlier.Report, nil
		case earlier != nil:
			return Report{}, r.refused(ctx, ErrOldFile)
		}
	}
	var report Report
	err = r.deps.DB.InTx(ctx, func(ctx context.Context) error {
		if _, err := file.Seek(0, io.SeekStart); err != nil { // InTx may come here again
			return fmt.Errorf("reading the roster file: %w", err)
		}
		run := &importRun{roster: r, options: options, hash: sha256.New(), now: r.deps.Now()}
		report, err = run.apply(ctx, file, size)
		return err
	})
	if err != nil {
		return Report{}, r.refused(ctx, err)
	}
	return report, nil
}

// refused records that a file was not applied, for causes that lie in the file.
func (r *Roster) refused(ctx context.Context, cause error) error {
	reason := ""
	_, isFile := errors.AsType[*FileError](cause)
	_, isShrink := errors.AsType[*ShrinkError](cause)
	switch {
	case isFile:
		reason = "file"
	case isShrink:
		reason = "shrink"
	case errors.Is(cause, ErrOldFile):
		reason = "old_file"
	default:
		return cause
	}
	event := audit.Event{Kind: audit.RosterRefused, At: r.deps.Now(), Reason: reason}
	return errors.Join(cause, r.deps.Audit.Record(ctx, event))
}

type earlierImport struct {
	Report
	newest bool
}

// sameFile looks for an import of the same content. The content is only hashed when a file of this size was applied.
func (r *Roster) sameFile(ctx context.Context, file io.ReadSeeker, size int64) (*earlierImport, error) {
	known, err := r.store.importsOfSize(ctx, size)
	if err != nil || len(known) == 0 {
		return nil, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("reading the roster file: %w", err)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return nil, fmt.Errorf("reading the roster file: %w", err)
	}
	for _, k := range known { // newest first
		if string(k.FileSHA256) == string(sum.Sum(nil)) {
			return &earlierImport{Report: k.report(), newest: k.Newest}, nil
		}
	}
	return nil, nil
}

// importRun is one import inside its transaction.
type importRun struct {
	roster  *Roster
	options ImportOptions
	hash    hash.Hash
	now     time.Time
	report  Report
}

func (run *importRun) apply(ctx context.Context, file io.Reader, size int64) (Report, error) {
	store := run.roster.store
	isEmpty, err := store.beginImport(ctx)
	if err != nil {
		return Report{}, err
	}
	if err := run.stage(ctx, file, isEmpty); err != nil {
		return Report{}, err
	}
	if run.options.Applying != nil {
		run.options.Applying()
	}
	if run.report.Added+run.report.Changed+run.report.Unchanged == 0 {
		return Report{}, &FileError{Problem: "the file has no valid line"}
	}
	if err := store.refuseDuplicates(ctx); err != nil {
		return Report{}, err
	}
	if !isEmpty {
		ending, active, err := store.countEnding(ctx)
		if err != nil {
			return Report{}, err
		}
		if ending*100 > active*shrinkLimit && !run.options.AllowShrink {
			return Report{}, &ShrinkError{Ending: ending, Active: active}
		}
		run.report.Ended = ending
	}
	if err := store.applyStaging(ctx, run.now); err != nil {
		return Report{}, err
	}
	run.report.ID, run.report.AppliedAt = uuid.Must(uuid.NewV7()), run.now.UTC()
	if err := store.recordImport(ctx, run.report, run.hash.Sum(nil), size); err != nil {
		return Report{}, err
	}
	return run.report, run.roster.deps.Audit.Record(ctx, run.report.event())
}

func (r Report) event() audit.Event {
	data := map[string]string{"import": r.ID.String()}
	for name, n := range map[string]int{
		"added": r.Added, "changed": r.Changed, "ended": r.Ended, "unchanged": r.Unchanged, "rejected": r.Rejected,
	} {
		data[name] = fmt.Sprint(n)
	}
	return audit.Event{Kind: audit.RosterImported, At: r.AppliedAt, Success: true, Data: data}
}
