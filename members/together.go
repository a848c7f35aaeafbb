package members

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
)

// repeatedNumbers counts the loops of those numbers of a change file that have several, if one is a dependent's or an end, so that
// their order matters. The keys are hashes of the numbers.
type repeatedNumbers struct {
	seed maphash.Seed
	left map[uint64]int
}

func (r repeatedNumbers) of(e entry) uint64 { return maphash.String(r.seed, e.rec.MemberNumber) &^ 1 }

// repeated reads a change file ahead, with eight bytes for each loop. What is wrong with the file is said when it is read again.
func (run *importRun) repeated(file io.ReadSeeker) (r repeatedNumbers, err error) {
	r = repeatedNumbers{maphash.MakeSeed(), map[uint64]int{}}
	source, err := run.open(file)
	if x, isX12 := source.(*x834); err == nil && isX12 {
		var numbers []uint64
		for {
			e, err := x.next()
			if err != nil || !x.isChange() {
				break
			}
			if n := r.of(e); e.rec.MemberNumber != "" && (e.isEnding || e.apart != "") {
				numbers = append(numbers, n|1)
			} else if e.rec.MemberNumber != "" {
				numbers = append(numbers, n)
			}
		}
		slices.Sort(numbers)
		for i, from := 0, 0; i < len(numbers); i++ { // those with the lowest bit are the last of their number
			if numbers[i]&^1 != numbers[from]&^1 {
				from = i
			}
			if n, several := numbers[i], i-from+1; several > maxLoops {
				r.left[n&^1] = isCrowd
			} else if n&1 == 1 && several > 1 {
				r.left[n&^1] = several
			}
		}
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return r, fmt.Errorf("reading the roster file: %w", err)
	}
	return r, nil
}

// maxWaiting is the number of members whose loops wait for others at a time: some 60 MiB.
const maxWaiting = 32_768

// maxLoops is the number of loops of one member in a change file. Where there are more, the number is nobody's.
const (
	maxLoops = 256
	isCrowd  = -1
)

// together is a change file in which all loops of one number come at once, in an order that does not depend on theirs. Where too
// many would have to wait, the file is read once more for the rest.
type together struct {
	source // of the first reading
	repeatedNumbers
	room     int                    // for waiting
	again    func() (source, error) // reads the file once more
	current  source
	waiting  map[uint64][]entry
	only     map[uint64]bool // numbers of this reading, nil for the first
	deferred map[uint64]bool // numbers for the next one
	ready    []entry
}

func (t *together) next() (entry, error) {
	for len(t.ready) == 0 {
		e, err := t.current.next()
		if errors.Is(err, io.EOF) && len(t.waiting) > 0 {
			return entry{}, &FileError{Problem: "the file was changed while it was read"}
		}
		if errors.Is(err, io.EOF) && len(t.deferred) > 0 {
			if t.current, err = t.again(); err != nil {
				return entry{}, err
			}
			t.only, t.deferred = t.deferred, map[uint64]bool{}
			continue
		}
		if err != nil {
			return entry{}, err
		}
		n := t.of(e)
		isRepeated := e.rec.MemberNumber != "" && t.left[n] > 0
		if e.rec.MemberNumber != "" && t.left[n] == isCrowd && e.fault == nil {
			e.reject(colNumber, fmt.Sprintf("more than %d loops of the file have this member number", maxLoops))
		}
		switch {
		case !isRepeated && t.only == nil:
			return e, nil
		case !isRepeated, t.only != nil && !t.only[n], t.deferred[n]:
			continue
		case len(t.waiting) == t.room && t.waiting[n] == nil:
			t.deferred[n] = true
			continue
		}
		t.waiting[n] = append(t.waiting[n], e)
		if t.left[n]--; t.left[n] == 0 {
			t.ready = arrange(t.waiting[n])
			delete(t.waiting, n)
		}
	}
	e := t.ready[0]
	t.ready = t.ready[1:]
	return e, nil
}

// arrange leaves out dependents who are not the subscriber beside them, and puts ends where they belong.
func arrange(loops []entry) []entry {
	var subscriber *entry
	for i := range loops {
		if loops[i].apart == "" && (subscriber == nil || subscriber.rec.BirthDate.IsZero()) {
			subscriber = &loops[i]
		}
	}
	isShared := slices.ContainsFunc(loops, func(e entry) bool { return e.isAnother(loops[0]) || e.apart == "" && e.rec.FirstName == "" })
	for i := range loops {
		e := &loops[i]
		e.isShared = isShared && e.apart != ""
		if e.isShared && subscriber != nil && e.fault == nil && subscriber.isAnother(*e) {
			e.reject(colNumber, e.apart)
		}
	}
	var first, middle, last []entry
	for _, e := range loops {
		switch {
		case !e.isEnding:
			middle = append(middle, e)
		case e.isLast(loops):
			last = append(last, e)
		default:
			first = append(first, e)
		}
	}
	return slices.Concat(first, middle, last)
}

// isAnother reports whether two loops of one number name two people, as far as they say.
func (e entry) isAnother(other entry) bool {
	first, _, born := e.rec.differs(other.rec)
	return first && e.rec.FirstName != "" && other.rec.FirstName != "" || born && !e.rec.BirthDate.IsZero() && !other.rec.BirthDate.IsZero()
}

// isLast reports whether an end is to be read behind what other loops of its member begin: coverage under another programme, which
// goes on, or coverage that begins before the end.
func (e entry) isLast(loops []entry) bool {
	return slices.ContainsFunc(loops, func(other entry) bool {
		if other.isEnding || !other.covered || other.fault != nil {
			return false
		}
		isOfBoth := len(e.programs) == 0 || len(other.programs) == 0 ||
			slices.ContainsFunc(e.programs, func(p string) bool { return slices.Contains(other.programs, p) })
		return !isOfBoth || e.isDated && other.since.Before(e.since)
	})
}
