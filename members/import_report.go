package members

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/audit"
)

// Phase is the current phase of an import.
type Phase string

// The phases, in order.
const (
	PhaseComparing Phase = "comparing" // with the files that were applied before; bytes
	PhaseReading   Phase = "reading"   // bytes
	PhaseChecking  Phase = "checking"  // steps
	PhaseMerging   Phase = "merging"   // lines of members who have several
	PhaseApplying  Phase = "applying"  // steps
)

// Report counts members by the file's effect on them, and lines that were left out. AppliedAt is when the changes were
// made. With Repeated they were made earlier by the same file, read in the same way, and this run changed nothing.
type Report struct {
	ID                                         uuid.UUID
	Added, Changed, Ended, Unchanged, Rejected int
	Held                                       int // lines that wait for a decision: whose number is it?
	Returned                                   int // of those who changed, members who had ended
	Lapsing                                    int // of those who changed, members who are covered today, and would not be any more
	Regaining                                  int // of those who changed, members who are not covered today, and would be
	Merged                                     int // additional lines of a member
	CannotRegister                             int // names that nobody could type
	PastedRows, PastedOver                     int // rows that are there again, and known members who are missing, if they seem to have been pasted over
	Skipped                                    int // lines that belong to no member: totals, titles, repeated headers
	Kept                                       int // damaged names and impossible birth dates that were ignored in favour of the member's former ones
	Fields                                     []FieldChange
	OtherLines                                 map[string]int // X12: loops of other insurance lines by HD03, which change nothing
	OtherNamed                                 int            // those of them whose HD04 is a programme's name
	Died                                       int            // X12: members with a date of death whom the file does not end
	DiedEnding                                 int            // X12: members with a date of death who end
	Displaced                                  int            // members whose number went to another person, and who have no other one
	AppliedAt                                  time.Time
	Repeated                                   bool
	IsUnsure                                   bool      // with Repeated: nobody recorded the settings with which the file was read then
	ReadBefore                                 time.Time // when the same file was applied last, read with other settings or the same; zero if it was not
	DryRun                                     bool
	Format                                     string // how the file was read
	Review                                     string // identifies the list of held lines of this file, "" if there is none
}

func (r *Report) count(kind int16, n int) {
	switch kind {
	case lineAdded, lineReplaced:
		r.Added += n
	case lineChanged, lineStill, lineRestored:
		r.Changed += n
	case lineUnchanged:
		r.Unchanged += n
	case lineHeld:
		r.Held += n
	case lineEnded:
		r.Ended += n
	}
}

func (r Report) event() audit.Event {
	data := map[string]string{"import": r.ID.String()}
	for name, n := range map[string]int{
		"added": r.Added, "changed": r.Changed, "ended": r.Ended, "unchanged": r.Unchanged, "rejected": r.Rejected,
		"held": r.Held, "merged": r.Merged, "cannot_register": r.CannotRegister, "skipped": r.Skipped,
	} {
		data[name] = fmt.Sprint(n)
	}
	return audit.Event{Kind: audit.RosterImported, At: r.AppliedAt, Success: true, Data: data}
}
