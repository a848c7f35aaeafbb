package members

import (
	"fmt"
	"strings"
	"testing"
)

// The days of Medicaid, and that from which a change counts, are read where the usual ones are missing; nobody ends today because a
// date was passed over.
func TestDatesOfMedicaidAndOfTheChange(t *testing.T) {
	t.Parallel()
	const (
		ref, nm1    = "REF*0F*900000610~", "NM1*IL*1*RUIZ*ANAK***JR~DMG*D8*19840314~"
		end, other  = "INS*Y*18*024*07*A~", "INS*Y*18*001*25*A~"
		hd, hdEnd   = "HD*001**HMO*HUSKY A~", "HD*024**HMO*HUSKY A~"
		audit       = "INS*Y*18*030**A~"
		january     = "20270131"
		since, from = "2025-01-01", "20250101"
	)
	was := func(end string) string { return since + " " + end }
	for name, test := range map[string]struct {
		loop  string
		spans string // start and end of coverage afterwards
		ended bool
		fault string // of a line that is left out
	}{
		"474, the end of a member":                         {end + ref + "DTP*474*D8*" + january + "~" + nm1, was("2027-01-31"), false, ""},
		"303, the end of a member":                         {end + ref + "DTP*303*D8*" + january + "~" + nm1, was("2027-01-31"), false, ""},
		"474 that has passed":                              {end + ref + "DTP*474*D8*20261031~" + nm1, was("2026-10-31"), true, ""},
		"303 that has passed":                              {end + ref + "DTP*303*D8*20261031~" + nm1, was("2026-10-31"), true, ""},
		"474 and 303":                                      {end + ref + "DTP*303*D8*20261130~DTP*474*D8*" + january + "~" + nm1, was("2027-01-31"), false, ""},
		"357 beside another 474":                           {end + ref + "DTP*474*D8*20261031~DTP*357*D8*" + january + "~" + nm1, was("2027-01-31"), false, ""},
		"474 behind the name":                              {end + ref + nm1 + "DTP*474*D8*" + january + "~", was("2027-01-31"), false, ""},
		"474 of the coverage":                              {end + ref + nm1 + hdEnd + "DTP*474*D8*" + january + "~", was("2027-01-31"), false, ""},
		"303 of the coverage":                              {end + ref + nm1 + hdEnd + "DTP*303*D8*" + january + "~", was("2027-01-31"), false, ""},
		"303 of the member, beside an HD":                  {end + ref + "DTP*303*D8*" + january + "~" + nm1 + hd, was("2027-01-31"), false, ""},
		"a coverage that ends by 303":                      {other + ref + "DTP*303*D8*" + january + "~" + nm1 + hdEnd, was("2027-01-31"), false, ""},
		"349 beside 303":                                   {other + ref + "DTP*303*D8*20261031~" + nm1 + hdEnd + "DTP*349*D8*" + january + "~", was("2027-01-31"), false, ""},
		"474 in a loop that changes":                       {other + ref + "DTP*474*D8*" + january + "~" + nm1, was("2027-01-31"), false, ""},
		"an end of Medicaid before the coverage":           {other + ref + "DTP*474*D8*20241231~" + nm1 + hd + "DTP*348*D8*" + from + "~", was(""), false, ""},
		"473 and 474 of a former period":                   {audit + ref + "DTP*473*D8*" + from + "~DTP*474*D8*20231231~" + nm1 + "HD*030**HMO*HUSKY A~", was(""), false, ""},
		"Medicaid ends, CHIP goes on":                      {audit + ref + "DTP*474*D8*20261031~" + nm1 + "HD*030**HMO*HUSKY B~DTP*348*D8*" + from + "~", was(""), false, ""},
		"several periods of Medicaid beside 356":           {audit + ref + "DTP*356*D8*" + from + "~DTP*473*D8*20190101~DTP*473*D8*20220101~" + nm1 + "HD*030**HMO*HUSKY A~", was(""), false, ""},
		"303 of an audit is no beginning":                  {audit + ref + "DTP*303*D8*20260801~" + nm1 + "HD*030**HMO*HUSKY A~DTP*348*D8*" + from + "~", was(""), false, ""},
		"another insurance line ends":                      {end + ref + "DTP*303*D8*" + january + "~" + nm1 + "HD*024**DEN*DENTAL~DTP*349*D8*" + january + "~" + hd + "DTP*348*D8*" + from + "~", was(""), false, ""},
		"an end without any day":                           {end + ref + nm1, was(""), true, ""},
		"an end beside days of nothing":                    {end + ref + "DTP*336*D8*00000000~" + nm1, was(""), true, ""},
		"an end with a day that is not read":               {end + ref + "DTP*339*D8*" + january + "~" + nm1, was(""), false, "DTP 339 may be it"},
		"an end of coverage outside of HD":                 {end + ref + "DTP*349*D8*" + january + "~" + nm1, was(""), false, "DTP 349 may be it"},
		"a coverage that ends on a day that is not read":   {other + ref + nm1 + hdEnd + "DTP*343*D8*" + january + "~", was(""), false, "DTP 343 may be it"},
		"474 that is no date":                              {end + ref + "DTP*474*D8*2027~" + nm1, was(""), false, notD8},
		"two ends of Medicaid":                             {end + ref + "DTP*474*D8*20261231~DTP*474*D8*" + january + "~" + nm1, was(""), false, "two DTP with different days"},
		"Medicaid ends, where the member has CHIP":         {end + ref + "DTP*474*D8*" + january + "~" + nm1 + "HD*024**HMO*HUSKY B~", was(""), false, "DTP 474 may be it"},
		"a day that is not read where one that is":         {end + ref + "DTP*336*D8*20200101~DTP*357*D8*" + january + "~" + nm1, was("2027-01-31"), false, ""},
		"a day that is not read where coverage ends by it": {end + ref + "DTP*336*D8*20200101~" + nm1 + hdEnd + "DTP*349*D8*" + january + "~", was("2027-01-31"), false, ""},
	} {
		f := newFixture(t)
		f.load(t, header+"900000610,ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,\n"+noah)
		var faults []string
		report, err := f.Import(t.Context(), strings.NewReader(file834(set834("2", test.loop))), ImportOptions{AllowShrink: true, Rejected: func(e LineError) { faults = append(faults, e.Error()) }})
		if err != nil && test.fault == "" {
			t.Errorf("%s: %v", name, err)
		}
		if got := strings.Join(faults, " "); test.fault == "" && got != "" || !strings.Contains(got+fmt.Sprint(err), test.fault) || report.Added+report.Held > 0 {
			t.Errorf("%s: faults %q, %v, %+v, want %q", name, got, err, report, test.fault)
		}
		m, err := f.Find(t.Context(), "900000610")
		if got := m.CoverageStart.String() + " " + m.CoverageEnd.String(); err != nil || m.Ended != test.ended || !m.Ended && got != test.spans {
			t.Errorf("%s: %q, ended %v, %v, want %q, %v", name, got, m.Ended, err, test.spans, test.ended)
		}
	}
}

// In a full file, too; and a new member's coverage begins with Medicaid, or with the change.
func TestBeginOfMedicaid(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ action, dates, hd, want string }{
		{"4", "DTP*473*D8*20260301~DTP*474*D8*20270228~", "", "2026-03-01 2027-02-28"},
		{"4", "DTP*473*RD8*20260301-20270228~", "", "2026-03-01 2027-02-28"},
		{"4", "DTP*473*D8*20260301~", "HD*030**HMO*HUSKY C~", "2026-03-01 "},
		{"4", "DTP*473*D8*20190301~", "HD*030**HMO*HUSKY C~DTP*348*D8*20260301~", "2026-03-01 "},
		{"4", "DTP*473*D8*20190301~DTP*356*D8*20260301~", "HD*030**HMO*HUSKY C~", "2026-03-01 "},
		{"4", "", "HD*030**HMO*HUSKY C~DTP*473*D8*20260301~DTP*474*D8*20270228~", "2026-03-01 2027-02-28"},
		{"4", "DTP*303*D8*20260301~", "HD*030**HMO*HUSKY C~", " "},
		{"2", "DTP*303*D8*20260301~", "HD*021**HMO*HUSKY C~", "2026-03-01 "},
		{"2", "DTP*303*D8*20260301~", "HD*021**HMO*HUSKY C~DTP*349*D8*20260228~", " 2026-02-28"},
		{"2", "DTP*303*D8*20260301~", "HD*021**HMO*HUSKY C~DTP*348*D8*20260401~", "2026-04-01 "},
	} {
		f := newFixture(t)
		f.load(t, file834(set834(test.action, "INS*Y*18*021*20*A~REF*0F*900000610~"+test.dates+"NM1*IL*1*RUIZ*ANAK***JR~DMG*D8*19840314~"+test.hd)))
		m, err := f.Find(t.Context(), "900000610")
		if got := m.CoverageStart.String() + " " + m.CoverageEnd.String(); err != nil || got != test.want {
			t.Errorf("%+v: %q, %v", test, got, err)
		}
	}
}

// A change of a person's data that counts from a day to come is told.
func TestChangeThatCountsLater(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah)
	var notes []string
	file := file834(set834("2", "INS*Y*18*001*25*A~REF*0F*900000610~DTP*303*D8*20270101~NM1*IL*1*RUIZ*ANIKA***JR~"))
	report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Note: func(e LineError) { notes = append(notes, e.Error()) }})
	if err != nil || report.Changed != 1 || len(notes) != 1 || !strings.Contains(notes[0], "DTP 303 is a day to come") {
		t.Errorf("%+v, %v, notes %q", report, err, notes)
	}
}

// A date of death ends nobody, and is not passed over without a word.
func TestDateOfDeath(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah)
	loop := strings.Replace(insAnak, "INS*Y*18*030**A", "INS*Y*18*030**A***AC***D8*20261101", 1)
	gone := "INS*Y*18*024*03*A***AC***D8*20261101~REF*0F*900000611~DTP*357*D8*20261101~NM1*IL*1*SOTO*NOAH~DMG*D8*19840315~"
	for _, action := range []string{"4", "2"} {
		var notes []string
		report, err := f.Import(t.Context(), strings.NewReader(file834(set834(action, loop, gone))), ImportOptions{AllowShrink: true, Note: func(e LineError) { notes = append(notes, e.Error()) }})
		if err != nil || report.Died != 1 || len(notes) != 1 || !strings.HasPrefix(notes[0], "segment 7: has a date of death (INS12)") {
			t.Errorf("BGN08 %s: %+v, %v, notes %q, want one", action, report, err, notes)
		}
	}
}

// Control numbers count: one that comes again is a part that was pasted twice.
func TestRepeatedControlNumbers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	change := file834(set834("2", strings.Replace(insAnak, "030", "001", 1)))
	again := strings.Replace(change, "ANAK", "ANIKA", 1)
	for name, test := range map[string]struct{ file, fault string }{
		"a set twice":         {file834(set834("2", insAnak), set834("2", insNoah)), "ST has the control number of one before"},
		"a set, with zeros":   {file834(setNumbered("1", "2", insAnak), setNumbered("0001", "2", insNoah)), "ST has the control number of one before"},
		"a group twice":       {strings.Replace(strings.Replace(change, "IEA*1*7", "", 1), "GE*1*42~\n~\n", "GE*1*42~\n"+change[strings.Index(change, "GS*"):strings.Index(change, "IEA")]+"IEA*2*7~\n", 1), "GS has the control number of one before"},
		"a file twice":        {change + again, "segment 18: ISA has the control number of one before"},
		"the next one of it":  {change + next(1, again), ""},
		"the same of another": {change + strings.Replace(again, "ZZ*A  ", "ZZ*AB ", 1), ""},
	} {
		_, err := f.Import(t.Context(), strings.NewReader(test.file), ImportOptions{DryRun: true})
		if test.fault == "" && err != nil || test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)) {
			t.Errorf("%s: %v, want %q", name, err, test.fault)
		}
	}
}
