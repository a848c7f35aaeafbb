package members

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Whoever loses or regains the coverage of today is counted and named, however few they are, in each kind of file. Ends and returns are
// counted as such; who comes back is covered again if the coverage says so.
func TestCoverageLostAndRegained(t *testing.T) {
	t.Parallel()
	const open, past, ended = "900000620,EVA,PAZ,,1970-01-02,A,2020-03-01,\n", "900000621,LEO,SOL,,1971-02-03,A,2019-01-01,2025-06-30\n", "900000622,INA,RIO,,1972-03-04,A,2019-01-01,\n"
	line := func(line, from, to string) string { return strings.Replace(line, from, to, 1) }
	loop := func(number, name, start, end string) string {
		said := "INS*Y*18*001*25*A~REF*0F*" + number + "~NM1*IL*1*" + name + "~HD*001**HMO*HUSKY A~DTP*348*D8*" + start + "~"
		if end != "" {
			said += "DTP*349*D8*" + end + "~"
		}
		return said
	}
	for name, test := range map[string]struct {
		file               string
		lapsing, regaining []string
		returned           int
	}{
		"as before":                      {open + past, nil, nil, 0},
		"begin and end exchanged, held":  {line(open, "2020-03-01,", ",2020-03-01") + past, nil, nil, 0},
		"no begin, an end in the past":   {line(open, "2020-03-01,", ",2020-04-01") + past, []string{"900000620"}, nil, 0},
		"an end in the past":             {line(open, "2020-03-01,", "2020-03-01,2026-11-23") + past, []string{"900000620"}, nil, 0},
		"an end to come":                 {line(open, "2020-03-01,", "2020-03-01,2026-12-31") + past, nil, nil, 0},
		"a begin to come":                {line(open, "2020-03-01,", "2027-03-01,") + past, []string{"900000620"}, nil, 0},
		"the end emptied":                {open + line(past, "2025-06-30", ""), nil, []string{"900000621"}, 0},
		"a second time of coverage":      {open + past + line(past, "2019-01-01,2025-06-30", "2026-01-01,"), nil, []string{"900000621"}, 0},
		"one of two times":               {line(open, "2020-03-01,", "2020-03-01,2021-03-01") + line(open, "2020-03-01,", "2022-03-01,") + past, nil, nil, 0},
		"comes back":                     {open + past + ended, nil, []string{"900000622"}, 1},
		"comes back without coverage":    {open + past + line(ended, "2019-01-01,", "2019-01-01,2020-01-01"), nil, nil, 1},
		"change file, an end":            {loop("900000620", "PAZ*EVA", "20200301", "20251231"), []string{"900000620"}, nil, 0},
		"change file, a begin":           {loop("900000621", "SOL*LEO", "20261101", ""), nil, []string{"900000621"}, 0},
		"change file, one who had ended": {strings.Replace(loop("900000622", "RIO*INA", "20190101", ""), "*001*25", "*025*25", 1), nil, []string{"900000622"}, 1},
	} {
		f := newFixture(t)
		f.load(t, header+anak+noah+open+past+ended)
		if report, err := f.Import(t.Context(), strings.NewReader(header+anak+noah+open+past), ImportOptions{AllowShrink: true}); err != nil || report.Ended != 1 || report.Lapsing != 0 {
			t.Fatalf("%+v, %v", report, err)
		}
		file := header + anak + noah + test.file
		if strings.HasPrefix(test.file, "INS") {
			file = file834(set834("2", test.file))
		}
		for _, isDry := range []bool{true, false} {
			var lapsing, regaining []string
			report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{
				DryRun: isDry, AllowOld: true, Lapsing: func(number string) { lapsing = append(lapsing, number) }, Regaining: func(number string) { regaining = append(regaining, number) },
				Changing: func(e LineError) {
					if strings.HasSuffix(e.Problem, "changes ") {
						t.Errorf("%s: %q", name, e.Problem)
					}
				},
			})
			if err != nil || fmt.Sprint(lapsing, regaining) != fmt.Sprint(test.lapsing, test.regaining) || report.Lapsing != len(lapsing) || report.Regaining != len(regaining) || report.Returned != test.returned {
				t.Errorf("%s, dry run %v: %+v, %v, lapsing %q, regaining %q", name, isDry, report, err, lapsing, regaining)
			}
		}
		for _, number := range slices.Concat(test.lapsing, test.regaining) {
			if m, err := f.Find(t.Context(), number); err != nil || m.Ended {
				t.Errorf("%s: %+v, %v, want them on the roster", name, m, err)
			}
		}
	}
}
