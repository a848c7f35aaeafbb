package members

import (
	"strings"
	"testing"
)

// A name that became the member's own other one is held, in CSV and X12: a cell was copied over the one beside.
func TestNameCopiedOverTheOther(t *testing.T) {
	t.Parallel()
	const rest = ",1990-01-01,C,2024-01-01,"
	const others = "900000613,SOTO,SOTO,,1991-01-01,C,2025-01-01,\n" + noah + anak
	for name, test := range map[string]struct {
		known, csv string // first and last name, suffix
		nm1        string
		held       string // "" if it is applied
	}{
		"first over last":            {"EVA,PAZ,", "EVA,EVA,", "1*EVA*EVA", "last_name is now the member's own first_name"},
		"last over first":            {"EVA,PAZ,", "PAZ,PAZ,", "1*PAZ*PAZ", "first_name is now the member's own last_name"},
		"of several parts":           {"MARÍA JOSÉ,PAZ-SOL RÍO,", "MARIA JOSE,MARÍA JOSÉ,", "1*MARIA-JOSE*MARÍA JOSÉ", "last_name is now"},
		"with a suffix":              {"EVA,PAZ,JR", "EVA,EVA JR,", "1*EVA JR*EVA", "last_name is now"},
		"last over first, a suffix":  {"EVA,PAZ JR,", "PAZ,PAZ,JR", "1*PAZ*PAZ***JR", "first_name is now"},
		"shifted, the other one new": {"EVA,PAZ,", "RIO,EVA,", "1*EVA*RIO", "last_name is now"},
		"a separator doubled":        {"EVA,PAZ,", "PAZ,1,", "*1*PAZ*EVA", "first_name is now"},
		"the two exchanged":          {"EVA,PAZ,", "PAZ,EVA,", "1*PAZ EVA*EVA PAZ", "the other way round"},
		"another last name":          {"EVA,PAZ,", "EVA,SOL,", "1*SOL*EVA", ""},
		"a part more":                {"EVA,PAZ,", "EVA,PAZ-EVANS,", "1*PAZ-EVANS*EVA", ""},
		"always so, another suffix":  {"EVA,EVA,", "EVA,EVA,JR", "1*EVA*EVA***JR", ""},
		"put right":                  {"EVA,EVA,", "EVA,PAZ,", "1*PAZ*EVA", ""},
	} {
		for format, file := range map[string]string{
			"CSV": header + "900000612," + test.csv + rest + "\n" + others,
			"834": file834(set834("2", "INS*Y*18*001*25*A~REF*0F*900000612~NM1*IL*"+test.nm1+"~DMG*D8*19900101~")),
		} {
			if name == "the two exchanged" && format == "834" {
				continue
			}
			f := newFixture(t)
			f.load(t, header+"900000612,"+test.known+rest+"\n"+others)
			before, err := f.Find(t.Context(), "900000612")
			if err != nil {
				t.Fatal(err)
			}
			var held []string
			var lines []int
			report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Held: func(e LineError) {
				held, lines = append(held, e.Error()), append(lines, e.Line)
			}})
			after, findErr := f.Find(t.Context(), "900000612")
			if err != nil || findErr != nil {
				t.Fatalf("%s, %s: %v, %v", name, format, err, findErr)
			}
			if test.held == "" {
				if len(held) > 0 || after == before {
					t.Errorf("%s, %s: %+v, held %q, want it applied", name, format, report, held)
				}
				continue
			}
			if len(held) != 1 || !strings.Contains(held[0], test.held) || after != before {
				t.Errorf("%s, %s: %+v, held %q, now %+v", name, format, report, held, after)
				continue
			}
			if report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{SamePerson: lines, Review: report.Review}); err != nil || report.Changed != 1 {
				t.Errorf("%s, %s, decided: %+v, %v", name, format, report, err)
			}
		}
	}
	// Of somebody new it is a name like others.
	f := newFixture(t)
	if report := f.load(t, header+others); report.Added != 3 || report.Held > 0 || report.CannotRegister > 0 {
		t.Errorf("new: %+v", report)
	}
}
