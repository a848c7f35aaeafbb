package members

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A known number that comes with another known person: that person has one row, whatever is decided.
func TestNumberOfAnotherKnownPerson(t *testing.T) {
	t.Parallel()
	people := map[byte][3]string{
		'A': {"ANAK", "RUIZ", "1984-03-14"}, 'B': {"NOAH", "SOTO", "1984-03-15"}, 'C': {"LUZ", "PAZ", "1990-05-05"},
		'D': {"EVA", "SOL", "1970-07-07"}, 'T': {"ANA", "SOTO", "1984-03-15"}, // T is a twin of B
	}
	csv := func(lines string) string {
		out := header
		for _, l := range strings.Fields(lines) {
			p := people[l[1]]
			out += fmt.Sprintf("90000061%c,%s,%s,,%s,A,2025-01-01,\n", l[0], p[0], p[1], p[2])
		}
		return out
	}
	change := func(lines string) string {
		var loops []string
		for _, l := range strings.Fields(lines) {
			p, code, born := people[l[1]], "001", ""
			if strings.HasSuffix(l, "-") {
				code = "024"
			}
			if !strings.HasSuffix(l, "?") {
				born = "DMG*D8*" + strings.ReplaceAll(p[2], "-", "") + "~"
			}
			loops = append(loops, fmt.Sprintf("INS*Y*18*%s*25*A~REF*0F*90000061%c~NM1*IL*1*%s*%s~%sHD*%s**HMO*HUSKY A~DTP*348*D8*20250101~", code, l[0], p[1], p[0], born, code))
		}
		return file834(set834("2", loops...))
	}
	const all = "0A 1B 2C"
	for name, test := range map[string]struct {
		before string   // the roster, and what ended on it
		file   string   // number and person
		held   int      // lines
		other  []int    // which of them
		spare  []int    // as namesakes
		same   []int    // as corrections
		fails  string   // what the refusal says
		has    []string // who has which number in the end: the row of whom, and the name
		rows   int
	}{
		"in the file as well":               {all, "0B 1B 2C", 1, []int{0}, nil, nil, "a line of their own", []string{"0AA", "1BB", "2CC"}, 3},
		"in the file, a namesake":           {all, "0B 1B 2C", 1, nil, []int{0}, nil, "", []string{"0-B", "1BB", "2CC"}, 4},
		"in the file, a correction":         {all, "0B 1B 2C", 1, nil, nil, []int{0}, "", []string{"0AB", "1BB", "2CC"}, 3},
		"not in the file":                   {all, "0B 2C", 1, []int{0}, nil, nil, "", []string{"0BB", "2CC"}, 3},
		"not in the file, undecided":        {all, "0B 2C", 1, nil, nil, nil, "", []string{"0AA", "1BB", "2CC"}, 3},
		"ended before":                      {all + " - 0A 2C", "0B 2C", 1, []int{0}, nil, nil, "", []string{"0BB", "2CC"}, 3},
		"a twin in the file":                {"0T 1B 2C", "0B 1B 2C", 1, nil, nil, nil, "", []string{"0TT", "1BB", "2CC"}, 3},
		"two numbers for one":               {all, "0B 2B", 2, []int{0, 1}, nil, nil, "two numbers to one member", []string{"0AA", "1BB", "2CC"}, 3},
		"a chain, the last not in it":       {all, "0B 1C", 2, []int{0, 1}, nil, nil, "", []string{"0BB", "1CC"}, 3},
		"a chain, the last in it":           {all, "0B 1C 2C", 2, []int{0, 1}, nil, nil, "a line of their own", []string{"0AA", "1BB", "2CC"}, 3},
		"a chain that ends in somebody new": {all, "0B 1C 2D", 3, []int{0, 1, 2}, nil, nil, "", []string{"0BB", "1CC", "2-D"}, 4},
		"half a chain":                      {all, "0B 1C", 2, []int{0}, nil, nil, "decide on both", []string{"0AA", "1BB", "2CC"}, 3},
		"a circle of three":                 {all, "0B 1C 2A", 3, []int{0, 1, 2}, nil, nil, "", []string{"0BB", "1CC", "2AA"}, 3},
		"two exchange numbers":              {all, "0B 1A 2C", 2, []int{0, 1}, nil, nil, "", []string{"0BB", "1AA", "2CC"}, 3},

		"change: not in it":               {all, "change 0B", 1, []int{0}, nil, nil, "", []string{"0BB", "2CC"}, 3},
		"change: a namesake":              {all, "change 0B", 1, nil, []int{0}, nil, "", []string{"0-B", "1BB", "2CC"}, 4},
		"change: a twin":                  {"0T 1B 2C", "change 0B", 1, nil, nil, nil, "", []string{"0TT", "1BB", "2CC"}, 3},
		"change: the names alone":         {"0T 1B 2C", "change 0B?", 1, []int{0}, nil, nil, "", []string{"0BB", "2CC"}, 3},
		"change: the names of a namesake": {"0T 1B 2C", "change 0B?", 1, nil, []int{0}, nil, "lacks a name or birth date", []string{"0TT", "1BB", "2CC"}, 3},
		"change: ends before it":          {all, "change 1B- 0B", 1, []int{0}, nil, nil, "", []string{"0BB", "2CC"}, 3},
		"change: ends behind it":          {all, "change 0B 1B-", 1, []int{0}, nil, nil, "", []string{"0BB", "2CC"}, 3},
		"change: a chain":                 {all, "change 0B 1C", 2, []int{0, 1}, nil, nil, "", []string{"0BB", "1CC"}, 3},
		"change: half a chain":            {all, "change 1C 0B", 2, []int{1}, nil, nil, "decide on both", []string{"0AA", "1BB", "2CC"}, 3},
		"change: a circle":                {all, "change 0B 1C 2A", 3, []int{0, 1, 2}, nil, nil, "", []string{"0BB", "1CC", "2AA"}, 3},
		"change: two numbers for one":     {all, "change 0B 2B", 2, []int{0, 1}, nil, nil, "two numbers to one member", []string{"0AA", "1BB", "2CC"}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			rowOf := map[string]byte{}
			first, rest, _ := strings.Cut(test.before, " - ")
			f.load(t, csv(first))
			for _, l := range strings.Fields(first) {
				m, err := f.Find(t.Context(), "90000061"+l[:1])
				if err != nil {
					t.Fatal(err)
				}
				rowOf[m.ID.String()] = l[1]
			}
			if rest != "" {
				if _, err := f.Import(t.Context(), strings.NewReader(csv(rest)), ImportOptions{AllowShrink: true}); err != nil {
					t.Fatal(err)
				}
			}
			file := csv(test.file)
			if lines, isChange := strings.CutPrefix(test.file, "change "); isChange {
				file = change(lines)
			}
			var held []int
			read := func(o ImportOptions) (Report, error) {
				held, o.AllowShrink, o.AllowDoubtful = nil, true, true
				o.Held = func(e LineError) {
					held = append(held, e.Line)
					if strings.Contains(e.Problem, "900000") {
						t.Errorf("a whole number is told: %s", e.Error())
					}
				}
				return f.Import(t.Context(), strings.NewReader(file), o)
			}
			report, err := read(ImportOptions{})
			if err != nil || report.Held != test.held || len(held) != test.held || report.Ended > 0 && !strings.Contains(test.file, "-") {
				t.Fatalf("%+v, %v, held %v, want %d", report, err, held, test.held)
			}
			slices.Sort(held)
			lines := held
			at := func(which []int) (is []int) {
				for _, i := range which {
					is = append(is, lines[i])
				}
				return is
			}
			o := ImportOptions{OtherPerson: at(test.other), Namesake: at(test.spare), SamePerson: at(test.same), Review: report.Review}
			switch report, err = read(o); {
			case test.fails != "" && (!isReview(err) || !strings.Contains(err.Error(), test.fails)):
				t.Errorf("decided: %+v, %v, want it refused: %s", report, err, test.fails)
			case test.fails == "" && err != nil:
				t.Errorf("decided: %+v, %v", report, err)
			}
			for _, want := range test.has {
				m, err := f.Find(t.Context(), "90000061"+want[:1])
				row, isKnown := rowOf[m.ID.String()]
				if !isKnown {
					row = '-'
				}
				if p := people[want[2]]; err != nil || m.Ended || row != want[1] || m.FirstName != p[0] || m.LastName != p[1] || m.BirthDate.String() != p[2] || m.MemberNumber[8:] != want[:1] {
					t.Errorf("%s: row of %c, %+v, %v, want that of %c with %s", want[:1], row, m, err, want[1], p[0])
				}
			}
			if n := f.count(t, `SELECT count(*) FROM members`); n != test.rows {
				t.Errorf("%d rows, want %d", n, test.rows)
			}
			if n := f.count(t, `SELECT count(*) FROM members WHERE ended_at IS NULL`); n != len(test.has) {
				t.Errorf("%d members, want %d", n, len(test.has))
			}
		})
	}
}

// Two members who exchange first names are noticed however far apart their lines are.
func TestExchangedPersonsFarApart(t *testing.T) {
	t.Parallel()
	f := newFixtureOfChunks(t)
	csv := func(first, last string) string {
		var out strings.Builder
		out.WriteString(header)
		for i := range fewEntries + 2 {
			name := "LEO" + string(rune('A'+i/676%26)) + string(rune('A'+i/26%26)) + string(rune('A'+i%26))
			switch i {
			case 0:
				name = first
			case fewEntries + 1:
				name = last
			}
			fmt.Fprintf(&out, "%09d,%s,RUIZ,,1984-03-14,A,2025-01-01,\n", i, name)
		}
		return out.String()
	}
	f.load(t, csv("ANA", "EVA"))
	if report := f.load(t, csv("EVA", "ANA")); report.Held != 2 || report.Changed != 0 {
		t.Errorf("a full file: %+v, want two held", report)
	}
	file := strings.Replace(csv("EVA", "ANA"), header, "", 1)
	var loops []string
	for l := range strings.Lines(file) {
		p := strings.Split(l, ",")
		loops = append(loops, fmt.Sprintf("INS*Y*18*001*25*A~REF*0F*%s~NM1*IL*1*RUIZ*%s~", p[0], p[1]))
	}
	if report := f.load(t, file834(set834("2", loops...))); report.Held != 2 || report.Changed != 0 {
		t.Errorf("a change file: %+v, want two held", report)
	}
}
