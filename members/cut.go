package members

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// tail is what the last field of a line without an end says of itself.
type tail uint8

const (
	tailUnsure tail = iota // it may have been longer
	tailWhole              // or nothing of it is read
	tailCut                // it was longer, most likely
)

// tail looks at the last field of the line just parsed.
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

// judgeOpen applies a last line without an end of a new member, whose fields are all there: many programs write no end. It
// is named, since its last field may have been longer, and left out where that is likely.
func (run *importRun) judgeOpen(e *entry) {
	switch e.tail {
	case tailCut:
		run.isCut = true
		e.reject("", "is cut, most likely: it is the last, has no end, and its last field seems to lack a part; if the file is whole, end the line")
	case tailUnsure:
		run.note(LineError{Line: e.position, Problem: "is the last and has no end: if the file was cut, its last field is not whole", Unit: e.unit})
	}
}

// openLine is a last line without an end, of a known member.
type openLine struct {
	position int
	member   uuid.UUID
}

// doubtOpenLine leaves a last line without an end out if it would change what is known of its member: many programs write no
// end there, and a full disk leaves none, with a part of the last field. It looks when the lines of the member are merged,
// so that one of several times of coverage is no change.
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

// leaveOut leaves the member of a staged row as before, where the row changes data, and returns what it would have done.
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
