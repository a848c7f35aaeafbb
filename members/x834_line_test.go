package members

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// A loop of another insurance line, whatever its maintenance code and in whichever file, leaves the programme's coverage as it is,
// and so does a programme that nobody knows.
func TestOtherInsuranceLines(t *testing.T) {
	t.Parallel()
	const (
		unknown   = "program: is none of A, B, C, D"
		goesOn    = "INS03 is 024, but only coverage of other insurance lines ends"
		onlyOther = "has coverage of other insurance lines only"
	)
	for name, c := range map[string]struct {
		code, ins, loop string // BGN08, INS03
		others          string // HD03
		rejected, note  string // "" for none
	}{
		"dental ends":                {"2", "001", "HD*024**DEN*DENTAL~DTP*349*D8*20261031~", "DEN", "", ""},
		"dental without a name":      {"2", "001", "HD*024**DEN~DTP*349*D8*20261031~", "DEN", "", ""},
		"dental begins":              {"2", "001", "HD*021**DEN*DENTAL PLAN~DTP*348*D8*20261101~", "DEN", "", ""},
		"dental by the head":         {"2", "001", "HD*021**DCP*DENTAL~DTP*348*D8*20261101~", "DCP", "", ""},
		"vision begins and ends":     {"2", "001", "HD*021**VIS*EYES~DTP*348*RD8*20261101-20261231~", "VIS", "", ""},
		"hearing and drugs":          {"2", "001", "HD*021**HE*EARS~DTP*348*D8*20261101~HD*024**PDG~DTP*349*D8*20261031~", "HE PDG", "", ""},
		"mental health":              {"2", "001", "HD*024**AK*HUSKY A~DTP*349*D8*20261031~", "AK", "", ""},
		"no code":                    {"2", "001", "HD*024**RUIZ ANAK*HUSKY A~DTP*349*D8*20261031~", "?", "", ""},
		"eligibility of dental":      {"2", "001", "DTP*356*D8*20261101~DTP*357*D8*20261115~HD*021**DEN*DENTAL~", "DEN", "", ""},
		"the member's code":          {"2", "024", "HD*024**VIS*EYES~DTP*349*D8*20261031~", "VIS", "", goesOn},
		"with its eligibility":       {"2", "024", "DTP*357*D8*20261031~HD*024**VIS*EYES~DTP*349*D8*20261031~", "VIS", "", goesOn},
		"beside the programme":       {"2", "024", "HD*024**VIS*EYES~DTP*349*D8*20261031~HD*001**HMO*HUSKY A~DTP*348*D8*20250101~", "VIS", "", goesOn},
		"no eligibility, no medical": {"2", "025", "DTP*356*D8*20261101~HD*025**DEN~", "DEN", "", ""},
		"a programme nobody knows":   {"2", "001", "HD*021**HMO*GOLD~DTP*348*D8*20261101~", "", unknown, ""},
		"the same in a full file":    {"4", "030", "HD*030**HMO*GOLD~DTP*348*D8*20261101~", "", unknown, ""},
		"beside a known one":         {"4", "030", "HD*030**HMO*HUSKY A~DTP*348*D8*20250101~HD*030**HLT*GOLD~DTP*348*D8*20261101~", "", unknown, ""},
		"dental in a full file":      {"4", "030", "HD*030**HMO*HUSKY A~DTP*348*D8*20250101~HD*024**DEN*DENTAL~DTP*349*D8*20261031~", "DEN", "", ""},
		"dental alone, full":         {"4", "030", "DTP*356*D8*20261101~HD*030**DEN*DENTAL~DTP*348*D8*20240101~", "DEN", "", onlyOther},
		"the member's code, full":    {"4", "024", "DTP*357*D8*20261031~HD*024**VIS*EYES~DTP*349*D8*20261031~", "VIS", "", onlyOther},
		"no programme":               {"2", "001", "HD*001**HMO~DTP*348*D8*20250101~", "", "", ""},
		"no line":                    {"2", "001", "HD*001***HUSKY A~DTP*348*D8*20250101~", "", "", ""},
		"small letters":              {"2", "001", "HD*001**hmo*HUSKY A~DTP*348*D8*20250101~", "", "", ""},
		"eligibility alone":          {"2", "001", "DTP*356*D8*20250101~", "", "", ""},
	} {
		f := newFixture(t)
		f.load(t, file834(set834("4", insAnak, insNoah)))
		before, err := f.Find(t.Context(), "900000610")
		if err != nil {
			t.Fatal(err)
		}
		loop := "INS*Y*18*" + c.ins + "*25*A~REF*0F*900000610~NM1*IL*1*RUIZ*ANAK*M**JR~DMG*D8*19840314*M~" + c.loop
		var rejected, notes []string
		report, err := f.Import(t.Context(), strings.NewReader(file834(set834(c.code, loop, insNoah))), ImportOptions{
			Rejected: func(e LineError) { rejected = append(rejected, e.Error()) },
			Note:     func(e LineError) { notes = append(notes, e.Error()) },
		})
		if others := strings.Join(slices.Sorted(maps.Keys(report.OtherLines)), " "); err != nil || others != c.others {
			t.Errorf("%s: %v, loops of other lines %q, want %q", name, err, others, c.others)
		}
		for _, got := range []struct {
			what, is, want string
		}{{"rejected", strings.Join(rejected, ", "), c.rejected}, {"noted", strings.Join(notes, ", "), c.note}} {
			if got.want == "" && got.is != "" || !strings.Contains(got.is, got.want) {
				t.Errorf("%s: %s %q, want %q", name, got.what, got.is, got.want)
			}
		}
		after, err := f.Find(t.Context(), "900000610")
		if err != nil {
			t.Fatal(err)
		}
		if after.Program != before.Program || after.CoverageStart != before.CoverageStart || after.CoverageEnd != before.CoverageEnd || after.Ended {
			t.Errorf("%s: %s %v to %v, ended %t; want %s %v to %v", name, after.Program, after.CoverageStart, after.CoverageEnd, after.Ended,
				before.Program, before.CoverageStart, before.CoverageEnd)
		}
	}
}

// Such a loop makes nobody a member: neither a stranger, nor one who ended. In a set of its own it does not stand in the way of the
// programme's.
func TestOtherInsuranceLineBeginsNobody(t *testing.T) {
	t.Parallel()
	const (
		dental = "HD*021**DEN*DENTAL~DTP*348*D8*20261101~"
		nueva  = "INS*Y*18*021*25*A~REF*0F*900000617~NM1*IL*1*NUEVA*EVA~DMG*D8*19990101~"
	)
	for _, code := range []string{"2", "4"} {
		f := newFixture(t)
		f.load(t, header+anak+noah)
		if _, err := f.Import(t.Context(), strings.NewReader(file834(set834("4", insNoah))), ImportOptions{AllowShrink: true}); err != nil {
			t.Fatal(err)
		}
		file := func(more ...string) string {
			return file834(set834(code, slices.Concat([]string{insNoah,
				"INS*Y*18*021*25*A~REF*0F*900000610~NM1*IL*1*RUIZ*ANAK***JR~DMG*D8*19840314*M~" + dental, nueva + dental}, more)...))
		}
		report := f.load(t, file())
		if report.Added != 0 || report.Changed != 0 || report.Rejected != 0 || report.Ended != 0 || report.OtherLines["DEN"] != 2 {
			t.Errorf("BGN08 %s: Import = %+v, want nobody added, and two loops of dental", code, report)
		}
		if m, err := f.Find(t.Context(), "900000610"); err != nil || !m.Ended {
			t.Errorf("BGN08 %s: who had ended: %+v, %v", code, m, err)
		}
		again := strings.Replace(file("INS*Y*18*030*25*A~REF*0F*900000611~NM1*IL*1*SOTO*NOAH~DMG*D8*19840315*M~HD*030**VIS~DTP*348*D8*20261101~"), "*0000****", "*0001****", 1)
		if report = f.load(t, again); report.Changed+report.Added+report.Ended+report.Merged+report.Rejected != 0 {
			t.Errorf("BGN08 %s: a member's vision in a loop apart: %+v, want nothing changed", code, report)
		}
		apart := strings.Replace(file(nueva+"HD*021**HMO*HUSKY A~DTP*348*D8*20261101~"), "*20261124*0000****", "*20261125*0000****", 1)
		if report = f.load(t, apart); report.Added != 1 || report.Rejected != 0 || report.Merged != 0 {
			t.Errorf("BGN08 %s: the programme in a loop apart: %+v, want one added", code, report)
		}
	}
}

// The lines of a programme's medical coverage are a setting, and where HD04 says that it is too narrow the report does.
func TestInsuranceLinesAreASetting(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah)
	change := file834(set834("2", "INS*Y*18*001*25*A~REF*0F*900000610~HD*001**AK*HUSKY C~DTP*348*D8*20250101~",
		"INS*Y*18*001*25*A~REF*0F*900000611~HD*001**MM*HUSKY D~DTP*348*D8*20250101~HD*001**DEN*SMILE~"))
	for _, test := range []struct {
		lines  []string
		others map[string]int
	}{{nil, map[string]int{"AK": 1, "DEN": 1}}, {[]string{" ak"}, map[string]int{"MM": 1, "DEN": 1}}} {
		report, err := f.Import(t.Context(), strings.NewReader(change), ImportOptions{InsuranceLines: test.lines, DryRun: true})
		if err != nil || !maps.Equal(report.OtherLines, test.others) || report.OtherNamed != 1 || report.Changed != 1 {
			t.Errorf("lines %v: %+v, %v, want %v", test.lines, report, err, test.others)
		}
	}
	if _, err := f.Import(t.Context(), strings.NewReader(change), ImportOptions{InsuranceLines: []string{"AK"}}); err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, number := range []string{"900000610", "900000611"} {
		m, err := f.Find(t.Context(), number)
		if err != nil {
			t.Fatal(err)
		}
		got += m.Program
	}
	if got != "CA" {
		t.Errorf("programmes %q, want CA", got)
	}
}
