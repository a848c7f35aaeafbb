package members

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A cell may have line breaks (Alt+Enter), and what was pasted into a note is no row.
func TestCellsWithLineBreaks(t *testing.T) {
	t.Parallel()
	const head = "member_number,first_name,last_name,suffix,birth_date,program,coverage_start,coverage_end,notes\n"
	const pablo, ines, leo = "111111111,PABLO,GARCIA,,1984-05-17,A,2024-01-01,,", "222222222,INES,LOPEZ,,1985-05-17,A,2024-01-01,,", "333333333,LEO,SOTO,,1986-05-17,A,2024-01-01,,"
	const open, between = "a quotation mark is not closed on its line", ": " + betweenMarks
	const old = "222222222,INES,LOPEZ,,1985-05-17,D,2023-01-01,2026-06-30,"
	const more = "has a cell with line breaks and what looks like rows (1), which are read as its text: rows or a note?"
	long := strings.Repeat("called again\n", maxCellLines)
	for name, test := range map[string]struct {
		file   string
		says   string // the error
		faults []string
		pablo  string // his programme
	}{
		"a note of two lines":          {file: strings.Replace(pablo, ",A,", ",B,", 1) + "\"called\nleft message\"\r\n" + ines + "\n", pablo: "B"},
		"in the first cells":           {file: "\"111111111\n\",\"PABLO\n\n\",GARCIA,,1984-05-17,B,2024-01-01,,\"\n\"\n" + ines + "\n", pablo: "B"},
		"a mark alone on its lines":    {file: pablo + "\"\n\"\n" + ines + "\n"},
		"a quotation in a note":        {file: pablo + "\"he said\n\"\"no\"\", and\nyes\"\"\"\n" + ines + "\n"},
		"a row in a note":              {file: pablo + "\"old row of his wife:\n" + old + "\nask Luis\"\n" + ines + "\n", faults: []string{"line 2: " + more}},
		"a row that ends a note":       {file: pablo + "\"old row of his wife:\n" + old + "\"\n" + ines + "\n", faults: []string{"line 2: " + more}},
		"two marks take a row between": {file: pablo + "\"called\n" + ines + "\n" + leo + "\"\n", faults: []string{"line 2: has a cell with line breaks and what looks like rows (2), which are read as its text: rows or a note?"}},
		"a line break in a name":       {file: strings.Replace(pablo, "PABLO", "\"PABLO\nLUIS\"", 1) + "\n" + ines + "\n", faults: []string{"line 2: first_name: has a line break in it"}},
		"a line break in a date":       {file: strings.Replace(pablo, "1984-05-17", "\"1984-05\n-17\"", 1) + "\n" + ines + "\n", faults: []string{"line 2: birth_date: has a line break in it"}},
		"a mark that nobody closes":    {file: pablo + "\"called\n" + ines + "\n", faults: []string{"line 2: " + open}},
		"and the file is cut":          {file: leo + "\n" + pablo + "\"called\n" + old + "\nask L", says: "line 5" + between + " The line has no end: the file seems to be cut off"},
		"and the last row has no end":  {file: leo + "\n" + pablo + "\"called\n" + ines, faults: []string{"line 3: " + open, "line 4" + between}},
		"separators behind each row":   {file: pablo + "\"a\nb\",,\n" + ines + ",,\n" + leo + ",,\n"},
		"a field too few":              {file: "111111111,PABLO,GARCIA,1984-05-17,B,2024-01-01,,\"old:\n" + old + "\nask Luis\"\n" + ines + "\n", faults: []string{"line 2: " + open, "line 3" + between, "line 4: a quotation mark is inside a field that does not begin with one"}},
		"text behind the mark":         {file: pablo + "\"old:\n" + old + "\nask\" Luis\n" + ines + "\n", faults: []string{"line 2: " + open, "line 3" + between, "line 4: a quotation mark is inside a field that does not begin with one"}},
		"two marks that nobody closes": {file: "111111111,\"PABLO,GARCIA,,1984-05-17,B,2024-01-01,,\n" + ines + "\n444444444,\"MIA,SOTO,,1986-05-17,A,2024-01-01,,\n", faults: []string{"line 2: " + open, "line 3" + between, "line 4: " + open}},
		"a very long note":             {file: pablo + "\"" + long + old + "\nask Luis\"\n" + ines + "\n", says: fmt.Sprintf("line 2: a quotation mark is opened here and not closed before line %d", maxCellLines+3)},
	} {
		f := newFixture(t)
		f.load(t, head+pablo+"\n"+ines+"\n"+leo+"\n")
		var faults []string
		add := func(e LineError) { faults = append(faults, e.Error()) }
		if !strings.Contains(test.file, "333333333") { // LEO is in each file
			test.file += leo + "\n"
		}
		_, err := f.Import(t.Context(), strings.NewReader(head+test.file), ImportOptions{AllowShrink: true, Rejected: add, Note: add})
		if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
		if diff := cmp.Diff(test.faults, faults); test.says == "" && diff != "" {
			t.Errorf("%s: faults (-want +got):\n%s", name, diff)
		}
		for number, program := range map[string]string{"111111111": max(test.pablo, "A"), "222222222": "A", "333333333": "A"} {
			if m, err := f.Find(t.Context(), number); err != nil || m.Program != program || m.Ended {
				t.Errorf("%s: %s is %+v, %v, want programme %s", name, number, m, err, program)
			}
		}
	}
}
