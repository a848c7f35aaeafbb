package members

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// densePeople returns n invented people, sorted by last name, so that families stand together.
func densePeople(t *testing.T, n int) (rows [][]string) {
	t.Helper()
	var file strings.Builder
	if err := Sample(&file, n, 1); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(file.String()) {
		rows = append(rows, strings.Split(strings.TrimSpace(line), ",")[:8])
	}
	rows = rows[1:]
	slices.SortFunc(rows, func(a, b []string) int { return cmp.Or(cmp.Compare(a[2], b[2]), cmp.Compare(a[1], b[1])) })
	rows[1] = []string{rows[1][0], "JUAN", "AAKRE", "SR", "1955-02-03", "A", "2024-01-01", ""}
	rows[2] = []string{rows[2][0], "JUAN", "AAKRE", "JR", "1985-06-07", "A", "2024-01-01", ""}
	for i := range 10 {
		rows[1000+i][2], rows[1500+i] = "ZULOAGA", []string{rows[1500+i][0], "INFANT", "MOTHER" + string(rune('A'+i)), "", fmt.Sprintf("2026-0%d-11", 1+i%8), "A", "2026-08-01", ""}
	}
	return rows
}

func denseFile(rows [][]string) string {
	var out strings.Builder
	for _, row := range rows {
		out.WriteString(strings.Join(row, ",") + "\n")
	}
	return header + out.String()
}

func dense834(code string, rows [][]string) string {
	var loops strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&loops, "%s~DMG*D8*%s~", strings.TrimRight(fmt.Sprintf("INS*Y*18*001*25*A~REF*0F*%s~NM1*IL*1*%s*%s***%s", r[0], r[2], r[1], r[3]), "*"), strings.ReplaceAll(r[4], "-", ""))
	}
	return file834(set834(code, loops.String()))
}

const inFirst, inLast, inSuffix, inBorn = 1, 2, 3, 4

// recolumned gives rows the values of a column that a function makes of theirs.
func recolumned(rows [][]string, column, from, n int, of func(values []string) []string) {
	var values []string
	for _, row := range rows[from : from+n] {
		values = append(values, row[column])
	}
	for i, v := range of(values) {
		rows[from+i][column] = v
	}
}

func down(k int) func([]string) []string {
	return func(v []string) []string { return append(slices.Clone(v[:k]), v[:len(v)-k]...) }
}

func cloneRows(rows [][]string) (clone [][]string) {
	for _, row := range rows {
		clone = append(clone, slices.Clone(row))
	}
	return clone
}

// A block or a scatter of rows whose birth dates, names or suffixes are other people's is held, whatever they became; what life brings
// is applied.
func TestThousandsWithDenseChangesAreHeld(t *testing.T) {
	t.Parallel()
	const n = 1600
	people := densePeople(t, 3000)[:n]
	f := newFixture(t)
	f.load(t, denseFile(people))
	spread := func(rows [][]string, column, k int, of func(i int) string) {
		for i := range k {
			rows[100+i*(n-200)/k][column] = of(i)
		}
	}
	for name, test := range map[string]struct {
		change  func(rows [][]string)
		least   int // lines held
		changed int
	}{
		"birth dates of a block sorted alone": {func(r [][]string) {
			recolumned(r, inBorn, 400, 52, func(v []string) []string { slices.Sort(v); return v })
		}, 47, 0},
		"birth dates two down": {func(r [][]string) { recolumned(r, inBorn, 400, 52, down(2)) }, 47, 0},
		"birth dates pasted from elsewhere": {func(r [][]string) {
			recolumned(r, inBorn, 400, 52, func([]string) []string { return valuesOf(people, inBorn, 1200, 52) })
		}, 47, 0},
		"birth dates of four rows five down":    {func(r [][]string) { recolumned(r, inBorn, 400, 9, down(5)) }, 4, 0},
		"birth dates looked up anew, scattered": {func(r [][]string) { spread(r, inBorn, 32, func(i int) string { return people[900+7*i][inBorn] }) }, 27, 0},
		"last names looked up anew, scattered":  {func(r [][]string) { spread(r, inLast, 32, func(i int) string { return people[1550-7*i][inLast] }) }, 27, 0},
		"last names pasted from elsewhere": {func(r [][]string) {
			recolumned(r, inLast, 400, 52, func([]string) []string { return valuesOf(people, inLast, 1200, 52) })
		}, 52, 0},
		"last names two down":                      {func(r [][]string) { recolumned(r, inLast, 400, 16, down(2)) }, 10, 0},
		"last names one down where families stand": {func(r [][]string) { recolumned(r, inLast, families(r), 60, down(1)) }, 3, 0},
		"first names pasted from elsewhere": {func(r [][]string) {
			recolumned(r, inFirst, 400, 52, func([]string) []string { return valuesOf(people, inFirst, 1200, 52) })
		}, 42, 0},
		"first names three down": {func(r [][]string) { recolumned(r, inFirst, 400, 30, down(3)) }, 20, 0},
		"one suffix cell deleted": {func(r [][]string) {
			recolumned(r, inSuffix, 1400, 200, func(v []string) []string { return append(v[1:], "") })
		}, 6, 0},
		"suffixes of father and son exchanged": {func(r [][]string) { r[1][3], r[2][3] = "JR", "SR" }, 2, 0},
		"day and month exchanged in a part": {func(r [][]string) {
			for _, row := range r[400:437] {
				if d := row[inBorn]; d[8:] <= "12" {
					row[inBorn] = d[:5] + d[8:] + "-" + d[5:7]
				}
			}
		}, 8, 0},
		"a year's marriages, spread": {func(r [][]string) {
			spread(r, inLast, 14, func(i int) string { return "MARRIED" + strings.Repeat("Z", 4+i) })
		}, 0, 14},
		"two birth dates and a name in one place": {func(r [][]string) {
			r[401][inBorn], r[440][inBorn], r[450][inLast] = "1977-01-02", "1966-03-04", "MARRIEDZ"
		}, 0, 3},
		"a family of six takes another name": {func(r [][]string) {
			for i := range 6 {
				r[i+1000][inLast] = "MARRIEDZ"
			}
		}, 0, 6},
		"second surnames and spellings": {func(r [][]string) {
			for i := range 40 {
				r[500+i][inLast] += " ZURIAGA"
			}
			r[541][inFirst] += "A"
		}, 0, 41},
		"newborns get their names": {func(r [][]string) {
			for i := range 10 {
				if i < 6 {
					r[1500+i][inFirst] = "MILA"
				} else {
					r[1500+i][inLast] = "FATHER" + strings.Repeat("Z", i)
				}
			}
		}, 0, 10},
	} {
		rows := cloneRows(people)
		test.change(rows)
		var held []LineError
		options := ImportOptions{DryRun: true, Held: func(e LineError) { held = append(held, e) }}
		report, err := f.Import(t.Context(), strings.NewReader(denseFile(rows)), options)
		if err != nil || report.Held < test.least || test.least == 0 && report.Held > 0 || report.Changed != test.changed || len(held) != report.Held {
			t.Errorf("%s: %+v, %v, want at least %d held and %d changed; %v", name, report, err, test.least, test.changed, held)
			continue
		}
		for _, e := range held {
			if row := rows[e.Line-2]; slices.Equal(row, people[e.Line-2]) {
				t.Errorf("%s: %v is held and changes nothing", name, e)
			}
		}
		if test.least == 0 {
			continue
		}
		var lines []int
		for _, e := range held {
			lines = append(lines, e.Line)
		}
		if again, err := f.Import(t.Context(), strings.NewReader(denseFile(rows)), ImportOptions{DryRun: true, SamePerson: lines, Review: report.Review}); err != nil || again.Held != 0 || again.Changed != report.Held {
			t.Errorf("%s, decided: %+v, %v", name, again, err)
		}
		if all, err := f.Import(t.Context(), strings.NewReader(denseFile(rows)), ImportOptions{DryRun: true, AllowDoubtful: true}); err != nil || all.Held != 0 {
			t.Errorf("%s, allowed: %+v, %v", name, all, err)
		}
	}
}

// What is held stays as before, and is listed again until the file is right.
func TestRosterDenseChangesAgain(t *testing.T) {
	t.Parallel()
	people := densePeople(t, 3000)[:800]
	rows := cloneRows(people)
	recolumned(rows, inBorn, 400, 30, down(2))
	f := newFixture(t)
	f.load(t, denseFile(people))
	report := f.load(t, denseFile(rows))
	if m, err := f.Find(t.Context(), people[410][0]); report.Held < 25 || report.Changed != 0 || err != nil || m.BirthDate.String() != people[410][inBorn] {
		t.Errorf("%+v, %+v, %v, want the lines held and the members as before", report, m, err)
	}
	if again := f.load(t, denseFile(rows)); !again.Repeated || again.Held != report.Held || again.Review != report.Review {
		t.Errorf("again: %+v, want the same list", again)
	}
	people[10][inLast] = "MARRIEDZ"
	if right := f.load(t, denseFile(people)); right.Changed != 1 || right.Held != 0 || right.Unchanged != len(people)-1 {
		t.Errorf("the right file: %+v, want one changed", right)
	}
}

// valuesOf returns the values of n rows from one on.
func valuesOf(rows [][]string, c, from, n int) (values []string) {
	for _, row := range rows[from : from+n] {
		values = append(values, row[c])
	}
	return values
}

// families returns a row from which on several last names have several rows each.
func families(rows [][]string) (from int) {
	fewest := 60
	for i := 10; i+60 <= len(rows); i++ {
		names := map[string]bool{}
		for _, row := range rows[i : i+60] {
			names[row[inLast]] = true
		}
		if len(names) >= 8 && len(names) < fewest {
			from, fewest = i, len(names)
		}
	}
	return from
}

// A change file consists of changes: held is what is nearly all of a stretch, or what the members of loops so many above or below had.
func TestRosterDenseChangesOfAChangeFile(t *testing.T) {
	t.Parallel()
	people := densePeople(t, 3000)[:600]
	f := newFixture(t)
	f.load(t, denseFile(people))
	start := families(people[:600])
	for name, test := range map[string]struct {
		change  func(rows [][]string)
		held    bool
		changed int
	}{
		"last names one down where families stand": {func(r [][]string) { recolumned(r, inLast, start, 60, down(1)) }, true, 0},
		"last names pasted from elsewhere": {func(r [][]string) {
			recolumned(r, inLast, 0, 30, func([]string) []string { return valuesOf(people, inLast, 560, 30) })
		}, true, 0},
		"first names two down": {func(r [][]string) { recolumned(r, inFirst, 30, 20, down(2)) }, true, 0},
		"suffixes exchanged":   {func(r [][]string) { r[1][3], r[2][3] = "JR", "SR" }, true, 0},
		"marriages": {func(r [][]string) {
			for i := range 12 {
				r[3+40*i][inLast] = "MARRIED" + strings.Repeat("Z", 4+i)
			}
		}, false, 12},
		"birth dates put right": {func(r [][]string) {
			r[30][inBorn], r[31][inBorn], r[32][inBorn] = "1977-01-02", "1966-03-04", "1955-05-06"
		}, false, 3},
	} {
		rows := cloneRows(people)
		test.change(rows)
		held := 0
		report, err := f.Import(t.Context(), strings.NewReader(dense834("2", rows)), ImportOptions{DryRun: true, Held: func(LineError) { held++ }})
		if err != nil || (report.Held > 0) != test.held || held != report.Held || report.Changed != test.changed {
			t.Errorf("%s: %+v, %v, want held %v and %d changed", name, report, err, test.held, test.changed)
		}
	}
}
