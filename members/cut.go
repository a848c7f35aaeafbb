package members

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// tail is what the last field of an unterminated line reveals about itself.
type tail uint8

const (
	tailUnsure tail = iota // it may have been longer
	tailWhole              // it is complete, or none of it is used
	tailCut                // it was most likely longer
)

// tail examines the last field of the line just parsed.
func (p *rowParser) tail(line string) tail {
	last, read := len(p.fields)-1, column("")
	for c, at := range p.layout.position {
		if at == last {
			read = c
		}
	}
	field := p.layout.field(p.fields, read)
	switch read {
	case "": // it means nothing here
		return tailWhole
	case colBirthDate, colCoverageStart, colCoverageEnd:
		switch {
		case len(field) > 2 && strings.Contains("-/.", field[len(field)-2:len(field)-1]): // 1984-03-1
			return tailCut
		case field != "":
			return tailWhole
		}
	case colProgram:
		switch program, _ := readProgram(field); {
		case field != "" && program == "": // "HUSKY"
			return tailCut
		case field != "":
			return tailWhole
		}
	}
	if strings.HasSuffix(line, `"`) {
		return tailWhole
	}
	return tailUnsure
}

// judgeOpen handles an unterminated last line that belongs to a new member and has all its fields. Many programs write
// no line end, so the line is applied and reported, since its last field may have been longer; it is left out if that
// is likely.
func (run *importRun) judgeOpen(e *entry) {
	switch e.tail {
	case tailCut:
		run.isCut = true
		e.reject("", "is cut, most likely: it is the last, has no end, and its last field seems to lack a part; if the file is whole, end the line")
	case tailUnsure:
		run.note(LineError{Line: e.position, Problem: "is the last and has no end: if the file was cut, its last field is not whole", Unit: e.unit})
	}
}

// openLine is an unterminated last line of a known member.
type openLine struct {
	position int
	member   uuid.UUID
}

// doubtOpenLine leaves an unterminated last line out if it would change a known member's data. Many programs write no
// final line end, but it is also missing if a full disk cut off the last field. It runs after the member's lines have
// been merged, so that one of several coverage spans does not count as a change.
func (run *importRun) doubtOpenLine(ctx context.Context) error {
	if run.lastLine == nil {
		return nil
	}
	change, err := run.roster.store.leaveOut(ctx, run.lastLine.member)
	if err != nil || change == 0 {
		return err
	}
	run.isCut = true
	run.report.count(lineChanged, -1)
	run.tally(unpackMarks(change), -1)
	run.rejected(LineError{run.lastLine.position, "", "may be cut: it is the last, has no end, and says something else than what is known; if the file is whole, end the line", run.source.unit()})
	return nil
}

// leaveOut marks a staged row as left out if it changes data, so that its member stays as before, and returns the
// change it would have made.
func (s store) leaveOut(ctx context.Context, member uuid.UUID) (change int32, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `
		UPDATE roster_staging SET kind = $1 WHERE id = $2 AND kind = $3 AND marks >> 8 <> 0 RETURNING marks`,
		lineRejected, member, lineChanged).Scan(&change)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("leaving out the last line: %w", err)
	}
	return change, nil
}
