package members

import (
	"context"
	"errors"
	"io"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"huskyidp/internal/seal"
)

// chunkLines is how many lines are looked up and staged together: a few MiB, one lookup, one COPY.
const chunkLines = 8192

// What a line of the file means for the roster; stored in the staging table.
const (
	lineAdded int16 = iota
	lineChanged
	lineUnchanged
	lineRejected // only marks the member as present
)

// stagedLine is a line of the file on its way to the staging table.
type stagedLine struct {
	line       int32
	kind       int16
	id         uuid.UUID
	numberMACs [][]byte // the writing version first
	contentMAC []byte
	content    []byte // encoded record, not yet sealed
}

// stage brings the file into the staging table: one goroutine reads, checks and computes digests, while this one looks
// members up, seals and copies. Sealing has to wait for the lookup, because a record is bound to the id of its row.
func (run *importRun) stage(ctx context.Context, file io.Reader, rosterIsEmpty bool) error {
	group, ctx := errgroup.WithContext(ctx)
	chunks := make(chan []stagedLine, 1)
	group.Go(func() error {
		defer close(chunks)
		return run.read(ctx, file, chunks)
	})
	group.Go(func() error {
		for chunk := range chunks {
			if !rosterIsEmpty {
				if err := run.lookUp(ctx, chunk); err != nil {
					return err
				}
			}
			if err := run.copyChunk(ctx, chunk); err != nil {
				return err
			}
		}
		return nil
	})
	return group.Wait()
}

// read sends the lines of the file in chunks. It counts rejected lines; the other goroutine counts the rest.
func (run *importRun) read(ctx context.Context, file io.Reader, chunks chan<- []stagedLine) error {
	position := &countingReader{r: io.TeeReader(file, run.hash)}
	lines := newLineReader(position)
	header, err := lines.next()
	if errors.Is(err, io.EOF) {
		return &FileError{Problem: "the file is empty"}
	}
	if err != nil {
		return err
	}
	layout, err := readHeader(header, run.options.Separator, run.options.Columns)
	if err != nil {
		return err
	}
	parser := &rowParser{
		layout: layout, separator: run.options.Separator, numbers: run.roster.deps.NumberFormat, today: DateOf(run.now),
	}
	for chunk := make([]stagedLine, 0, chunkLines); ; {
		line, err := lines.next()
		isEnd := errors.Is(err, io.EOF)
		if err != nil && !isEnd {
			return err
		}
		if !isEnd && line != "" {
			chunk = run.appendLine(chunk, lines.line, line, parser)
		}
		if len(chunk) < chunkLines && !isEnd {
			continue
		}
		select {
		case chunks <- chunk:
		case <-ctx.Done():
			return ctx.Err()
		}
		if run.options.Progress != nil {
			run.options.Progress(position.n)
		}
		if isEnd {
			return nil
		}
		chunk = make([]stagedLine, 0, chunkLines)
	}
}

func (run *importRun) appendLine(chunk []stagedLine, number int, line string, parser *rowParser) []stagedLine {
	rec, wrong, problem := parser.parse(line)
	staged := stagedLine{line: int32(number), kind: lineAdded}
	if problem != "" {
		run.report.Rejected++
		if run.options.Rejected != nil {
			run.options.Rejected(LineError{number, string(wrong), problem})
		}
		if rec.MemberNumber == "" {
			return chunk
		}
		staged.kind = lineRejected
	} else {
		staged.content = rec.encode()
		staged.contentMAC = run.roster.deps.Keyring.MAC(seal.Index, []byte("member content"), staged.content)
	}
	staged.numberMACs = run.roster.numberMACs(rec.MemberNumber)
	return append(chunk, staged)
}

// lookUp finds the members of a chunk and decides what its lines mean. A member found under an older index key counts
// as changed, and so moves to the current one.
func (run *importRun) lookUp(ctx context.Context, chunk []stagedLine) error {
	macs := make([][]byte, 0, len(chunk))
	for _, line := range chunk {
		macs = append(macs, line.numberMACs...)
	}
	known, err := run.roster.store.lookUp(ctx, macs)
	if err != nil {
		return err
	}
	for i := range chunk {
		line := &chunk[i]
		for version, mac := range line.numberMACs {
			row, ok := known[string(mac)]
			if !ok {
				continue
			}
			line.id = row.ID
			isSame := version == 0 && !row.Ended && string(row.ContentMAC) == string(line.contentMAC)
			switch {
			case line.kind == lineRejected:
			case isSame:
				line.kind = lineUnchanged
			default:
				line.kind = lineChanged
			}
			break
		}
	}
	return nil
}

// copyChunk seals what is new or changed, and stages all of the chunk: rejected lines too, since they take part in the
// search for duplicates and keep their members from ending.
func (run *importRun) copyChunk(ctx context.Context, chunk []stagedLine) error {
	i := 0
	return run.roster.store.copyStaging(ctx, func() ([]any, error) {
		for ; i < len(chunk); i++ {
			line := &chunk[i]
			var sealed []byte
			switch line.kind {
			case lineAdded:
				run.report.Added++
				line.id = newID()
				sealed = run.roster.deps.Keyring.Seal(seal.PII, place(line.id), line.content)
			case lineChanged:
				run.report.Changed++
				sealed = run.roster.deps.Keyring.Seal(seal.PII, place(line.id), line.content)
			case lineUnchanged:
				run.report.Unchanged++
			}
			i++
			return []any{line.line, line.kind, [16]byte(line.id), line.numberMACs[0], line.contentMAC, sealed}, nil
		}
		return nil, nil
	})
}

// newID cannot fail: crypto/rand does not (Go 1.24).
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
