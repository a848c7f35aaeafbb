package members

import (
	"fmt"
	"strings"
	"testing"
)

// A known number with its member's names, but the suffix and birth date of somebody else, is a relative's: the account of a father
// never shows his son.
func TestRelativeOfTheSameName(t *testing.T) {
	t.Parallel()
	const father = "1963-03-04"
	for name, test := range map[string]struct {
		suffixWas, suffix, born, start string
		isHeld                         bool
	}{
		"son, another suffix":                   {"JR", "III", "2009-07-04", "2026-11-01", true},
		"son without a suffix":                  {"JR", "", "2009-07-04", "2020-01-01", true},
		"son with the first suffix":             {"", "JR", "1991-07-04", "2020-01-01", true},
		"another suffix, some days":             {"JR", "III", "1963-03-09", "2020-01-01", true},
		"covered before the other was born":     {"JR", "III", "2021-07-04", "2021-07-01", true},
		"another suffix alone":                  {"JR", "SR", father, "2020-01-01", false},
		"another suffix, coverage anew":         {"", "JR", father, "2026-11-01", false},
		"the same suffix, written otherwise":    {"JR", "Jr.", "1963-03-09", "2020-01-01", false},
		"no suffix, years away, coverage anew":  {"", "", "2009-07-14", "2026-11-01", true},
		"years away, coverage as before":        {"", "", "2009-07-14", "2020-01-01", false},
		"years away, coverage earlier":          {"", "", "1991-07-14", "2019-01-01", false},
		"some years away, coverage anew":        {"", "", "1971-08-15", "2026-11-01", false},
		"a digit, coverage anew":                {"", "", "1993-03-04", "2026-11-01", false},
		"two digits exchanged, coverage anew":   {"", "", "1936-03-04", "2026-11-01", false},
		"digits exchanged, day":                 {"", "", "1963-03-40", "2026-11-01", false}, // a fault
		"month and day exchanged, anew":         {"", "", "1963-04-03", "2026-11-01", false},
		"the century, coverage anew":            {"", "", "2063-03-04", "2026-11-01", false}, // a fault
		"the year alone, coverage anew":         {"", "", "1987-03-04", "2026-11-01", false},
		"a father's, coverage anew":             {"", "", "1931-08-19", "2026-11-01", true},
		"a digit of the year that changes much": {"", "", "1903-03-04", "2026-11-01", false},
	} {
		line := func(suffix, born, start string) string {
			return fmt.Sprintf("900000620,NOAH,SOL VEGA,%s,%s,A,%s,\n", suffix, born, start)
		}
		loop := "INS*Y*18*001*25*A~REF*0F*900000620~NM1*IL*1*SOL VEGA*NOAH***" + test.suffix + "~DMG*D8*" + strings.ReplaceAll(test.born, "-", "") +
			"~HD*001**HMO*HUSKY A~DTP*348*D8*" + strings.ReplaceAll(test.start, "-", "") + "~"
		other := "INS*Y*18*001*25*A~REF*0F*900000610~NM1*IL*1*RUIZ*ANAK***JR~DMG*D8*19840314~HD*001**HMO*HUSKY A~DTP*348*D8*20250101~"
		for format, file := range map[string]string{
			"CSV": header + anak + line(test.suffix, test.born, test.start), "full 834": file834(set834("4", other+loop)), "change 834": file834(set834("2", loop)),
		} {
			f := newFixture(t)
			f.load(t, header+anak+line(test.suffixWas, father, "2020-01-01"))
			before, err := f.Find(t.Context(), "900000620")
			if err != nil {
				t.Fatal(err)
			}
			var held []string
			var lines []int
			report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Held: func(e LineError) { held, lines = append(held, e.Problem), append(lines, e.Line) }})
			after, findErr := f.Find(t.Context(), "900000620")
			isFault := report.Rejected == 1
			if findErr != nil || err != nil && !strings.Contains(err.Error(), "no valid line") || (report.Held == 1) != test.isHeld || len(held) != report.Held || (after == before) != (test.isHeld || isFault) && test.suffix != "Jr." {
				t.Errorf("%s, %s: %+v, %v, held %q, the member %+v, want held: %v", name, format, report, err, held, after, test.isHeld)
				continue
			}
			if !test.isHeld {
				continue
			}
			if !strings.Contains(held[0], "a relative of the same name") {
				t.Errorf("%s, %s: %q", name, format, held)
			}
			report, err = f.Import(t.Context(), strings.NewReader(file), ImportOptions{OtherPerson: lines, Review: report.Review})
			if m, findErr := f.Member(t.Context(), before.ID); err != nil || findErr != nil || report.Added != 1 || m.BirthDate != before.BirthDate || m.MemberNumber != "" || !m.Ended {
				t.Errorf("%s, %s, decided: %+v, %v; the member %+v, %v", name, format, report, err, m, findErr)
			}
		}
	}
}
