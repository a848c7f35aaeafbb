package members

import (
	"slices"
	"strings"
	"testing"
)

// Two loops of a change file that name one member in two ways are both left out: their order decides nothing.
func TestLoopsThatNameTheirMemberInTwoWays(t *testing.T) {
	t.Parallel()
	loop := func(nm1, born string) string {
		return "INS*Y*18*001*25*A~REF*0F*900000610~" + strings.TrimSuffix("NM1*IL*1*"+nm1, "NM1*IL*1*") + "DMG*D8*" + born + "~"
	}
	known := loop("RUIZ*ANAK***JR~", "19840314")
	for name, test := range map[string]struct {
		loops  []string
		column string // "" if they are applied
	}{
		"suffix":                 {[]string{known, loop("RUIZ*ANAK***SR~", "19840314")}, "suffix"},
		"suffix, twice new":      {[]string{loop("RUIZ*ANAK***II~", "19840314"), loop("RUIZ*ANAK***SR~", "19840314")}, "suffix"},
		"suffix lost":            {[]string{known, loop("RUIZ*ANAK~", "19840314")}, "suffix"},
		"last name":              {[]string{loop("SOTO*ANAK***JR~", "19840314"), loop("PAZ*ANAK***JR~", "19840314")}, "last_name"},
		"first name":             {[]string{known, loop("RUIZ*ANIKA***JR~", "19840314")}, "first_name"},
		"birth date":             {[]string{known, loop("RUIZ*ANAK***JR~", "19840315")}, "birth_date"},
		"three":                  {[]string{known, known, loop("RUIZ*ANAK***SR~", "19840314")}, "suffix"},
		"an end":                 {[]string{loop("RUIZ*ANAK***SR~", "19840314"), strings.Replace(known, "*001*", "*024*", 1)}, "suffix"},
		"spelled in another way": {[]string{loop("RUÍZ JR*ANAK~", "19840314"), known}, ""},
		"one says less":          {[]string{"INS*Y*18*001*25*A~REF*0F*900000610~HD*001**HMO*HUSKY A~DTP*348*D8*20250101~", loop("SOTO*ANAK***JR~", "19840314")}, ""},
		"one alone":              {[]string{loop("SOTO*ANAK***JR~", "19840314")}, ""},
	} {
		for at := range 2 {
			f := newFixture(t)
			f.load(t, header+anak+noah)
			loops := slices.Insert(slices.Clone(test.loops), at, strings.Replace(insNoah, "*030*", "*001*", 1))
			faults, touched := outcome(t, f, file834(set834("2", loops...)), "900000610")
			if test.column == "" && len(faults) > 0 || test.column != "" && (len(touched) > 0 || len(faults) != len(test.loops)) {
				t.Errorf("%s: changed %q, faults %q", name, touched, faults)
			}
			for _, fault := range faults {
				if !strings.Contains(fault, ": "+test.column+": contradicts segment ") {
					t.Errorf("%s: %q", name, fault)
				}
			}
		}
	}
}

// What a later interchange of the file says of a person counts, as in a later file.
func TestLaterInterchangeNamesItsMemberAnew(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah)
	change := func(suffix string) string {
		return file834(set834("2", "INS*Y*18*001*25*A~REF*0F*900000610~NM1*IL*1*RUIZ*ANAK***"+suffix+"~DMG*D8*19840314~"))
	}
	faults, _ := outcome(t, f, change("II")+next(1, change("SR")))
	if m, err := f.Find(t.Context(), "900000610"); err != nil || m.Suffix != "SR" || len(faults) > 0 {
		t.Errorf("%+v, %v, faults %q", m, err, faults)
	}
}

// An end that is before the begin that is known is one of two errors; the day before means that the coverage never was.
func TestEndBeforeTheKnownBegin(t *testing.T) {
	t.Parallel()
	const who = "REF*0F*900000610~NM1*IL*1*RUIZ*ANAK***JR~DMG*D8*19840314~"
	for name, test := range map[string]struct{ loop, known, fault string }{
		"of the coverage":          {"INS*Y*18*001*25*A~" + who + "HD*024**HMO*HUSKY A~DTP*349*D8*20201031~", "A,2024-01-01,", "coverage_end: is before"},
		"of whatever programme":    {"INS*Y*18*001*25*A~" + who + "HD*024**HMO~DTP*349*D8*20201031~", "A,2024-01-01,", "coverage_end: is before"},
		"of the eligibility":       {"INS*Y*18*001*25*A~REF*0F*900000610~DTP*357*D8*20201031~" + strings.TrimPrefix(who, "REF*0F*900000610~"), "A,2024-01-01,", "coverage_end: is before"},
		"of the member":            {"INS*Y*18*024*25*A~" + who + "HD*024**HMO*HUSKY A~DTP*349*D8*20201031~", "A,2024-01-01,", "coverage_end: is before"},
		"by the day of death":      {"INS*Y*18*024*03*A***AC***D8*20201031~" + who, "A,2024-01-01,", "coverage_end: is before"},
		"the day before":           {"INS*Y*18*001*25*A~" + who + "HD*024**HMO*HUSKY A~DTP*349*D8*20231231~", "A,2024-01-01,", ""},
		"called off":               {"INS*Y*18*001*25*A~" + who + "HD*024**HMO*HUSKY A~DTP*349*D8*20261031~", "A,2027-01-01,", ""},
		"since ever":               {"INS*Y*18*001*25*A~" + who + "HD*024**HMO*HUSKY A~DTP*349*D8*20201031~", "A,,", ""},
		"of a programme not known": {"INS*Y*18*001*25*A~" + who + "HD*024**HMO*HUSKY B~DTP*349*D8*20201031~", "A,2024-01-01,", ""},
	} {
		f := newFixture(t)
		f.load(t, header+"900000610,ANAK,RUIZ,JR,1984-03-14,"+test.known+"\n"+noah)
		faults, touched := outcome(t, f, file834(set834("2", test.loop, strings.Replace(insNoah, "*030*", "*001*", 1))), "900000610")
		if test.fault == "" && len(faults) > 0 || test.fault != "" && (len(touched) > 0 || len(faults) != 1 || !strings.Contains(faults[0], test.fault)) {
			t.Errorf("%s: changed %q, faults %q, want %q", name, touched, faults, test.fault)
		}
	}
}

// The day of death is the end where INS03 024 has no other one, and the report says so.
func TestEndByTheDayOfDeath(t *testing.T) {
	t.Parallel()
	loop := func(died, dates string) string {
		return "INS*Y*18*024*03*A***AC***D8*" + died + "~REF*0F*900000610~NM1*IL*1*RUIZ*ANAK***JR~DMG*D8*19840314~" + dates
	}
	for name, test := range map[string]struct{ loop, end, fault string }{
		"no HD":                {loop("20261101", ""), "2026-11-01", ""},
		"HD without a day":     {loop("20261101", "HD*024**HMO*HUSKY A~"), "2026-11-01", ""},
		"HD with its begin":    {loop("20261101", "HD*024**HMO*HUSKY A~DTP*348*D8*20250101~"), "2026-11-01", ""},
		"another day counts":   {loop("20261101", "HD*024**HMO*HUSKY A~DTP*349*D8*20261115~"), "2026-11-15", ""},
		"no date":              {loop("2026", ""), "", "date of death"},
		"a day to come":        {loop("20271101", ""), "", "date of death"},
		"beside an HD goes on": {loop("20261101", "HD*001**HMO*HUSKY A~DTP*348*D8*20250101~"), "", "goes on"},
	} {
		for _, action := range []string{"2", "4"} {
			f := newFixture(t)
			f.load(t, header+anak+noah)
			var faults, notes []string
			report, err := f.Import(t.Context(), strings.NewReader(file834(set834(action, test.loop, strings.Replace(insNoah, "*030*", "*001*", 1)))), ImportOptions{
				AllowShrink: true, Rejected: func(e LineError) { faults = append(faults, e.Error()) }, Note: func(e LineError) { notes = append(notes, e.Error()) },
			})
			m, findErr := f.Find(t.Context(), "900000610")
			if err != nil || findErr != nil || m.Ended != (test.end != "") {
				t.Errorf("%s, BGN08 %s: %+v, %v; %+v, faults %q", name, action, report, err, m, faults)
				continue
			}
			isDeath := test.end == "2026-11-01"
			if test.fault == "" && (len(faults) > 0 || m.CoverageEnd.String() != test.end || report.DiedEnding != 1 || (len(notes) == 1 && strings.Contains(notes[0], "is the date of death")) != isDeath) ||
				test.fault != "" && (len(faults) != 1 || !strings.Contains(faults[0], test.fault)) {
				t.Errorf("%s, BGN08 %s: %+v, faults %q, notes %q, ends %s", name, action, report, faults, notes, m.CoverageEnd)
			}
		}
	}
}
