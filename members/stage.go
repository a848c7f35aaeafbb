package members

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"huskyidp/internal/seal"
)

// chunkEntries is the number of entries that are looked up and staged together: a few MiB, one lookup, one COPY.
const chunkEntries = 8192

// stage brings the file into the staging table. One goroutine reads, checks and computes digests; one looks members up
// and copies; a third decides and seals, which has to wait for the lookup because a record is bound to the ID of its
// row.
//
// A full file is applied later in one go: while one chunk is decided, the next is looked up. A change file is applied
// chunk by chunk, so that its first statement about a member is known when a later one follows.
func (run *importRun) stage(ctx context.Context, file io.ReadSeeker) error {
	repeats, err := run.repeated(file)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	chunks := make(chan []entry, 1)
	group.Go(func() error {
		defer close(chunks)
		return run.read(ctx, file, repeats, chunks)
	})
	group.Go(func() error {
		resolved := func() ([]stagedRow, error) { return nil, nil } // waits for the previous chunk
		for chunk := range chunks {
			known, former, err := run.lookUp(ctx, chunk)
			if err != nil {
				_, _ = resolved()
				return err
			}
			if err := run.copy(ctx, resolved); err != nil {
				return err
			}
			resolved = inBackground(func() ([]stagedRow, error) { return run.resolve(chunk, known, former) })
			if !run.source.isChange() {
				continue
			}
			if err := run.copy(ctx, resolved); err != nil {
				return err
			}
			resolved = func() ([]stagedRow, error) { return nil, nil }
			if err := run.nameChanges(ctx); err != nil {
				return err
			}
			if err := run.countReturned(ctx); err != nil {
				return err
			}
			if err := run.nameCovered(ctx); err != nil {
				return err
			}
			if err := run.roster.store.applyAndClear(ctx, run.now); err != nil {
				return err
			}
		}
		return run.copy(ctx, resolved)
	})
	return group.Wait()
}

// copy stages the result of a chunk.
func (run *importRun) copy(ctx context.Context, resolved func() ([]stagedRow, error)) error {
	rows, err := resolved()
	if err != nil || len(rows) == 0 {
		return err
	}
	run.staged += len(rows)
	return run.roster.store.copyStaging(ctx, rows)
}

// inBackground starts work and returns a function that waits for it.
func inBackground[T any](work func() (T, error)) func() (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := work()
		done <- outcome{value, err}
	}()
	return func() (T, error) {
		o := <-done
		return o.value, o.err
	}
}

// open detects the kind of file.
func (run *importRun) open(file io.Reader) (source, error) {
	text, decoder, err := openText(file, run.options.Encoding)
	if err != nil {
		return nil, err
	}
	numbers, today := run.roster.deps.NumberFormat, DateOf(run.now)
	if isX12(text) {
		return new834(text, decoder, run.options, numbers, today), nil
	}
	if isLowerX12(text) {
		return nil, &FileError{Problem: "the file is X12 in lower case, so that its codes mean nothing: ask for it as it was sent"}
	}
	if line := aboveX12(text); line > 0 {
		return nil, &FileError{Line: line, Problem: "an X12 interchange begins here, below other text: delete the lines above it, and anything after IEA, its end"}
	}
	return newCSV(text, decoder, run.options, numbers, today)
}

// read sends the entries of the file in chunks. In a change file a chunk mentions each member once: what else is said of them comes
// in a later chunk, in its order.
func (run *importRun) read(ctx context.Context, file io.ReadSeeker, repeats repeatedNumbers, chunks chan<- []entry) error {
	position := &countingReader{r: io.TeeReader(file, run.hash)}
	entries, err := run.open(position)
	if err != nil {
		return err
	}
	run.source = entries // visible to the other goroutine with the first chunk
	if len(repeats.left) > 0 {
		entries = &together{source: entries, repeatedNumbers: repeats, current: entries, room: maxWaiting, waiting: map[uint64][]entry{}, deferred: map[uint64]bool{}, again: func() (source, error) {
			if _, err := file.Seek(0, io.SeekStart); err != nil {
				return nil, fmt.Errorf("reading the roster file: %w", err)
			}
			return run.open(file)
		}}
	}
	var chunk, later []entry
	seen, room := map[string]bool{}, 0 // the first chunk grows: most files are short
	add := func(e *entry) {
		if isAgain := e.fault == nil && seen[e.rec.MemberNumber]; isAgain {
			later = append(later, *e)
			return
		}
		if run.source.isChange() {
			seen[e.rec.MemberNumber] = true
		}
		if chunk == nil {
			chunk = make([]entry, 0, room)
		}
		chunk = append(chunk, *e)
	}
	send := func() error {
		select {
		case chunks <- chunk:
		case <-ctx.Done():
			return ctx.Err()
		}
		run.progress(PhaseReading, position.n, run.size)
		waiting := later
		room, chunk, seen, later = len(chunk), nil, map[string]bool{}, nil
		for i := range waiting {
			add(&waiting[i])
		}
		return nil
	}
	for {
		e, err := entries.next()
		isEnd := errors.Is(err, io.EOF)
		switch {
		case isEnd:
		case err != nil:
			return err
		default:
			run.weighPages(&e)
			run.digest(&e)
			run.addRow(&e)
			add(&e)
		}
		if isEnd || len(chunk) == run.roster.chunk || len(later) == run.roster.chunk {
			if err := send(); err != nil {
				return err
			}
		}
		for isEnd && len(chunk) > 0 {
			if err := send(); err != nil {
				return err
			}
		}
		if isEnd {
			return nil
		}
	}
}

// digest computes the lookup and content digests of an entry, as far as the file alone determines them.
func (run *importRun) digest(e *entry) {
	if e.fault != nil || e.skipped != "" {
		return
	}
	e.macs = run.roster.numberMACs(e.rec.MemberNumber)
	if !e.partial {
		e.content, e.contentMAC = run.roster.encode(e.rec)
	}
}

func (r *Roster) encode(rec record) (content, mac []byte) {
	content = rec.encode()
	return content, r.deps.Keyring.MAC(seal.Index, []byte("member content"), content)
}

type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
