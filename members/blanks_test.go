package members

import (
	"fmt"
	"strings"
	"testing"
)

// A name that only lost its blanks keeps its spelling; every other change of it counts.
func TestNamesThatLostBlanks(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		was, is string // first name, last name, suffix
		want    string
		kept    int
	}{
		{"JUAN CARLOS,CAMPO LARGUEZ,", "JUANCARLOS,CAMPOLARGUEZ,", "JUAN CARLOS,CAMPO LARGUEZ,", 2},
		{"JUAN CARLOS,CAMPO LARGUEZ,JR", "Juancarlos,CAMPO LARGUEZ,JR", "JUAN CARLOS,CAMPO LARGUEZ,JR", 1},
		{"ANA,DE LA PEÑA VEGA,", "ANA,DE LAPEÑA VEGA,", "ANA,DE LA PEÑA VEGA,", 1},
		{"ANA,GARCÍA-LÓPEZ,", "ANA,GARCIALOPEZ,", "ANA,GARCÍA-LÓPEZ,", 1},
		{"ANA,O'NEIL,", "ANA,ONEIL,", "ANA,O'NEIL,", 1},
		{"ANA,PAZ SOL,JR", "ANA,PAZSOL JR,", "ANA,PAZ SOL,JR", 1},
		{"ANA,PAZ JR,", "ANA,PAZ,JR", "ANA,PAZ,JR", 0},
		{"ANA,PAZSOL,", "ANA,PAZ SOL,", "ANA,PAZ SOL,", 0},                 // put right
		{"ANA,GARCÍA-LÓPEZ,", "ANA,GARCÍA LÓPEZ,", "ANA,GARCÍA LÓPEZ,", 0}, // as many
		{"ANA,PAZ SOL,", "ANA,PAZ VEGA,", "ANA,PAZ VEGA,", 0},              // another one
	} {
		line := func(names string) string { return "900000650," + names + ",1984-05-17,A,2025-01-01,\n" }
		f := newFixture(t)
		f.load(t, header+anak+line(test.was))
		var notes []string
		report, err := f.Import(t.Context(), strings.NewReader(header+anak+line(test.is)), ImportOptions{Note: func(e LineError) { notes = append(notes, e.Error()) }})
		m, err2 := f.Find(t.Context(), "900000650")
		if got := m.FirstName + "," + m.LastName + "," + m.Suffix; err != nil || err2 != nil || got != test.want || report.Kept != test.kept || len(notes) != test.kept || test.kept > 0 && report.Changed > 1 {
			t.Errorf("%s after %s: %s, %+v, %q, %v, want %s", test.is, test.was, got, report, notes, err, test.want)
		}
	}
}

// So do those of a whole roster, in X12 as well, until somebody says that it is meant.
func TestRosterThatLostItsBlanks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var csv string
	var loops []string
	for i := range 60 {
		csv += fmt.Sprintf("9000007%02d,ANA LUZ,PAZ SOL,,19%d-03-14,A,2025-01-01,\n", i, 10+i)
		loops = append(loops, fmt.Sprintf("INS*Y*18*030**A~REF*0F*9000007%02d~NM1*IL*1*PAZSOL*ANALUZ~DMG*D8*19%d0314~HD*030**HMO*HUSKY A~DTP*348*D8*20250101~", i, 10+i))
	}
	f.load(t, header+csv)
	for _, file := range []string{header + strings.NewReplacer("ANA LUZ", "ANALUZ", "PAZ SOL", "PAZSOL").Replace(csv), file834(set834("4", loops...)), file834(set834("2", loops...))} {
		if report := f.load(t, file); report.Kept != 120 || report.Changed != 0 || report.Unchanged != 60 {
			t.Errorf("%.40s: %+v, want every name kept", file, report)
		}
	}
	report, err := f.Import(t.Context(), strings.NewReader(file834(set834("4", loops...))), ImportOptions{AllowDoubtful: true, AllowOld: true})
	if err != nil || report.Changed != 60 {
		t.Errorf("meant: %+v, %v", report, err)
	}
}
