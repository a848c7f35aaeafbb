package members

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

const inProgram, inStart, inEnd = 5, 6, 7

// Blocks of programmes or days of coverage that slipped, were sorted or pasted are held, or refuse the file; what life brings is applied.
func TestThousandsOfCoveragesMovedInABlock(t *testing.T) {
	t.Parallel()
	const n = 3000
	people := densePeople(t, n)
	for i, r := range people { // families are covered together; in one stretch hardly anybody has another programme than A
		if i > 0 && r[2] == people[i-1][2] && i%3 != 0 {
			r[inProgram] = people[i-1][inProgram]
		}
		if i >= 2500 && i < 2800 {
			r[inProgram] = "AD"[max(i%20, 18)-18 : max(i%20, 18)-17]
		}
	}
	f := newFixture(t)
	f.load(t, denseFile(people))
	sorted := func(v []string) []string { slices.Sort(v); return v }
	pasted := func(c, k int) func([]string) []string {
		return func([]string) []string { return valuesOf(people, c, 2000, k) }
	}
	up := func(k int) func([]string) []string {
		return func(v []string) []string { return append(slices.Clone(v[k:]), v[:k]...) }
	}
	of := func(column, rows int, change func([]string) []string) func([][]string) {
		return func(r [][]string) { recolumned(r, column, 700, rows, change) }
	}
	three := func(rows int, change func([]string) []string) func([][]string) {
		return func(r [][]string) {
			for c := inProgram; c <= inEnd; c++ {
				recolumned(r, c, 700, rows, change)
			}
		}
	}
	later := func(d string) string { return fmt.Sprint(int(d[3]-'0') + 1) }
	random := rand.New(rand.NewPCG(7, 7))
	for name, test := range map[string]struct {
		change func(rows [][]string)
		isHeld bool // or refused, above 5 %
		most   int  // changes that are applied
	}{
		"programmes of 140 sorted":           {of(inProgram, 140, sorted), true, 0},
		"programmes of 400 sorted":           {of(inProgram, 400, sorted), true, 0},
		"programmes of 1500 sorted":          {of(inProgram, 1500, sorted), true, 0},
		"programmes of 700 two down":         {of(inProgram, 700, down(2)), true, 0},
		"programmes of 700 three down":       {of(inProgram, 700, down(3)), true, 0},
		"programmes of 90 one down":          {of(inProgram, 90, down(1)), true, 1},
		"programmes of 40 two up":            {of(inProgram, 40, up(2)), true, 2},
		"programmes of 400 pasted":           {of(inProgram, 400, pasted(inProgram, 400)), true, 0},
		"programmes of 100 pasted":           {of(inProgram, 100, pasted(inProgram, 100)), true, 0},
		"coverage of 90 one down":            {three(90, down(1)), true, 2},
		"coverage of 90 sorted each":         {three(90, sorted), true, 0},
		"coverage of 40 two up":              {three(40, up(2)), true, 2},
		"ends of 80 one down":                {of(inEnd, 80, down(1)), true, 2},
		"ends of 60 sorted":                  {of(inEnd, 60, sorted), true, 0},
		"ends of 60 pasted":                  {of(inEnd, 60, pasted(inEnd, 60)), true, 0},
		"begins of 40 one down":              {of(inStart, 40, down(1)), true, 2},
		"begins of 40 two down":              {of(inStart, 40, down(2)), true, 2},
		"begins of 60 pasted":                {of(inStart, 60, pasted(inStart, 60)), true, 0},
		"begins of ten one down":             {of(inStart, 10, down(1)), true, 1},
		"one down, hardly any but A":         {func(r [][]string) { recolumned(r, inProgram, 2550, 200, down(1)) }, true, 2},
		"all ends are renewed for a year":    {func(r [][]string) { renewed(r, later, func(int) bool { return true }) }, false, n},
		"ends of a stretch are renewed":      {func(r [][]string) { renewed(r[700:1100], later, func(int) bool { return true }) }, false, n},
		"half of a stretch is renewed":       {func(r [][]string) { renewed(r[700:1100], later, func(int) bool { return random.IntN(2) == 0 }) }, false, n},
		"a stretch gets one new end":         {of(inEnd, 400, given("2027-12-31")), false, n},
		"a stretch has no ends any more":     {of(inEnd, 400, given("")), false, n},
		"a stretch begins anew on one day":   {of(inStart, 400, given("2025-12-01")), false, n},
		"A becomes B in a stretch":           {of(inProgram, 400, mapped("A", "B")), false, n},
		"all become B in a stretch":          {of(inProgram, 400, given("B")), false, n},
		"A and B change names in a stretch":  {of(inProgram, 400, mapped("A", "B", "B", "A")), false, n},
		"each another name in a stretch":     {of(inProgram, 400, mapped("A", "B", "B", "C", "C", "D", "D", "A")), false, n},
		"a month's programmes, families too": {func(r [][]string) { monthly(r, random, inProgram, []string{"A", "B", "C", "D"}) }, false, n},
		"a month's ends and reopenings":      {func(r [][]string) { monthly(r, random, inEnd, []string{"", "2026-11-30", "2026-12-31"}) }, false, n},
	} {
		rows := cloneRows(people)
		test.change(rows)
		held := 0
		report, err := f.Import(t.Context(), strings.NewReader(denseFile(rows)), ImportOptions{DryRun: true, AllowShrink: true, Held: func(e LineError) {
			held++
			if slices.Equal(rows[e.Line-2], people[e.Line-2]) {
				t.Errorf("%s: %v is held and changes nothing", name, e)
			}
		}})
		_, isRefused := errors.AsType[*SortedError](err)
		switch {
		case err != nil && (!test.isHeld || !isRefused):
			t.Errorf("%s: %+v, %v", name, report, err)
		case held != report.Held || test.isHeld != (held > 0) || report.Changed > test.most:
			t.Errorf("%s: %+v, %v, want held %v and at most %d changed", name, report, err, test.isHeld, test.most)
		}
		if !test.isHeld {
			continue
		}
		if all, err := f.Import(t.Context(), strings.NewReader(denseFile(rows)), ImportOptions{DryRun: true, AllowShrink: true, AllowDoubtful: true}); err != nil || all.Held != 0 {
			t.Errorf("%s, allowed: %+v, %v", name, all, err)
		}
	}
}

func given(value string) func([]string) []string {
	return func(v []string) []string { return slices.Repeat([]string{value}, len(v)) }
}

func mapped(names ...string) func([]string) []string {
	r := strings.NewReplacer(names...)
	return func(v []string) (out []string) {
		for _, s := range v {
			out = append(out, r.Replace(s))
		}
		return out
	}
}

// renewed moves the ends of rows by a year.
func renewed(rows [][]string, year func(string) string, is func(i int) bool) {
	for i, r := range rows {
		if r[inEnd] != "" && is(i) {
			r[inEnd] = r[inEnd][:3] + year(r[inEnd]) + r[inEnd][4:]
		}
	}
}

// monthly gives about three of a hundred rows another value, and the relatives below them the same.
func monthly(rows [][]string, random *rand.Rand, column int, values []string) {
	for i, r := range rows {
		if random.IntN(50) > 0 {
			continue
		}
		value := values[random.IntN(len(values))]
		for j := i; j < min(i+5, len(rows)) && rows[j][2] == r[2]; j++ {
			if rows[j][column] == r[column] && rows[j][inStart] < "2026" {
				if j > i {
					rows[j][column] = value
				}
			}
		}
		if r[inStart] < "2026" {
			r[column] = value
		}
	}
}

// What many do in a month of a million, each by itself or with relatives, hardly ever looks like moved cells.
func TestCoverageChangesByChance(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	const open = math.MaxUint64
	for name, values := range map[string][]uint64{"programmes": {1, 1, 1, 1, 2, 2, 3, 4}, "ends": {open, open, open, open, 5, 6, 7}} {
		m := coverMoves{isProgram: name == "programmes"}
		changed := 0
		pick := func() uint64 { return values[random.IntN(len(values))] }
		for i := 0; i < 1_000_000; {
			was, is, family := pick(), pick(), 1+random.IntN(5)
			if random.IntN(100) > 2 {
				is = was
			}
			for range family {
				c := coverCell{line: i, member: uuid.UUID{byte(i), byte(i >> 8), byte(i >> 16)}, was: was, is: is}
				if random.IntN(4) == 0 {
					c.was = pick()
					c.is = c.was
				}
				if c.isChanged() {
					changed++
				}
				m.add(c)
				i++
			}
		}
		m.block.close(&m)
		if len(m.marked) > 100 || changed < 10_000 {
			t.Errorf("%s: %d of %d changes are held", name, len(m.marked), changed)
		}
	}
}

// A block that is held stays as before, can be decided, and the right file is applied.
func TestMovedCoverageIsDecided(t *testing.T) {
	t.Parallel()
	people := densePeople(t, 3000)[:1600]
	rows := cloneRows(people)
	recolumned(rows, inStart, 700, 30, down(1))
	f := newFixture(t)
	f.load(t, denseFile(people))
	var lines []int
	report, err := f.Import(t.Context(), strings.NewReader(denseFile(rows)), ImportOptions{Held: func(e LineError) { lines = append(lines, e.Line) }})
	m, findErr := f.Find(t.Context(), people[710][0])
	if err != nil || findErr != nil || report.Held < 25 || report.Changed > 0 || m.CoverageStart.String() != people[710][inStart] {
		t.Fatalf("%+v, %v, %+v, want the lines held and the members as before", report, err, m)
	}
	decided := ImportOptions{DryRun: true, SamePerson: lines, Review: report.Review}
	if again, err := f.Import(t.Context(), strings.NewReader(denseFile(rows)), decided); err != nil || again.Held != 0 || again.Changed != report.Held {
		t.Errorf("decided: %+v, %v", again, err)
	}
	people[10][inEnd] = "2027-12-31"
	if right := f.load(t, denseFile(people)); right.Changed != 1 || right.Held != 0 {
		t.Errorf("the right file: %+v, want one changed", right)
	}
}

// The same holds for loops of a full 834.
func TestMovedCoverageOf834(t *testing.T) {
	t.Parallel()
	people := densePeople(t, 3000)[:600]
	full := func(rows [][]string) string {
		var loops strings.Builder
		for _, r := range rows {
			fmt.Fprintf(&loops, "INS*Y*18*030*XN*A~REF*0F*%s~NM1*IL*1*%s*%s~DMG*D8*%s~HD*030**HMO*HUSKY %s~DTP*348*D8*%s~", r[0], r[2], r[1], strings.ReplaceAll(r[4], "-", ""), r[inProgram], strings.ReplaceAll(r[inStart], "-", ""))
			if r[inEnd] != "" {
				loops.WriteString("DTP*349*D8*" + strings.ReplaceAll(r[inEnd], "-", "") + "~")
			}
		}
		return file834(set834("4", loops.String()))
	}
	f := newFixture(t)
	f.load(t, full(people))
	rows := cloneRows(people)
	for c := inProgram; c <= inEnd; c++ {
		recolumned(rows, c, 300, 25, down(1))
	}
	if report, err := f.Import(t.Context(), strings.NewReader(full(rows)), ImportOptions{DryRun: true}); err != nil || report.Held < 23 || report.Changed > 0 {
		t.Errorf("%+v, %v, want the loops held", report, err)
	}
}

// A line whose new end is the known begin, or whose new begin is the known end, is held, alone and in a change file as well.
func TestCellsOfCoverageMovedByOne(t *testing.T) {
	t.Parallel()
	const ana, luis = "900000801,ANAK,RUIZ,,1984-03-15,A,", "900000802,LUIS,SOTO,,1985-04-15,A,"
	f := newFixture(t)
	f.load(t, header+covered(9)+ana+"2024-02-01,\n"+luis+"2024-02-01,2026-12-31\n"+noah)
	loop := func(number, name, hd string) string {
		return file834(set834("2", "INS*Y*18*001*25*A~REF*0F*"+number+"~NM1*IL*1*"+name+"~"+hd))
	}
	for name, test := range map[string]struct {
		file   string
		isHeld bool
	}{
		"begin moved right, no end known":   {header + covered(9) + ana + ",2024-02-01\n" + luis + "2024-02-01,2026-12-31\n" + noah, true},
		"begin moved right over an end":     {header + covered(9) + ana + "2024-02-01,\n" + luis + ",2024-02-01\n" + noah, true},
		"begin copied over the end":         {header + covered(9) + ana + "2024-02-01,2024-02-01\n" + luis + "2024-02-01,2026-12-31\n" + noah, true},
		"end moved left":                    {header + covered(9) + ana + "2024-02-01,\n" + luis + "2026-12-31,\n" + noah, true},
		"end moved left, another's behind":  {header + covered(9) + ana + "2024-02-01,\n" + luis + "2026-12-31,2028-03-31\n" + noah, true},
		"covered again the day after":       {header + covered(9) + ana + "2024-02-01,\n" + luis + "2027-01-01,\n" + noah, false},
		"the next year, from the same day":  {header + covered(9) + ana + "2024-02-01,\n" + luis + "2026-12-31,2027-12-31\n" + noah, false},
		"an end":                            {header + covered(9) + ana + "2024-02-01,2026-11-30\n" + luis + "2024-02-01,2026-12-31\n" + noah, false},
		"a begin put right":                 {header + covered(9) + ana + "2024-03-01,\n" + luis + "2024-02-01,2026-12-31\n" + noah, false},
		"a change file, begin as end":       {loop("900000802", "SOTO*LUIS", "HD*001**HMO*HUSKY A~DTP*348*D8*20240201~DTP*349*D8*20240201~"), true},
		"a change file, an end":             {loop("900000802", "SOTO*LUIS", "HD*001**HMO*HUSKY A~DTP*348*D8*20240201~DTP*349*D8*20261130~"), false},
		"a change file, end as begin, open": {loop("900000802", "SOTO*LUIS", "HD*001**HMO*HUSKY A~DTP*348*D8*20261231~"), true},
	} {
		var held []LineError
		report, err := f.Import(t.Context(), strings.NewReader(test.file), ImportOptions{DryRun: true, Held: func(e LineError) { held = append(held, e) }})
		if err != nil || report.Held != len(held) || test.isHeld != (len(held) == 1) || test.isHeld == (report.Changed == 1) {
			t.Errorf("%s: %+v, %v, %v, want it held: %v", name, report, err, held, test.isHeld)
		}
		if test.isHeld && len(held) == 1 && held[0].Problem != shiftedCoverage {
			t.Errorf("%s: %v", name, held)
		}
	}
}
