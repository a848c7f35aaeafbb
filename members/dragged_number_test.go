package members

import (
	"fmt"
	"strings"
	"testing"
)

// A row that was dragged down gives one person many new numbers: nobody is added until somebody looks. Two of one name may come together,
// and newborns without a name.
func TestDraggedNumbers(t *testing.T) {
	t.Parallel()
	const eva, evaLoop = "9000007%02d,EVA,PAZ,,1970-01-02,A,2020-03-01,\n", "INS*Y*18*021*25*A~REF*0F*9000007%02d~NM1*IL*1*PAZ*EVA~DMG*D8*19700102~HD*021**HMO*HUSKY A~DTP*348*D8*20200301~"
	rows := func(form string, n int) (rows string) {
		for i := range n {
			rows += fmt.Sprintf(form, i)
		}
		return rows
	}
	loops := func(n int) (loops []string) {
		for i := range n {
			loops = append(loops, fmt.Sprintf(evaLoop, i))
		}
		return loops
	}
	two := header + anak + noah
	for name, test := range map[string]struct {
		file        string
		options     ImportOptions
		isFirst     bool
		added, held int
	}{
		"ten":                       {two + rows(eva, 10), ImportOptions{}, false, 0, 10},
		"three":                     {two + rows(eva, 3), ImportOptions{}, false, 0, 3},
		"two of one name":           {two + rows(eva, 2), ImportOptions{}, false, 2, 0},
		"in the first file":         {two + rows(eva, 10), ImportOptions{}, true, 2, 10},
		"apart":                     {header + rows(eva, 1) + anak + strings.ReplaceAll(rows(eva, 1), "9000007", "9000009") + noah + strings.ReplaceAll(rows(eva, 1), "9000007", "9000008"), ImportOptions{}, false, 0, 3},
		"allowed":                   {two + rows(eva, 10), ImportOptions{AllowDoubtful: true}, false, 10, 0},
		"a change file":             {file834(set834("2", loops(10)...)), ImportOptions{}, false, 0, 10},
		"two of a change file":      {file834(set834("2", loops(2)...)), ImportOptions{}, false, 2, 0},
		"times of coverage":         {two + rows(eva, 2) + strings.Replace(rows(eva, 2), "2020-03-01,\n", "2018-03-01,2018-12-31\n", 1), ImportOptions{}, false, 2, 0},
		"times of held ones":        {two + rows(eva, 3) + strings.Replace(rows(eva, 1), "2020-03-01,\n", "2018-03-01,2018-12-31\n", 1), ImportOptions{}, false, 0, 3},
		"newborns without a name":   {two + strings.ReplaceAll(rows(eva, 3), "EVA", "INFANT"), ImportOptions{}, false, 3, 0},
		"a row that cannot be read": {two + rows(eva, 2) + strings.Replace(rows(eva, 1), "1970-01-02", "1970-02-30", 1), ImportOptions{}, false, 1, 0},
	} {
		f := newFixture(t)
		if !test.isFirst {
			f.load(t, two)
		}
		held := 0
		test.options.Held = func(e LineError) {
			if held++; e.Problem != draggedNumberProblem || e.Column != "member_number" {
				t.Errorf("%s: %v", name, e)
			}
		}
		report, err := f.Import(t.Context(), strings.NewReader(test.file), test.options)
		if err != nil || report.Added != test.added || report.Held != test.held || held < test.held || report.Ended != 0 || report.Changed != 0 {
			t.Errorf("%s: %+v, %v, want %d added and %d held", name, report, err, test.added, test.held)
		}
	}
}

func TestDraggedNumbersAreDecided(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah)
	file := header + anak + noah + "900000700,EVA,PAZ,,1970-01-02,A,2020-03-01,\n900000701,EVA,PAZ,,1970-01-02,A,2020-03-01,\n900000702,EVA,PAZ,,1970-01-02,A,2020-03-01,\n"
	report := f.load(t, file)
	if report.Held != 3 || report.Added != 0 || report.Review == "" {
		t.Fatalf("three numbers: %+v", report)
	}
	if again, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{SamePerson: []int{5}, Review: report.Review}); !isReview(err) || !strings.Contains(err.Error(), "leave all but one out") {
		t.Errorf("the same person: %+v, %v, want a refusal", again, err)
	}
	if again, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{OtherPerson: []int{5}, Review: report.Review}); err != nil || again.Added != 1 || again.Held != 2 || again.Unchanged != 2 {
		t.Errorf("one of them: %+v, %v, want one added", again, err)
	}
	if m, err := f.Find(t.Context(), "900000701"); err != nil || m.Ended || m.FirstName != "EVA" {
		t.Errorf("the one of them: %+v, %v", m, err)
	}
}

// A row may be dragged across the end of a chunk.
func TestDraggedNumbersOfTwoChunks(t *testing.T) {
	t.Parallel()
	run := &importRun{}
	chunk := func(numbers ...string) (marked int) {
		chunk := make([]entry, 0, len(numbers))
		for _, number := range numbers {
			chunk = append(chunk, entry{rec: record{MemberNumber: number, FirstName: "EVA", LastName: "PAZ", BirthDate: Date{1970, 1, 2}}})
		}
		run.markDragged(chunk, nil)
		for i := range chunk {
			if chunk[i].isCounted {
				marked++
			}
		}
		return marked
	}
	for i, test := range []struct {
		numbers []string
		marked  int
	}{{[]string{"1", "2"}, 0}, {[]string{"2", "3"}, 2}, {[]string{"3"}, 0}, {nil, 0}, {[]string{"4", "5"}, 0}, {[]string{"5", "4"}, 0}} {
		if got := chunk(test.numbers...); got != test.marked {
			t.Errorf("chunk %d: %d lines marked, want %d", i, got, test.marked)
		}
	}
}
