package members

import (
	"strings"
	"testing"
)

// outcome is what a file does to the people of a roster, by their numbers: faults, and whom it changes or ends.
func outcome(t *testing.T, f fixture, file string, numbers ...string) (faults, touched []string) {
	t.Helper()
	of := func(number string) Member {
		m, err := f.Find(t.Context(), number)
		if err != nil {
			t.Fatalf("%s: %v", number, err)
		}
		return m
	}
	var before []Member
	for _, number := range numbers {
		before = append(before, of(number))
	}
	_, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{AllowShrink: true, Rejected: func(e LineError) { faults = append(faults, e.Error()) }})
	if err != nil {
		faults = append(faults, err.Error())
	}
	for i, number := range numbers {
		if of(number) != before[i] {
			touched = append(touched, number)
		}
	}
	return faults, touched
}

// Where a segment is missing or misspelt, what is below it counts for nobody: neither the person above nor the one whose segment it was is
// changed or ends.
func TestMissingAndMisspeltSegments(t *testing.T) {
	t.Parallel()
	const (
		eva = "INS*Y*18*030**A~REF*0F*900000612~NM1*IL*1*PAZ*EVA~DMG*D8*19900101~HD*030**HMO*HUSKY C~DTP*348*D8*20240101~DTP*349*D8*20261231~"
		leo = "INS*Y*18*030**A~REF*0F*900000613~NM1*IL*1*SOL*LEO~DMG*D8*19910101~HD*030**HMO*HUSKY C~DTP*348*D8*20250101~"
		csv = "900000612,EVA,PAZ,,1990-01-01,C,2024-01-01,2026-12-31\n900000613,LEO,SOL,,1991-01-01,C,2025-01-01,\n"
	)
	file := func(action string, of ...string) string {
		return file834(set834(action, strings.Replace(insNoah, "~DTP*349*D8*99991231", "", 1)+strings.Join(of, "")))
	}
	for name, test := range map[string]struct {
		person, old, new string // in the segments of one person
		fault            string
	}{
		"INS is missing":                {leo, "INS*Y*18*030**A~", "", "member_number: REF 0F is behind HD"},
		"INS and REF are missing":       {leo, "INS*Y*18*030**A~REF*0F*900000613~", "", "last_name: there are two NM1"},
		"INS, REF and NM1 are missing":  {leo, "INS*Y*18*030**A~REF*0F*900000613~NM1*IL*1*SOL*LEO~", "", "birth_date: DMG is behind HD"},
		"letters of INS exchanged":      {leo, "INS*Y", "ISN*Y", "is no segment that an 834 has"},
		"small letters":                 {leo, "INS*Y", "ins*Y", "is no segment that an 834 has"},
		"1 for I":                       {leo, "INS*Y", "1NS*Y", "is no segment that an 834 has"},
		"a blank behind":                {leo, "INS*Y", "INS *Y", "is no segment that an 834 has"},
		"a no-break space above":        {leo, "INS*Y", "\u00a0INS*Y", "is no segment that an 834 has"},
		"letters of DTP exchanged":      {eva, "DTP*349", "DPT*349", "is no segment that an 834 has"},
		"small letters of a date":       {eva, "DTP*349", "dtp*349", "is no segment that an 834 has"},
		"letters of HD exchanged":       {eva, "HD*030", "DH*030", "is no segment that an 834 has"},
		"an end without its date":       {eva, "DTP*349*D8*20261231", "DTP*349*D8", "coverage_end: DTP 349 has no date"},
		"a beginning without its date":  {eva, "DTP*348*D8*20240101", "DTP*348*D8*", "coverage_start: DTP 348 has no date"},
		"a zero more":                   {eva, "DTP*349", "DTP*0349", "DTP01 is no code"},
		"no code":                       {eva, "DTP*349", "DTP*", "DTP01 is no code"},
		"a date behind the INS below":   {eva + leo, "DTP*349*D8*20261231~INS*Y*18*030**A~", "INS*Y*18*030**A~DTP*349*D8*20261231~", "DTP 349 is behind the INS of the next loop"},
		"a date behind other insurance": {eva, "DTP*349", "COB*P*X*5~DTP*349", "DTP 349 is behind other segments than its HD"},
		"a date further above HD":       {eva, "NM1*IL*1*PAZ*EVA~DMG*D8*19900101~HD*030**HMO*HUSKY C~DTP*348*D8*20240101~DTP*349*D8*20261231~", "DTP*349*D8*20261231~NM1*IL*1*PAZ*EVA~DMG*D8*19900101~HD*030**HMO*HUSKY C~DTP*348*D8*20240101~", "DTP 349 is outside of HD"},
		"dates above one of two HD":     {eva, "HD*030**HMO*HUSKY C~DTP*348*D8*20240101~DTP*349*D8*20261231~", "DTP*348*D8*20240101~HD*030**HMO*HUSKY C~HD*030**DEN~", "DTP 348 is outside of HD"},
	} {
		for _, action := range []string{"4", "2"} {
			people := strings.Replace(eva+leo, test.person, strings.Replace(test.person, test.old, test.new, 1), 1)
			if people == eva+leo {
				t.Fatalf("%s: nothing replaced", name)
			}
			f := newFixture(t)
			f.load(t, header+noah+csv)
			f.load(t, file(action, eva, leo)) // nothing changes
			faults, touched := outcome(t, f, next(1, file(action, people)), "900000611", "900000612", "900000613")
			if len(touched) > 0 || len(faults) == 0 || !strings.Contains(faults[0], test.fault) || !strings.HasPrefix(faults[0], "segment ") {
				t.Errorf("%s, BGN08 %s: changed %q, faults %q, want nobody and %q", name, action, touched, faults, test.fault)
			}
		}
	}
	// Of the first person of a set.
	for name, replace := range map[string][2]string{"misspelt": {"INS*Y*18*030**A~REF*0F*900000613", "ISN*Y*18*030**A~REF*0F*900000613"}, "missing": {"INS*Y*18*030**A~REF*0F*900000613", "REF*0F*900000613"}} {
		f := newFixture(t)
		f.load(t, header+csv)
		faults, touched := outcome(t, f, file834(set834("4", strings.Replace(leo, replace[0], replace[1], 1)+eva)), "900000612", "900000613")
		if len(touched) > 0 || len(faults) != 1 || !strings.Contains(faults[0], "there is no INS above") {
			t.Errorf("the first INS is %s: changed %q, faults %q", name, touched, faults)
		}
	}
	// Dates right above the only HD are its dates, and those further above may say the same.
	f := newFixture(t)
	f.load(t, header+csv)
	moved := strings.Replace(eva, "HD*030**HMO*HUSKY C~DTP*348*D8*20240101~DTP*349*D8*20261231~", "DTP*348*D8*20240101~DTP*349*D8*20261231~HD*030**HMO*HUSKY C~", 1)
	twice := strings.Replace(eva, "NM1*IL*1*PAZ", "DTP*349*D8*20261231~NM1*IL*1*PAZ", 1)
	for i, person := range []string{moved, twice} {
		if faults, touched := outcome(t, f, next(i, file834(set834("4", person, leo))), "900000612", "900000613"); len(touched)+len(faults) > 0 {
			t.Errorf("%s: changed %q, faults %q", person, touched, faults)
		}
	}
}

// An end whose day cannot be read does not end the member today.
func TestUnreadableEndEndsNobody(t *testing.T) {
	t.Parallel()
	const loop = "~REF*0F*900000610~NM1*IL*1*RUIZ*ANAK***JR~DMG*D8*19840314~HD*024**HMO*HUSKY A~"
	for _, ins := range []string{"INS*Y*18*001*07*A", "INS*Y*18*024*07*A"} {
		for _, date := range []string{
			"DPT*349*D8*20270630", "dtp*349*D8*20270630", "DTP*349*D8*", "DTP*349*D8", "DTP*349", "DTP*349*D8*99991231", "DTP*349*D8*00000000", "DTP*0349*D8*20270630",
			"DTP*474*D8*", "DTP*303*D8*", "DTP*394*D8*", "DTP*34*D8*20270630", "DTP**D8*20270630", "DTP*349*20270630", "COB*P*X*5~DTP*349*D8*20270630",
		} {
			f := newFixture(t)
			f.load(t, header+anak+noah)
			if faults, touched := outcome(t, f, file834(set834("2", ins+loop+date+"~")), "900000610"); len(touched) > 0 || len(faults) == 0 || !strings.Contains(faults[0], "segment ") {
				t.Errorf("%s, %s: changed %q, faults %q", ins, date, touched, faults)
			}
		}
	}
}
