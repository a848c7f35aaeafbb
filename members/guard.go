package members

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"huskyidp/internal/audit"
)

// shrinkLimit is the percentage of members that one import may end without AllowShrink.
const shrinkLimit = 5

// shrinkWindow is how long ended members count with those of the next file: several files in a row are refused as one would be.
// A file that ends at most shrinkAlone percent is not, since it may follow one that AllowShrink let pass.
const (
	shrinkWindow = 72 * time.Hour
	shrinkAlone  = 1
)

// If this many entries (at least doubtLeast, and these percentages of the known members) look like other people, a
// column of the file has shifted.
const (
	doubtLeast = 5
	heldLimit  = 1 // another name and another birth date
	doubtLimit = 5 // another name or another birth date; in a change file, both names
)

var (
	// ErrImportRunning is returned while another import holds the lock.
	ErrImportRunning = errors.New("another roster import is running")
	// ErrOldFile is returned if the file was applied before and others after it.
	ErrOldFile = errors.New("this file was applied before, and newer ones since")
)

// ShrinkError reports that the file would end more than 5 % of the members, with those who ended in the last hours.
type ShrinkError struct{ Ending, Active, Lately int }

func (e *ShrinkError) Error() string {
	if e.Lately > 0 {
		return fmt.Sprintf("the file would end %d of %d members, and %d ended in the %d hours before (together more than %d %%); nothing was changed",
			e.Ending, e.Active, e.Lately, shrinkWindow/time.Hour, shrinkLimit)
	}
	return fmt.Sprintf("the file would end %d of %d members (more than %d %%); nothing was changed", e.Ending, e.Active, shrinkLimit)
}

// LapseError reports that more than 5 % of the members would lose the coverage that they have today, though they stay on the
// roster: a date was filled down, or a column has other dates than it says.
type LapseError struct{ Lapsing, Active, Lately int }

func (e *LapseError) Error() string {
	before := ""
	if e.Lately > 0 {
		before = fmt.Sprintf(", and %d lost it in the %d hours before", e.Lately, shrinkWindow/time.Hour)
	}
	return fmt.Sprintf("%d of %d members are covered today and would not be any more%s; are the dates of coverage right? Nothing was changed", e.Lapsing, e.Active, before)
}

// UnreadableError reports that members who seem to be absent may belong to lines whose number cannot be read, or that
// are missing after a last line that seems to be cut off.
type UnreadableError struct {
	Lines, Absent int
	IsCut         bool
}

func (e *UnreadableError) Error() string {
	if e.IsCut {
		return fmt.Sprintf("%d members are not in the file, but its last line seems to be cut, and lines behind it may be missing; %d lines have "+
			"no member number that can be read; nothing was changed", e.Absent, e.Lines)
	}
	return fmt.Sprintf("%d members are not in the file, but %d lines in it have no member number that can be read and may be theirs; nothing was changed",
		e.Absent, e.Lines)
}

// DoubtError reports that many known numbers come with data that look like another person's.
type DoubtError struct{ Held, Doubtful, Known int }

func (e *DoubtError) Error() string {
	return fmt.Sprintf("of %d known members %d come back with another name and birth date, and %d with another name or birth date; "+
		"has a column slipped? Nothing was changed", e.Known, e.Held, e.Doubtful)
}

// ReviewError reports that decisions on held lines do not match the current list.
type ReviewError struct{ Review, Problem string }

func (e *ReviewError) Error() string { return e.Problem + "; nothing was changed" }

// guard refuses an import that could harm members, unless the options allow it. active is the number of members before, lately
// and lapsed those who ended, and who lost their coverage, in the window before.
func (run *importRun) guard(active, lately, lapsed int) error {
	r, o := run.report, run.options
	if o.isAgain { // the guards let it pass when it was applied, and nothing is applied now
		return nil
	}
	ending := r.Ended + run.leaving
	held := r.Held - run.renumbered - run.unlikely
	isDoubtful := held >= doubtLeast && held*100 > run.known*heldLimit ||
		run.doubtful >= doubtLeast && run.doubtful*100 > run.known*doubtLimit
	if r.Added+r.Changed+r.Unchanged+r.Held+r.Ended == run.absent && (r.Rejected > 0 || !run.source.isChange()) {
		return run.noValidLine()
	}
	causes := append(append(run.encodings(), run.source.doubts()...), run.dateOrders()...)
	if isDoubtful && !o.AllowDoubtful {
		causes = append(causes, &DoubtError{held, run.doubtful, run.known})
	}
	if !o.AllowDoubtful {
		causes = append(causes, run.movedDates()...)
		causes = append(causes, run.shuffledNames()...)
		causes = append(causes, run.programs.causes()...)
		causes = append(causes, run.movedCoverage()...)
		causes = append(causes, run.exchanged.causes()...)
		causes = append(causes, run.twice()...)
		if run.short != nil {
			causes = append(causes, run.short)
		}
		if run.pasted != nil {
			causes = append(causes, run.pasted)
		}
		causes = append(causes, run.late()...)
		causes = append(causes, run.clearing()...)
		causes = append(causes, run.filling()...)
	}
	if (run.unreadable > 0 || run.isCut) && run.absent > 0 && !o.AllowUnreadable {
		causes = append(causes, &UnreadableError{run.unreadable, run.absent, run.isCut})
	}
	if isMuch(ending, lately, active, active+lately) && active > 0 && !o.AllowShrink {
		causes = append(causes, &ShrinkError{ending, active, lately})
	}
	if run.lapsing >= doubtLeast && isMuch(run.lapsing, lapsed, active, active) && !o.AllowShrink {
		causes = append(causes, &LapseError{run.lapsing, active, lapsed})
	}
	if run.isOldRows && !o.AllowOld {
		causes = append(causes, errOldRows)
	}
	if run.older != nil && !o.AllowOld {
		causes = append(causes, run.older)
	}
	if len(causes) == 0 {
		return run.checkDecisions()
	}
	return errors.Join(causes...)
}

// isMuch reports whether a file affects too many of the active members, by itself or together with those affected lately, whose
// share is of before.
func isMuch(now, lately, active, before int) bool {
	return now*100 > active*shrinkLimit || now*100 > active*shrinkAlone && (now+lately)*100 > before*shrinkLimit
}

func (run *importRun) noValidLine() error {
	problem := "the file has no valid line"
	if run.firstFault != nil {
		problem += "; the first fault: " + run.firstFault.Error()
	}
	return errors.Join(append([]error{&FileError{Problem: problem}}, run.source.doubts()...)...)
}

// checkDecisions enforces the second look: decisions apply only to the list that was shown and to lines on it.
func (run *importRun) checkDecisions() error {
	decided := run.options.decided()
	if len(decided) == 0 {
		return nil
	}
	for i, position := range decided {
		if !slices.Contains(run.listed, position) || slices.Contains(decided[:i], position) {
			return &ReviewError{run.reviewCode(), fmt.Sprintf("%d is not one held line with one decision", position)}
		}
		if why := run.waiting[position]; why != "" {
			return &ReviewError{run.reviewCode(), why}
		}
		if slices.Contains(run.options.Namesake, position) && run.claims[position] == nil {
			return &ReviewError{run.reviewCode(), fmt.Sprintf("%d does not make its member another known one: decide that its number went to another person", position)}
		}
	}
	if i := slices.IndexFunc(run.options.OtherPerson, func(position int) bool { return slices.Contains(run.depending, position) }); i >= 0 {
		return &ReviewError{run.reviewCode(), fmt.Sprintf("%d is a dependent's loop: if it is not the same person, its number is the subscriber's, and the file wrong", run.options.OtherPerson[i])}
	}
	if i := slices.IndexFunc(run.options.SamePerson, func(position int) bool { return slices.Contains(run.returning, position) }); i >= 0 {
		return &ReviewError{run.reviewCode(), fmt.Sprintf("%d is the number's former member, who has a row: only as another person do they get the number and their account back", run.options.SamePerson[i])}
	}
	if run.options.Review != run.reviewCode() {
		return &ReviewError{run.reviewCode(), "look at the list of held lines again before they are applied"}
	}
	return nil
}

func (run *importRun) reviewCode() string {
	return hex.EncodeToString(run.review.Sum(run.hash.Sum(nil))[32:36])
}

// refused records in the audit that a file was not applied because of its content.
func (r *Roster) refused(ctx context.Context, cause error) error {
	reason := ""
	_, isFile := errors.AsType[*FileError](cause)
	_, isShrink := errors.AsType[*ShrinkError](cause)
	_, isUnreadable := errors.AsType[*UnreadableError](cause)
	_, isOrder := errors.AsType[*DateOrderError](cause)
	_, isMoved := errors.AsType[*MovedError](cause)
	_, isSorted := errors.AsType[*SortedError](cause)
	_, isTwice := errors.AsType[*TwiceError](cause)
	_, isShort := errors.AsType[*ShortError](cause)
	_, isPasted := errors.AsType[*PastedError](cause)
	_, isEndColumn := errors.AsType[*EndColumnError](cause)
	_, isEncoding := errors.AsType[*EncodingError](cause)
	_, isClear := errors.AsType[*ClearError](cause)
	_, isFill := errors.AsType[*FillError](cause)
	_, isDoubt := errors.AsType[*DoubtError](cause)
	_, isLate := errors.AsType[*LateError](cause)
	_, isExchanged := errors.AsType[*ExchangedError](cause)
	_, isReview := errors.AsType[*ReviewError](cause)
	switch {
	case isFile:
		reason = "file"
	case isShrink:
		reason = "shrink"
	case isUnreadable:
		reason = "unreadable"
	case isDoubt:
		reason = "other_people"
	case isEncoding:
		reason = "encoding"
	case isTwice, isPasted:
		reason = "twice"
	case isShort:
		reason = "short"
	case isEndColumn:
		reason = "end_column"
	case isOrder, isMoved, isSorted, isLate, isExchanged:
		reason = "dates"
	case isClear:
		reason = "cleared"
	case isFill:
		reason = "filled"
	case isReview:
		reason = "review"
	case errors.Is(cause, ErrOldFile):
		reason = "old_file"
	default:
		return cause
	}
	event := audit.Event{Kind: audit.RosterRefused, At: r.deps.Now(), Reason: reason}
	return errors.Join(cause, r.deps.Audit.Record(ctx, event))
}
