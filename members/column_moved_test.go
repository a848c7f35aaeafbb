package members

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Birth date and begin of coverage that changed places refuse the file, the first one as well; so many lines cannot be right.
func TestBirthDateAndCoverageStartExchanged(t *testing.T) {
	t.Parallel()
	csv := func(columns string, isNewborn bool) string {
		var out strings.Builder
		out.WriteString("member_number,first_name,last_name,suffix," + columns + ",program\n")
		for i := range 60 {
			born := Date{1940 + i, 1 + i%12, 1 + i%28}
			start := Date{2020 + i%5, 1 + i*7%12, 1}
			if isNewborn {
				born, start = Date{2015 + i%10, 1 + i%12, 5}, Date{2015 + i%10, 1 + i%12, 1}
			}
			fmt.Fprintf(&out, "9000008%02d,%s,PAZ,,%s,%s,A\n", i, []string{"ANA", "EVA", "LEO", "NOA", "LUZ"}[i%5], born, start)
		}
		return out.String()
	}
	loops := func(isExchanged bool) string {
		var out strings.Builder
		for i := range 30 {
			born, start := fmt.Sprintf("%d0315", 1940+i), fmt.Sprintf("%d0201", 2020+i%5)
			if isExchanged {
				born, start = start, born
			}
			fmt.Fprintf(&out, "INS*Y*18*001*25*A~REF*0F*9000008%02d~NM1*IL*1*PAZ*ANA%c~DMG*D8*%s~HD*001**HMO*HUSKY A~DTP*348*D8*%s~", i, 'A'+i, born, start)
		}
		return out.String()
	}
	const right, exchanged = "birth_date,coverage_start", "coverage_start,birth_date"
	for name, test := range map[string]struct {
		before, file string
		isRefused    bool
	}{
		"known members":                      {csv(right, false), csv(exchanged, false), true},
		"new members":                        {"", csv(exchanged, false), true},
		"covered since birth":                {csv(right, true), csv(exchanged, true), true},
		"as they should be":                  {csv(right, false), strings.ReplaceAll(csv(right, false), ",A\n", ",B\n"), false},
		"new members, covered since birth":   {"", csv(right, true), false},
		"new members, as they should be":     {"", csv(right, false), false},
		"full 834":                           {file834(set834("4", loops(false))), file834(set834("4", loops(true))), true},
		"change file":                        {file834(set834("4", loops(false))), file834(set834("2", loops(true))), true},
		"change file, as they should be":     {file834(set834("4", loops(true))), file834(set834("2", loops(false))), false},
		"the two put right after such a day": {csv(exchanged, false), csv(right, false), false},
	} {
		f := newFixture(t)
		if test.before != "" {
			if _, err := f.Import(t.Context(), strings.NewReader(test.before), ImportOptions{AllowDoubtful: true}); err != nil {
				t.Fatal(err)
			}
		}
		_, err := f.Import(t.Context(), strings.NewReader(test.file), ImportOptions{})
		if _, is := errors.AsType[*ExchangedError](err); is != test.isRefused {
			t.Errorf("%s: %v, want it refused: %v", name, err, test.isRefused)
		}
		report, err := f.Import(t.Context(), strings.NewReader(test.file), ImportOptions{AllowDoubtful: true})
		if errors.As(err, new(*ExchangedError)) || !test.isRefused && report.Held > 0 {
			t.Errorf("%s, allowed: %+v, %v", name, report, err)
		}
	}
}

// Programmes that are those of the row beside, or another order of those that are known, refuse the file; those that many rightly change
// do not.
func TestProgramsMovedAlone(t *testing.T) {
	t.Parallel()
	const n = 200
	csv := func(program func(i int) string) string {
		var out strings.Builder
		out.WriteString(header)
		for i, p := range renamedPeople(n) {
			fmt.Fprintf(&out, "%09d,%s,%s,,%s,%s,2020-01-01,\n", i, p.first, p.last, p.born, program(i))
		}
		return out.String()
	}
	known := func(i int) string { return string("AAADBACADBAADCA"[i*7%15]) } // no two neighbours are always alike
	rare := func(i int) string {                                             // hardly anybody has another one than A
		if i%20 == 3 {
			return "D"
		}
		return "A"
	}
	for name, test := range map[string]struct {
		before, after func(i int) string
		isRefused     bool
	}{
		"from the row above":        {known, func(i int) string { return known(max(i-1, 0)) }, true},
		"from the row below":        {known, func(i int) string { return known(min(i+1, n-1)) }, true},
		"few others, row above":     {rare, func(i int) string { return rare(max(i-1, 0)) }, true},
		"a block of 60, row above":  {known, func(i int) string { return known(i - min(max(i-20, 0), 1)*min(max(80-i, 0), 1)) }, true},
		"turned round":              {known, func(i int) string { return known(n - 1 - i) }, true},
		"evenly, each another name": {func(i int) string { return "ABCD"[i%4 : i%4+1] }, func(i int) string { return "BCDA"[i%4 : i%4+1] }, false},
		"all into one":              {known, func(int) string { return "B" }, false},
		"all D into A":              {known, func(i int) string { return strings.ReplaceAll(known(i), "D", "A") }, false},
		"each another name": {known, func(i int) string {
			return strings.NewReplacer("A", "B", "B", "C", "C", "D", "D", "A").Replace(known(i))
		}, false},
		"the rare ones end in it": {rare, func(int) string { return "A" }, false},
		"every tenth is another one": {known, func(i int) string {
			if i%10 == 0 {
				return string("BCDA"[strings.Index("ABCD", known(i))])
			}
			return known(i)
		}, false},
	} {
		f := newFixture(t)
		f.load(t, csv(test.before))
		report, err := f.Import(t.Context(), strings.NewReader(csv(test.after)), ImportOptions{DryRun: true})
		sorted, isSorted := errors.AsType[*SortedError](err)
		if isSorted != test.isRefused || isSorted && sorted.Column != string(colProgram) {
			t.Errorf("%s: %+v, %v, want it refused: %v", name, report, err, test.isRefused)
		}
		if report, err := f.Import(t.Context(), strings.NewReader(csv(test.after)), ImportOptions{AllowDoubtful: true}); err != nil {
			t.Errorf("%s, allowed: %+v, %v", name, report, err)
		}
	}
}
