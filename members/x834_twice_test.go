package members

import (
	"strings"
	"testing"
)

// A loop that says two things of one kind, or contradicts itself, is a fault of its member, who stays as before; one that says the same
// twice is read.
func TestLoopsThatContradictThemselves(t *testing.T) {
	t.Parallel()
	const (
		ins, ref    = "INS*Y*18*030*25*A~", "REF*0F*900000610~"
		nm1, dmg    = "NM1*IL*1*RUIZ*ANAK***JR~", "DMG*D8*19840314~"
		hd, start   = "HD*030**HMO*HUSKY A~", "DTP*348*D8*20250101~"
		ends, since = "INS*Y*18*024*07*A~", "DTP*357*D8*20261101~"
	)
	for name, test := range map[string]struct {
		loop  string
		fault string // "" for none
		ended bool
	}{
		"024 beside an HD that goes on":         {ends + ref + nm1 + dmg + "HD*001**HMO*HUSKY A~" + start, "segment 11: program: INS03 is 024, but this HD says", false},
		"024, one HD ends and another goes on":  {ends + ref + nm1 + dmg + "HD*024**HMO*HUSKY A~DTP*349*D8*20261101~HD*001**HMO*HUSKY B~DTP*348*D8*20261102~", "segment 13: program: INS03 is 024", false},
		"024 beside an HD with an open end":     {ends + ref + nm1 + dmg + hd + start + "DTP*349*D8*99991231~", "segment 11: program: INS03 is 024", false},
		"024 beside an HD with an end":          {ends + ref + nm1 + dmg + "HD*001**HMO*HUSKY A~DTP*349*D8*20261101~", "", true},
		"024 with the end of eligibility":       {ends + ref + since + nm1 + dmg + "HD*001**HMO*HUSKY A~" + start, "", true},
		"024 with HD 024":                       {ends + ref + nm1 + dmg + "HD*024**HMO*HUSKY A~", "", true},
		"two birth dates":                       {ins + ref + nm1 + dmg + "DMG*D8*20150607~" + hd + start, "segment 11: birth_date: there are two DMG", false},
		"one birth date twice":                  {ins + ref + nm1 + dmg + dmg + hd + start, "", false},
		"a birth date before the name":          {ins + ref + dmg + nm1 + hd + start, "segment 9: birth_date: DMG comes before NM1", false},
		"two people":                            {ins + ref + nm1 + dmg + "NM1*IL*1*RUIZ*BEA~DMG*D8*20150607~" + hd + start, "segment 11: last_name: there are two NM1", false},
		"two people, the second without a date": {ins + ref + nm1 + dmg + "NM1*IL*1*RUIZ*BEA~" + hd + start, "segment 11: last_name: there are two NM1", false},
		"another insured behind the coverage":   {ins + ref + nm1 + dmg + hd + start + "COB*P*X*1~NM1*IL*1*PAZ*EVA~", "segment 14: last_name: there are two NM1", false},
		"one name twice":                        {ins + ref + nm1 + dmg + "NM1*IL*1*RUIZ*ANAK***Jr.~" + hd + start, "", false},
		"two numbers":                           {ins + ref + "REF*0F*900000611~" + nm1 + dmg + hd + start, "segment 7: member_number: there are two REF 0F", false},
		"three numbers":                         {ins + ref + "REF*0F*900000619~REF*0F*900000618~" + nm1 + dmg + hd + start, "segment 7: member_number: there are two REF 0F", false},
		"a number and none":                     {ins + ref + "REF*0F*X1~" + nm1 + dmg + hd + start, "segment 7: member_number: there are two REF 0F", false},
		"none and a number":                     {ins + "REF*0F*X1~" + ref + nm1 + dmg + hd + start, "segment 7: member_number: there are two REF 0F", false},
		"one number twice":                      {ins + ref + "REF*0F*900 000 610~" + nm1 + dmg + hd + start, "", false},
		"the end of eligibility first":          {ins + ref + "DTP*357*D8*20271231~DTP*356*D8*20250101~" + nm1 + dmg + hd, "", false},
		"an end before the beginning":           {ins + ref + "DTP*357*D8*20241231~DTP*356*D8*20250101~" + nm1 + dmg + hd, "segment 7: coverage_end: is before coverage_start", false},
		"two beginnings of eligibility":         {ins + ref + "DTP*356*D8*20250101~DTP*356*D8*20260101~" + nm1 + dmg + hd, "segment 10: coverage_start: there are two DTP", false},
		"two beginnings of coverage":            {ins + ref + nm1 + dmg + hd + start + "DTP*348*D8*20260101~", "segment 13: coverage_start: there are two DTP", false},
		"two ends of coverage":                  {ins + ref + nm1 + dmg + hd + start + "DTP*349*D8*20271231~DTP*349*D8*20281231~", "segment 14: coverage_end: there are two DTP", false},
		"a period for an end":                   {ins + ref + nm1 + dmg + hd + "DTP*348*D8*20250101~DTP*349*RD8*20251231-20271231~", "segment 13: coverage_end: DTP 349 is one day, and has a period of several (RD8)", false},
		"a period of one day for an end":        {ins + ref + nm1 + dmg + hd + "DTP*348*D8*20250101~DTP*349*RD8*20271231-20271231~", "", false},
		"a period and another end":              {ins + ref + nm1 + dmg + hd + "DTP*348*RD8*20250101-20271231~DTP*349*D8*20281231~", "segment 13: coverage_end: there are two DTP", false},
	} {
		for _, code := range []string{"4", "2"} {
			f := newFixture(t)
			f.load(t, header+anak+noah)
			var faults []string
			report, err := f.Import(t.Context(), strings.NewReader(file834(set834(code, test.loop, insNoah))),
				ImportOptions{AllowShrink: true, Rejected: func(e LineError) { faults = append(faults, e.Error()) }})
			if err != nil || report.Added > 0 || report.Held > 0 {
				t.Errorf("%s, BGN08 %s: %+v, %v, faults %q", name, code, report, err, faults)
				continue
			}
			if test.fault == "" && len(faults) > 0 || test.fault != "" && (len(faults) != 1+strings.Count(test.loop, "COB*") || !strings.HasPrefix(faults[0], test.fault)) {
				t.Errorf("%s, BGN08 %s: faults %q, want %q", name, code, faults, test.fault)
			}
			if m, err := f.Find(t.Context(), "900000610"); err != nil || m.Ended != test.ended || m.FirstName != "ANAK" || m.LastName != "RUIZ" || m.BirthDate != (Date{1984, 3, 14}) || m.Program != "A" && !m.Ended {
				t.Errorf("%s, BGN08 %s: %+v, %v", name, code, m, err)
			}
			if m, err := f.Find(t.Context(), "900000611"); err != nil || m.Ended {
				t.Errorf("%s, BGN08 %s: NOAH is %+v, %v", name, code, m, err)
			}
		}
	}
}

// The sets of a second interchange count like those of the first one, and a change file is never part of a full one.
func TestSecondInterchange(t *testing.T) {
	t.Parallel()
	full, change := file834(set834("4", insAnak)), next(1, file834(set834("2", strings.Replace(insNoah, "*030*", "*024*", 1))))
	second := next(1, file834(set834("4", insNoah)))
	for name, test := range map[string]struct{ file, says string }{
		"both full":         {full + second, ""},
		"a change behind":   {full + change, "full and change"},
		"a full behind":     {change + full, "full and change"},
		"a test behind":     {full + strings.Replace(second, "*P*:", "*T*:", 1), "ISA15"},
		"inside a set":      {strings.Replace(full, "SE*", full+"SE*", 1), "ISA is in the wrong place"},
		"between sets":      {strings.Replace(full, "GE*", full+"GE*", 1), "ISA is in the wrong place"},
		"other delimiters":  {full + strings.ReplaceAll(second, "*", "|"), ""},
		"cut off":           {full + second[:300], "cut off"},
		"the same pasted":   {full + full, "ISA has the control number of one before"},
		"the same again":    {full + next(1, full), "would end 1"}, // NOAH is absent
		"empty, of its own": {full + next(2, file834(set834("4"))) + second, ""},
	} {
		f := newFixture(t)
		f.load(t, header+anak+noah)
		report, err := f.Import(t.Context(), strings.NewReader(test.file), ImportOptions{})
		if (err != nil) != (test.says != "") || err != nil && (!strings.Contains(err.Error(), test.says) || report.Ended > 0 && name != "the same again") || err == nil && report.Ended > 0 {
			t.Errorf("%s: %+v, %v, want %q", name, report, err, test.says)
		}
		if n := f.count(t, `SELECT count(*) FROM members WHERE ended_at IS NULL`); n != 2 {
			t.Errorf("%s: %d members", name, n)
		}
	}
}

// Several HD of one programme in one loop that overlap, and are not the same, contradict each other, as those of two loops do.
func TestOverlappingHDOfOneLoop(t *testing.T) {
	t.Parallel()
	const (
		ended   = "HD*030**HMO*HUSKY A~DTP*348*D8*20250101~DTP*349*D8*20261031~"
		open    = "HD*030**HMO*HUSKY A~DTP*348*D8*20250101~"
		former  = "HD*030**HMO*HUSKY A~DTP*348*D8*20230101~DTP*349*D8*20250630~"
		before  = "HD*030**HMO*HUSKY A~DTP*348*D8*20230101~DTP*349*D8*20241231~"
		undated = "HD*030**HMO*HUSKY A~"
		under   = "overlaps another HD of the same program"
	)
	for name, test := range map[string]struct{ action, hd, fault string }{
		"an end is undone":               {"4", ended + open, under},
		"the other way round":            {"4", open + ended, under},
		"the begin is moved back":        {"4", ended + former, under},
		"one without dates":              {"4", ended + undated, under},
		"a later one after a third":      {"4", before + open + ended, under},
		"of two benefits":                {"4", ended + strings.Replace(open, "HMO", "HLT", 1), "if HMO or HLT (HD03) is of another benefit"},
		"a change file":                  {"2", ended + open, under},
		"one after the other":            {"4", before + open, ""},
		"twice the same":                 {"4", open + open, ""},
		"twice the same, two benefits":   {"4", open + strings.Replace(open, "HMO", "HLT", 1), ""},
		"ended and begun, change file":   {"2", strings.Replace(undated, "030", "024", 1) + open, ""},
		"never was, beside one that is":  {"4", strings.Replace(undated, "030", "002", 1) + open, ""},
		"without dates, by eligibility":  {"4", "DTP*356*D8*20250101~" + undated + open, ""},
		"the programme's and one dental": {"4", open + "HD*030**DEN*HUSKY A~DTP*348*D8*20200101~", ""},
	} {
		f := newFixture(t)
		f.load(t, header+"900000610,ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,2026-10-31\n"+noah)
		faults, touched := outcome(t, f, file834(set834(test.action, "INS*Y*18*030*25*A~REF*0F*900000610~NM1*IL*1*RUIZ*ANAK***JR~DMG*D8*19840314~"+test.hd, insNoah)), "900000610")
		if test.fault == "" && len(faults) > 0 || test.fault != "" && (len(touched) > 0 || len(faults) != 1 || !strings.Contains(faults[0], test.fault)) {
			t.Errorf("%s: changed %q, faults %q, want %q", name, touched, faults, test.fault)
		}
	}
}
