package members

import (
	"strings"
	"testing"
)

// A loop of another insurance line, whatever its maintenance code and in whichever file, leaves the programme's coverage as it is,
// and a change file does not clear the programme by a name that nobody knows.
func TestOtherInsuranceLines(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code, loop string
		rejected   string // "" for none
	}{
		"dental ends":              {"2", "HD*024**DEN*DENTAL~DTP*349*D8*20261031~", ""},
		"dental without a name":    {"2", "HD*024**DEN~DTP*349*D8*20261031~", ""},
		"dental begins":            {"2", "HD*021**DEN*DENTAL PLAN~DTP*348*D8*20261101~", ""},
		"dental by the head":       {"2", "HD*021**DCP*DENTAL~DTP*348*D8*20261101~", ""},
		"vision begins and ends":   {"2", "HD*021**VIS*EYES~DTP*348*RD8*20261101-20261231~", ""},
		"dental in a full file":    {"4", "HD*030**HMO*HUSKY A~DTP*348*D8*20250101~HD*024**DEN*DENTAL~DTP*349*D8*20261031~", ""},
		"a programme nobody knows": {"2", "HD*021**HMO*GOLD~DTP*348*D8*20261101~", "program: is none of A, B, C, D"},
	} {
		f := newFixture(t)
		if _, err := f.Import(t.Context(), strings.NewReader(file834(set834("4", insAnak, insNoah))), ImportOptions{}); err != nil {
			t.Fatal(err)
		}
		before, err := f.Find(t.Context(), "900000610")
		if err != nil {
			t.Fatal(err)
		}
		loop := "INS*Y*18*001*25*A~REF*0F*900000610~NM1*IL*1*RUIZ*ANAK*M**JR~DMG*D8*19840314*M~" + c.loop
		file := set834(c.code, loop, insNoah)
		var rejected []string
		if _, err := f.Import(t.Context(), strings.NewReader(file834(file)), ImportOptions{Rejected: func(e LineError) { rejected = append(rejected, e.Error()) }}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := strings.Join(rejected, ", "); c.rejected == "" && got != "" || !strings.Contains(got, c.rejected) {
			t.Errorf("%s: rejected %q, want %q", name, got, c.rejected)
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
