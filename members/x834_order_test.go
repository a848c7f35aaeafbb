package members

import (
	"slices"
	"strings"
	"testing"
)

// The order of one person's loops in a change file does not matter, and a programme that begins is kept when another one ends.
func TestOrderOfLoopsDoesNotMatter(t *testing.T) {
	t.Parallel()
	const roster = header + "900000610,ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,\n" + "900000611,NOAH,SOTO,,1984-03-15,B,2025-01-01,\n"
	loop := func(code, rest string) string {
		return "INS*Y*18*" + code + "*25*A~REF*0F*900000610~" + strings.Replace(rest, "NM1~", "NM1*IL*1*RUIZ*ANAK***JR~DMG*D8*19840314*M~", 1)
	}
	beginB := func(day string) string { return loop("021", "NM1~HD*021**HMO*HUSKY B~DTP*348*D8*"+day+"~") }
	endA := func(day string) string { return loop("024", "NM1~HD*024**HMO*HUSKY A~DTP*349*D8*"+day+"~") }
	for name, c := range map[string]struct {
		loops   []string
		program string // "" for ended
	}{
		"past":                  {[]string{beginB("20261101"), endA("20261031")}, "B"},
		"with the eligibility":  {[]string{beginB("20261101"), loop("024", "DTP*357*D8*20261031~NM1~HD*024**HMO*HUSKY A~DTP*349*D8*20261031~")}, "B"},
		"with both days":        {[]string{beginB("20261101"), loop("024", "NM1~HD*024**HMO*HUSKY A~DTP*348*D8*20250101~DTP*349*D8*20261115~")}, "B"},
		"overlapping":           {[]string{beginB("20261101"), endA("20261115")}, "B"},
		"without a day":         {[]string{beginB("20261101"), loop("024", "NM1~HD*024**HMO*HUSKY A~")}, "B"},
		"a change of programme": {[]string{loop("001", "NM1~HD*021**HMO*HUSKY B~DTP*348*D8*20261101~"), endA("20261031")}, "B"},
		"the same programme":    {[]string{loop("021", "NM1~HD*021**HMO*HUSKY A~DTP*348*D8*20261101~"), endA("20261031")}, "A"},
		"begun and ended":       {[]string{loop("021", "NM1~HD*021**HMO*HUSKY A~DTP*348*D8*20260101~"), endA("20261031")}, ""},
		"all of it ends":        {[]string{beginB("20261001"), loop("024", "DTP*357*D8*20261031~NM1~")}, ""},
	} {
		reversed := slices.Clone(c.loops)
		slices.Reverse(reversed)
		apart := slices.Insert(slices.Clone(reversed), 1, strings.Replace(insNoah, "*030*", "*001*", 1))
		for i, loops := range [][]string{c.loops, reversed, apart} {
			f := newFixture(t)
			f.load(t, roster)
			report, err := f.Import(t.Context(), strings.NewReader(file834(set834("2", loops...))), ImportOptions{AllowShrink: true})
			if err != nil || report.Rejected+report.Held > 0 {
				t.Fatalf("%s, order %d: %+v, %v", name, i, report, err)
			}
			m, err := f.Find(t.Context(), "900000610")
			if err != nil || m.Ended != (c.program == "") || !m.Ended && (m.Program != c.program || !m.CoverageEnd.IsZero()) {
				t.Errorf("%s, order %d: %+v, %v, want %q", name, i, m, err, c.program)
			}
		}
	}
	// In two files, the end last; the day of the end may be to come.
	for begin, end := range map[string]string{"20261101": "20261031", "20270101": "20261231"} {
		f := newFixture(t)
		f.load(t, roster)
		f.load(t, file834(set834("2", beginB(begin))))
		f.load(t, file834(set834("2", endA(end))))
		row, err := f.store.byNumber(t.Context(), f.numberMACs("900000610"))
		if err != nil {
			t.Fatal(err)
		}
		rec, err := f.unseal(row.ID, row.Sealed)
		if err != nil || !rec.Ends.IsZero() || rec.Program != "B" || !rec.CoverageEnd.IsZero() || len(rec.Earlier) != 1 || rec.Earlier[0].Program != "A" {
			t.Errorf("the end of %s in another file: %+v, %v", end, rec, err)
		}
	}
}
