package members

import (
	"strings"
	"testing"
)

// In a full file that does not say when coverage began, an end before the known begin is an error: a year of two digits, or of another row.
func TestEndBeforeTheKnownBeginInFullFiles(t *testing.T) {
	t.Parallel()
	const noStart = "member_number,first_name,last_name,suffix,birth_date,program,coverage_end\n"
	const endOnly = "member_number,first_name,last_name,suffix,birth_date,coverage_end\n"
	csv := func(head, number, rest string) string { return head + number + rest + "\n" + noah }
	loop := func(dates string) string {
		return file834(set834("4", "INS*Y*18*030**A~REF*0F*900000612~NM1*IL*1*PAZ*EVA~DMG*D8*19900101~HD*030**HMO*HUSKY A~"+dates, insNoah))
	}
	line := func(program, end string) string {
		return noStart + "900000612,EVA,PAZ,,1990-01-01," + program + "," + end + "\n900000611,NOAH,SOTO,,1984-03-15,B,\n"
	}
	open := func(end string) string { return line("A", end) }
	const since = "2024-01-01,"
	for name, test := range map[string]struct {
		known, file string
		isFault     bool
	}{
		"a year of two digits":       {"A," + since, open("1999-12-31"), true},
		"some months before":         {"A," + since, open("2023-06-30"), true},
		"another programme":          {"A," + since, line("B", "2023-06-30"), true},
		"without a programme":        {"A," + since, endOnly + "900000612,EVA,PAZ,,1990-01-01,1999-12-31\n900000611,NOAH,SOTO,,1984-03-15,\n", true},
		"of one that has ended":      {"A," + since + "2026-01-31", open("1999-12-31"), true},
		"an empty begin":             {"A," + since, csv(header, "900000612", ",EVA,PAZ,,1990-01-01,A,,1999-12-31"), true},
		"X12 without a begin":        {"A," + since, loop("DTP*349*D8*19991231~"), true},
		"between two coverages":      {"A,2020-01-01,2021-12-31\n900000612,EVA,PAZ,,1990-01-01,A,2024-01-01,", open("2022-06-30"), true},
		"the day before":             {"A," + since, open("2023-12-31"), false},
		"an end like others":         {"A," + since, open("2026-10-31"), false},
		"not begun, called off":      {"A,2027-01-01,", open("2026-10-31"), false},
		"covered since ever":         {"A,,", open("1999-12-31"), false},
		"known already":              {"A,,1999-12-31", open("1999-12-31"), false},
		"of the first of two":        {"A,2020-01-01,2021-12-31\n900000612,EVA,PAZ,,1990-01-01,A,2024-01-01,", open("2021-12-31"), false},
		"X12, the coverage before":   {"A,2020-01-01,2021-12-31\n900000612,EVA,PAZ,,1990-01-01,A,2024-01-01,", loop("DTP*349*D8*20211231~"), false},
		"X12, a coverage never was":  {"A," + since, strings.Replace(loop("DTP*348*D8*20200101~"), "HD*030**HMO*HUSKY A", "HD*002**HMO*HUSKY A", 1), false},
		"the begin is there as well": {"A," + since, csv(header, "900000612", ",EVA,PAZ,,1990-01-01,A,1998-01-01,1999-12-31"), false},
	} {
		f := newFixture(t)
		f.load(t, header+"900000612,EVA,PAZ,,1990-01-01,"+test.known+"\n"+noah)
		faults, touched := outcome(t, f, test.file, "900000612")
		if test.isFault && (len(touched) > 0 || len(faults) != 1 || !strings.Contains(faults[0], "coverage_end: is before the coverage_start that is known")) || !test.isFault && len(faults) > 0 {
			t.Errorf("%s: changed %q, faults %q", name, touched, faults)
		}
	}
}
