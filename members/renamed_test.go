package members

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
)

type renamedPerson struct{ first, last, born string }

// renamedPeople are people of whom no two share a name.
func renamedPeople(n int) (all []renamedPerson) {
	for i := range n {
		letters := string([]byte{byte('A' + i/676%26), byte('A' + i/26%26), byte('A' + i%26)})
		all = append(all, renamedPerson{"N" + letters, "SOTO" + letters, fmt.Sprintf("%d-%02d-%02d", 1930+i%70, 1+i/70%12, 1+i/840)})
	}
	return all
}

func renamedCSV(all []renamedPerson) string {
	var lines strings.Builder
	for i, p := range all {
		fmt.Fprintf(&lines, "%09d,%s,%s,,%s,A,,\n", i, p.first, p.last, p.born)
	}
	return header + lines.String()
}

// renamed834 is a change file; with isWhole of everybody, else of those who are not as before.
func renamed834(all []renamedPerson, isWhole bool) string {
	var loops strings.Builder
	was := renamedPeople(len(all))
	for i, p := range all {
		if isWhole || p != was[i] {
			fmt.Fprintf(&loops, "INS*Y*18*001*25*A~REF*0F*%09d~NM1*IL*1*%s*%s~DMG*D8*%s~", i, p.last, p.first, strings.ReplaceAll(p.born, "-", ""))
		}
	}
	return file834(set834("2", loops.String()))
}

func turnFirst(is []renamedPerson, of ...int) {
	name := is[of[0]].first
	for i := range of[:len(of)-1] {
		is[of[i]].first = is[of[i+1]].first
	}
	is[of[len(of)-1]].first = name
}

func turnLast(is []renamedPerson, of ...int) {
	name := is[of[0]].last
	for i := range of[:len(of)-1] {
		is[of[i]].last = is[of[i+1]].last
	}
	is[of[len(of)-1]].last = name
}

// Names that change places between lines, in pairs or rings, wait for a decision; names that do not come back are applied.
func TestNamesChangePlaces(t *testing.T) {
	t.Parallel()
	const n = 300
	for name, test := range map[string]struct {
		change        func(is []renamedPerson)
		held, changed int
	}{
		"two first names":     {func(is []renamedPerson) { turnFirst(is, 10, 290) }, 2, 0},
		"a ring of three":     {func(is []renamedPerson) { turnFirst(is, 10, 150, 290) }, 3, 0},
		"a ring of twelve":    {func(is []renamedPerson) { turnFirst(is, 10, 33, 56, 79, 102, 125, 148, 171, 194, 217, 240, 263) }, 12, 0},
		"last names in rings": {func(is []renamedPerson) { turnLast(is, 10, 80, 150, 290); turnLast(is, 20, 90, 160) }, 7, 0},
		"a block reversed": {func(is []renamedPerson) {
			for i := range 5 {
				turnFirst(is, 100+i, 109-i)
			}
		}, 10, 0},
		"a first name that two have": {func(is []renamedPerson) { is[200].first = is[10].first; turnFirst(is, 10, 290) }, 2, 1},
		"a chain that is open":       {func(is []renamedPerson) { is[10].first, is[150].first = is[150].first, is[290].first }, 0, 2},
		"others' names once":         {func(is []renamedPerson) { is[10].first, is[20].last = is[150].first, is[160].last }, 0, 2},
		"one each of the two names":  {func(is []renamedPerson) { is[10].first, is[150].last = is[150].first, is[10].last }, 0, 2},
	} {
		for format, file := range map[string]string{"CSV": "", "change file": ""} {
			f := newFixture(t)
			f.load(t, renamedCSV(renamedPeople(n)))
			is := renamedPeople(n)
			test.change(is)
			if file = renamedCSV(is); format != "CSV" {
				file = renamed834(is, false)
			}
			var lines []int
			report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Held: func(e LineError) { lines = append(lines, e.Line) }})
			if err != nil || report.Held != test.held || report.Changed != test.changed || len(lines) != test.held {
				t.Errorf("%s, %s: %+v, %v, held %v, want %d held, %d changed", name, format, report, err, lines, test.held, test.changed)
				continue
			}
			if test.held == 0 {
				continue
			}
			if report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{SamePerson: lines, Review: report.Review}); err != nil || report.Changed != test.held {
				t.Errorf("%s, %s, decided: %+v, %v, want %d changed", name, format, report, err, test.held)
			}
		}
	}
	// A second name that one gains and another loses is no exchange.
	f := newFixture(t)
	parts := func(a, b string) string {
		return header + "900000700," + a + ",PAZ,,1970-01-02,A,,\n" + noah + anak + "900000701," + b + ",RIO,,1971-02-03,A,,\n"
	}
	f.load(t, parts("MARIA", "MARÍA JOSÉ"))
	if report := f.load(t, parts("MARÍA JOSÉ", "MARIA")); report.Changed != 2 {
		t.Errorf("second names: %+v, want them changed", report)
	}
}

// The same over lines that are looked up apart; those of a change file were applied by then, so it is refused. A column that is another
// order of itself is refused.
func TestNamesChangePlacesFarApart(t *testing.T) {
	t.Parallel()
	const n, last, many = fewEntries + 20, fewEntries + 10, chunkEntries + 20
	for name, test := range map[string]struct {
		change func(is []renamedPerson)
		held   int
		late   int
	}{
		"two first names":     {func(is []renamedPerson) { turnFirst(is, 3, last) }, 2, 1},
		"a ring of last ones": {func(is []renamedPerson) { turnLast(is, 3, 300, last) }, 3, 2},
		"nobody's name":       {func(is []renamedPerson) { is[3].first, is[last].first = is[last].first, "EVA" }, 0, 0},
	} {
		f := newFixtureOfChunks(t)
		f.load(t, renamedCSV(renamedPeople(n)))
		is := renamedPeople(n)
		test.change(is)
		var lines []int
		report, err := f.Import(t.Context(), strings.NewReader(renamedCSV(is)), ImportOptions{DryRun: true, Held: func(e LineError) { lines = append(lines, e.Line) }})
		if err != nil || report.Held != test.held || len(lines) != test.held || test.held > 0 && report.Changed > 0 {
			t.Errorf("%s: %+v, %v, held %v, want %d", name, report, err, lines, test.held)
		}
		_, err = f.Import(t.Context(), strings.NewReader(renamed834(is, true)), ImportOptions{DryRun: true})
		if late, isLate := errors.AsType[*LateError](err); isLate != (test.held > 0) || isLate && len(late.Lines) != test.late {
			t.Errorf("%s, a change file: %v", name, err)
		}
		report, err = f.Import(t.Context(), strings.NewReader(renamedCSV(is)), ImportOptions{SamePerson: lines, Review: report.Review})
		if err != nil || report.Held != 0 || report.Changed != max(test.held, 2) {
			t.Errorf("%s, decided: %+v, %v", name, report, err)
		}
	}
	f := newFixture(t)
	f.load(t, renamedCSV(renamedPeople(many)))
	is := renamedPeople(many)
	for i := range ringMost/2 + 10 {
		turnFirst(is, 10*i, 10*i+1000)
	}
	_, err := f.Import(t.Context(), strings.NewReader(renamedCSV(is)), ImportOptions{})
	if sorted, isSorted := errors.AsType[*SortedError](err); !isSorted || sorted.Column != string(colFirstName) {
		t.Errorf("many first names in other places: %v, want *SortedError", err)
	}
}

// In a file with many changes common names change places by chance.
func TestRingsByChance(t *testing.T) {
	t.Parallel()
	changes := func(n int) (all []renaming) {
		for i, names := range [][2]string{{"ANA", "EVA"}, {"EVA", "ANA"}, {"INA", "LEA"}, {"LEA", "UMA"}, {"UMA", "INA"}} {
			all = append(all, renaming{line: i, member: uuid.New(), was: names[0], is: names[1]})
		}
		for i := len(all); i < n; i++ {
			all = append(all, renaming{line: i, member: uuid.New(), was: fmt.Sprint("N", i), is: fmt.Sprint("M", i)})
		}
		return all
	}
	for n, want := range map[int]int{5: 5, ringMost: 5, ringMost + 1: 2, pairMost: 2, pairMost + 1: 0, maxRenamed: 0} {
		if got := ringed(changes(n)); len(got) != want {
			t.Errorf("of %d changes %v are held, want %d", n, got, want)
		}
	}
	// One member, who is renamed and named as before again, exchanges with nobody.
	again := changes(0)[:2]
	again[1].member = again[0].member
	if got := ringed(again); len(got) != 0 {
		t.Errorf("one member: %v", got)
	}
}
