package members

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
)

// repeatedNumbers counts the loops of those numbers of a change file that have several, if one is a dependent's or an end, so that
// their order matters, or if they may name their member in two ways. The keys are hashes of the numbers.
type repeatedNumbers struct {
	seed maphash.Seed
	left map[uint64]int
}

func (r repeatedNumbers) of(e entry) uint64 { return maphash.String(r.seed, e.rec.MemberNumber) &^ 1 }

// loopAhead is a loop that was read ahead: the hash of its number, with the lowest bit set for an end or a dependent's, and those of
// first name, last name, suffix and birth date in 16 bits each, 0 for what it does not say.
type loopAhead struct{ number, person uint64 }

func (r repeatedNumbers) person(rec record) (person uint64) {
	add := func(at int, said bool, s string) {
		if said {
			person |= (maphash.String(r.seed, s)&0xffff | 1) << (16 * at)
		}
	}
	add(0, rec.LastName != "", rec.FirstName)
	add(1, rec.LastName != "", rec.LastName)
	add(2, rec.LastName != "", rec.Suffix)
	if !rec.BirthDate.IsZero() {
		add(3, true, rec.BirthDate.String())
	}
	return person
}

// areTwo reports whether loops say different things of a person.
func areTwo(loops []loopAhead) bool {
	for shift := 0; shift < 64; shift += 16 {
		first := uint64(0)
		for _, l := range loops {
			said := l.person >> shift & 0xffff
			if first != 0 && said != 0 && said != first {
				return true
			}
			first = max(first, said)
		}
	}
	return false
}

// repeated reads a change file ahead, with sixteen bytes for each loop. What is wrong with the file is said when it is read again.
func (run *importRun) repeated(file io.ReadSeeker) (r repeatedNumbers, err error) {
	r = repeatedNumbers{maphash.MakeSeed(), map[uint64]int{}}
	source, err := run.open(file)
	if x, isX12 := source.(*x834); err == nil && isX12 {
		var loops []loopAhead
		for {
			e, err := x.next()
			if err != nil || !x.isChange() {
				break
			}
			if n := r.of(e); e.rec.MemberNumber != "" && (e.isEnding || e.apart != "") {
				loops = append(loops, loopAhead{n | 1, r.person(e.rec)})
			} else if e.rec.MemberNumber != "" {
				loops = append(loops, loopAhead{n, r.person(e.rec)})
			}
		}
		slices.SortFunc(loops, func(a, b loopAhead) int { return cmp.Compare(a.number, b.number) })
		for from, to := 0, 0; from < len(loops); from = to { // those with the lowest bit are the last of their number
			number := loops[from].number &^ 1
			for to = from; to < len(loops) && loops[to].number&^1 == number; {
				to++
			}
			switch several := to - from; {
			case several > maxLoops:
				r.left[number] = isCrowd
			case several > 1 && (loops[to-1].number&1 == 1 || areTwo(loops[from:to])):
				r.left[number] = several
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
			leaveContradictions(t.ready)
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

// leaveContradictions leaves out the loops of one member that name them in two ways, of which none may win by its place in an
// interchange. Where name and
// birth date differ, it may be another person, which is judged by what is known.
func leaveContradictions(loops []entry) {
	isSound := func(e entry) bool { return e.fault == nil && e.apart == "" && e.skipped == "" }
	for i := range loops {
		for j := range i {
			if !isSound(loops[i]) || !isSound(loops[j]) {
				continue
			}
			wrong := loops[j].contradicts(loops[i])
			if wrong == "" || loops[j].interchange != loops[i].interchange {
				continue
			}
			one, other := loops[j].position, loops[i].position
			for k := range loops {
				if e := &loops[k]; isSound(*e) {
					against := one
					if e.position == one {
						against = other
					}
					e.reject(wrong, fmt.Sprintf("contradicts segment %d, which has the same member number", against))
				}
			}
			return
		}
	}
}

// contradicts returns the field in which two loops of one number name their member in two ways, as far as they say.
func (e entry) contradicts(other entry) column {
	a, b := e.rec, other.rec
	isNamed := a.LastName != "" && b.LastName != ""
	isBorn := !a.BirthDate.IsZero() && !b.BirthDate.IsZero()
	first, last, born := a.differs(b)
	first, last, born = first && isNamed, last && isNamed, born && isBorn
	isOther := isNamed && a.ownSuffix() != b.ownSuffix()
	switch {
	case born && (first || last || isOther):
		return ""
	case first:
		return colFirstName
	case last:
		return colLastName
	case isOther:
		return colSuffix
	case born:
		return colBirthDate
	}
	return ""
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
