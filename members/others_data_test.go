package members

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// A birth date that several people are given, and data that change places between two, wait for a decision, wherever they are.
func TestDataOfOthers(t *testing.T) {
	t.Parallel()
	const n = 60
	type person struct{ first, last, born string }
	letter := func(i int) string { return string(rune('A'+i/26)) + string(rune('A'+i%26)) }
	people := func() (all []person) {
		for i := range n {
			all = append(all, person{"N" + letter(i), "SOTO" + letter(i), fmt.Sprintf("%d-03-14", 1930+i)})
		}
		all[50].first, all[55] = "EVA", person{"EVA", all[55].last, all[50].born}
		return all
	}
	csv := func(all []person) string {
		var lines strings.Builder
		for i, p := range all {
			fmt.Fprintf(&lines, "%09d,%s,%s,,%s,A,,\n", i, p.first, p.last, p.born)
		}
		return header + lines.String()
	}
	change := func(all []person) string {
		var loops strings.Builder
		was := people()
		for i, p := range all {
			if p != was[i] {
				fmt.Fprintf(&loops, "INS*Y*18*001*25*A~REF*0F*%09d~NM1*IL*1*%s*%s~DMG*D8*%s~", i, p.last, p.first, strings.ReplaceAll(p.born, "-", ""))
			}
		}
		return file834(set834("2", loops.String()))
	}
	for name, test := range map[string]struct {
		change  func(is []person)
		held    int
		says    string
		changed int
	}{
		"one date for three, far apart": {func(is []person) { is[10].born, is[20].born, is[30].born = "1999-01-01", "1999-01-01", "1999-01-01" }, 3, "filled in", 0},
		"one date for twins":            {func(is []person) { is[10].born, is[20].born = "1999-01-01", "1999-01-01" }, 0, "", 2},
		"birth dates change places":     {func(is []person) { is[10].born, is[20].born = is[20].born, is[10].born }, 2, "changed places", 0},
		"last names change places":      {func(is []person) { is[10].last, is[20].last = is[20].last, is[10].last }, 2, "changed places", 0},
		"one has another's last name":   {func(is []person) { is[10].last = is[20].last }, 0, "", 1},
	} {
		for format, file := range map[string]func([]person) string{"CSV": csv, "change file": change} {
			f := newFixture(t)
			f.load(t, csv(people()))
			is := people()
			test.change(is)
			var held []LineError
			report, err := f.Import(t.Context(), strings.NewReader(file(is)), ImportOptions{Held: func(e LineError) { held = append(held, e) }})
			if err != nil || report.Held != test.held || report.Changed != test.changed || len(held) != test.held {
				t.Errorf("%s, %s: %+v, %v, held %v, want %d held", name, format, report, err, held, test.held)
				continue
			}
			if test.held == 0 {
				continue
			}
			var lines []int
			for _, e := range held {
				lines = append(lines, e.Line)
				if !strings.Contains(e.Problem, test.says) {
					t.Errorf("%s, %s: %s, want %q", name, format, e.Error(), test.says)
				}
			}
			if report, err := f.Import(t.Context(), strings.NewReader(file(is)), ImportOptions{SamePerson: lines, Review: report.Review}); err != nil || report.Changed != test.held {
				t.Errorf("%s, %s, decided: %+v, %v, want %d changed", name, format, report, err, test.held)
			}
		}
	}
	// Two who change places as a whole have swapped numbers, which has its own decision.
	f := newFixture(t)
	f.load(t, csv(people()))
	is := people()
	is[50].last, is[55].last = is[55].last, is[50].last
	var swapped []string
	if _, err := f.Import(t.Context(), strings.NewReader(change(is)), ImportOptions{Held: func(e LineError) { swapped = append(swapped, e.Problem) }}); err != nil ||
		len(swapped) != 2 || !strings.Contains(swapped[0], "were the two numbers swapped") {
		t.Errorf("two persons swapped: %q, %v", swapped, err)
	}
	// Triplets whose one birth date was wrong are put right.
	f = newFixture(t)
	born := func(year string) string {
		return header + "900000650,ANA,RUIZ,," + year + "-03-14,A,,\n900000651,EVA,RUIZ,," + year + "-03-14,A,,\n900000652,LEO,RUIZ,," + year + "-03-14,A,,\n" + noah
	}
	f.load(t, born("1984"))
	if report := f.load(t, born("1985")); report.Changed != 3 {
		t.Errorf("triplets: %+v, want them changed", report)
	}
}

// The same holds for lines that are further apart than are looked up together; those of a change file were applied by then, so it is
// refused.
func TestDataOfOthersFarApart(t *testing.T) {
	t.Parallel()
	const n, last = fewEntries + 20, fewEntries + 10
	born := func() (all []string) {
		for i := range n {
			all = append(all, fmt.Sprintf("%d-%02d-%02d", 1930+i%70, 1+i/70%12, 1+i/840))
		}
		return all
	}
	csv := func(all []string) string {
		var out strings.Builder
		for i, date := range all {
			fmt.Fprintf(&out, "%09d,LEO,SOTO%c%c%c,,%s,A,,\n", i, 'A'+i/676%26, 'A'+i/26%26, 'A'+i%26, date)
		}
		return header + out.String()
	}
	change := func(all []string) string {
		var loops strings.Builder
		for i, date := range all {
			fmt.Fprintf(&loops, "INS*Y*18*001*25*A~REF*0F*%09d~NM1*IL*1*SOTO%c%c%c*LEO~DMG*D8*%s~", i, 'A'+i/676%26, 'A'+i/26%26, 'A'+i%26, strings.ReplaceAll(date, "-", ""))
		}
		return file834(set834("2", loops.String()))
	}
	for name, test := range map[string]struct {
		change func(is []string)
		held   int
	}{
		"birth dates change places": {func(is []string) { is[3], is[last] = is[last], is[3] }, 2},
		"one date for three":        {func(is []string) { is[3], is[4], is[last] = "2001-01-01", "2001-01-01", "2001-01-01" }, 3},
		"one date for two":          {func(is []string) { is[3], is[last] = "2001-01-01", "2001-01-01" }, 0},
	} {
		f := newFixtureOfChunks(t)
		f.load(t, csv(born()))
		is := born()
		test.change(is)
		var lines []int
		report, err := f.Import(t.Context(), strings.NewReader(csv(is)), ImportOptions{DryRun: true, Held: func(e LineError) { lines = append(lines, e.Line) }})
		if err != nil || report.Held != test.held || len(lines) != test.held || test.held > 0 && report.Changed > 0 {
			t.Errorf("%s: %+v, %v, held %v, want %d", name, report, err, lines, test.held)
		}
		_, err = f.Import(t.Context(), strings.NewReader(change(is)), ImportOptions{DryRun: true})
		if late, isLate := errors.AsType[*LateError](err); isLate != (test.held > 0) || isLate && len(late.Lines) != test.held-1 {
			t.Errorf("%s, a change file: %v", name, err)
		}
		if _, err := f.Import(t.Context(), strings.NewReader(change(is)), ImportOptions{DryRun: true, AllowDoubtful: true}); err != nil {
			t.Errorf("%s, a change file, allowed: %v", name, err)
		}
		if test.held > 0 {
			if _, err := f.Import(t.Context(), strings.NewReader(csv(is)), ImportOptions{DryRun: true, OtherPerson: lines, Review: report.Review}); !isReview(err) {
				t.Errorf("%s, other people: %v, want *ReviewError", name, err)
			}
		}
		report, err = f.Import(t.Context(), strings.NewReader(csv(is)), ImportOptions{SamePerson: lines, Review: report.Review})
		if err != nil || report.Held != 0 || report.Changed != max(test.held, 2) {
			t.Errorf("%s, decided: %+v, %v", name, report, err)
		}
	}
}
