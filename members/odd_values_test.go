package members

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// A coverage that never was (HD01 002) leaves its member without any, in full and change files, and is told.
func TestOnlyCoverageNeverWas(t *testing.T) {
	t.Parallel()
	const never = "INS*Y*18*030*25*A~REF*0F*900000610~NM1*IL*1*RUIZ*ANAK***JR~DMG*D8*19840314~HD*002**HMO*HUSKY A~DTP*348*D8*20250101~"
	for _, code := range []string{"2", "4"} {
		f := newFixture(t)
		f.load(t, file834(set834("4", insAnak, insNoah)))
		var notes []string
		if _, err := f.Import(t.Context(), strings.NewReader(file834(set834(code, never, insNoah))), ImportOptions{Note: func(e LineError) { notes = append(notes, e.Error()) }}); err != nil {
			t.Fatal(err)
		}
		m, err := f.Find(t.Context(), "900000610")
		if err != nil || m.Ended || m.CoverageEnd != (Date{2024, 12, 31}) || m.Program != "A" || !m.CoverageStart.IsZero() {
			t.Errorf("BGN08 %s: %+v, %v, want an end on the day before it began", code, m, err)
		}
		if len(notes) != 1 || !strings.Contains(notes[0], "HD01 is 002") {
			t.Errorf("BGN08 %s: noted %q", code, notes)
		}
	}
}

// A loop of a full file that says nothing about coverage leaves it as it was, and is told.
func TestLoopWithoutCoverage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, file834(set834("4", insAnak, insNoah)))
	const bare = "INS*Y*18*030*25*A~REF*0F*900000610~NM1*IL*1*RUIZ SOL*ANAK***JR~DMG*D8*19840314~"
	var notes []string
	report, err := f.Import(t.Context(), strings.NewReader(file834(set834("4", bare, insNoah))), ImportOptions{Note: func(e LineError) { notes = append(notes, e.Error()) }})
	m, findErr := f.Find(t.Context(), "900000610")
	if err != nil || findErr != nil || report.Changed != 1 || m.LastName != "RUIZ SOL" || m.Program != "A" || m.CoverageStart != (Date{2025, 1, 1}) || len(notes) != 1 || !strings.Contains(notes[0], "no coverage (HD)") {
		t.Errorf("%+v, %v, %v, %+v, noted %q", m, err, findErr, report, notes)
	}
}

// What programs and people write where a datum is missing is no name and no suffix.
func TestPlaceholders(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"FALSO", "Verdadero", "Unknown", "DESCONOCIDO", "desconocida", "No disponible", "N/A", "Baby boy", "NEWBORN"} {
		f := newFixture(t)
		f.load(t, header+anak+noah)
		report := f.load(t, header+strings.Replace(anak, "RUIZ", name, 1)+noah+"900000619,"+name+",SOL,,1990-01-01,A,,\n")
		if m, err := f.Find(t.Context(), "900000610"); err != nil || m.LastName != "RUIZ" || report.Kept != 1 || report.CannotRegister != 1 {
			t.Errorf("%s: %+v, %v; %+v, want the former name kept and the new member named", name, m, err, report)
		}
	}
	for _, suffix := range []string{"NA", "n/a", "none", "NONE", "Ninguno", "Unknown", "FALSO", "-"} {
		if got := readSuffix(suffix); got != "" {
			t.Errorf("suffix %q is read as %q", suffix, got)
		}
	}
	if got := readSuffix("MD") + readSuffix("jr."); got != "MDJR" {
		t.Errorf("suffixes are read as %q", got)
	}
}

// A slip in a year of coverage is named, and its member stays as before; it does not mean that coverage is open.
func TestYearsOfCoverage(t *testing.T) {
	t.Parallel()
	for _, year := range []string{"1026", "2206", "2602", "0026", "1206"} {
		f := newFixture(t)
		f.load(t, header+strings.Replace(anak, "2025-01-01,", "2025-01-01,2026-12-31", 1)+noah)
		var faults []string
		for _, file := range []string{
			header + strings.Replace(anak, "2025-01-01,", "2025-01-01,"+year+"-12-31", 1) + noah,
			file834(set834("2", "INS*Y*18*030*25*A~REF*0F*900000610~NM1*IL*1*RUIZ*ANAK~DMG*D8*19840314~HD*030**HMO*HUSKY A~DTP*349*D8*"+year+"1231~")),
		} {
			_, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Rejected: func(e LineError) { faults = append(faults, e.Error()) }})
			if _, isFile := errors.AsType[*FileError](err); err != nil && !isFile {
				t.Fatal(err)
			}
		}
		if m, err := f.Find(t.Context(), "900000610"); err != nil || m.CoverageEnd != (Date{2026, 12, 31}) || len(faults) != 2 || !strings.Contains(faults[0], "has a year in which no coverage") {
			t.Errorf("%s: %+v, %v, faults %q", year, m, err, faults)
		}
	}
}

// What changes is what the member has today, or will have.
func TestEarlierSpanChangesNoProgram(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const line = "900000610,ANAK,RUIZ,,1984-03-14,"
	f.load(t, header+line+"A,2025-01-01,\n")
	for lines, want := range map[string]bool{"A,2025-01-01,\n" + line + "B,2023-01-01,2023-12-31\n": false, "A,2025-01-01,2026-12-31\n" + line + "B,2027-01-01,\n": true} {
		var changed []string
		if _, err := f.Import(t.Context(), strings.NewReader(header+line+lines), ImportOptions{DryRun: true, Changing: func(e LineError) { changed = append(changed, e.Problem) }}); err != nil {
			t.Fatal(err)
		}
		if len(changed) != 1 || strings.Contains(changed[0], "program") != want {
			t.Errorf("%q: %q, want the programme named: %v", lines, changed, want)
		}
	}
}

// A word for nothing is an open end.
func TestOpenWords(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"NA", "N/A", "none", "(blank)", "-", "Abierto", "vacío"} {
		if d, problem := (&dateReader{}).bound(word); problem != "" || !d.IsZero() {
			t.Errorf("%q: %v, %s", word, d, problem)
		}
		if _, problem := (&dateReader{}).birth(word); problem == "" {
			t.Errorf("%q is a birth date", word)
		}
	}
}

// A suffix that was filled down over a few rows is held; two brothers may get theirs.
func TestSuffixFilledDown(t *testing.T) {
	t.Parallel()
	line := func(i int, suffix string) string {
		return fmt.Sprintf("9000006%02d,%s,PAZ,%s,1984-03-%02d,A,,\n", i, []string{"ANA", "EVA", "LEO", "NOA"}[i%4], suffix, i+1)
	}
	for n, held := range map[int]int{1: 0, 2: 0, 3: 3, 8: 8} {
		f := newFixture(t)
		var before, after strings.Builder
		for i := range 30 {
			before.WriteString(line(i, ""))
			if i >= 5 && i < 5+n {
				after.WriteString(line(i, "JR"))
			} else {
				after.WriteString(line(i, ""))
			}
		}
		f.load(t, header+before.String())
		if report := f.load(t, header+after.String()); report.Held != held || report.Changed != n-held {
			t.Errorf("%d rows: %+v, want %d held", n, report, held)
		}
	}
}

// X12 in lower case is called what it is.
func TestLowerCaseX12(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, err := f.Import(t.Context(), strings.NewReader(strings.ToLower(file834(set834("4", insAnak)))), ImportOptions{}); err == nil || !strings.Contains(err.Error(), "X12 in lower case") {
		t.Errorf("Import = %v", err)
	}
}
