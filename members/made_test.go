package members

import (
	"errors"
	"strings"
	"testing"
)

// madeAt gives a file of X12 other dates: BGN03 and BGN04, GS04 and GS05.
func madeAt(file, begin, group string) string {
	return strings.NewReplacer("BGN*00*X*20261124*0000*", "BGN*00*X*"+begin+"*", "*A*B*20261124*0000*42", "*A*B*"+group+"*42").Replace(file)
}

// Files that come in the wrong order do not put older data in place of newer ones.
func TestOlder834IsRefused(t *testing.T) {
	t.Parallel()
	change := func(name string) string {
		return file834(set834("2", "INS*Y*18*001*25*A~REF*0F*900000610~NM1*IL*1*"+name+"*ANAK****JR~"))
	}
	const day = "20261124*0000"
	for name, test := range map[string]struct {
		first, second string
		want          string // of the refusal; "" if the second is applied
	}{
		"a change of a month before": {madeAt(change("NEU"), "20261110*", day), madeAt(change("ALT"), "20261010*", day), "made on 2026-10-10, and one made on 2026-11-10 was"},
		"an hour before":             {madeAt(change("NEU"), "20261110*1530", day), madeAt(change("ALT"), "20261110*143000", day), "made on 2026-11-10 14:30:00, and one made on 2026-11-10 15:30:00 was"},
		"by the group":               {madeAt(change("NEU"), "*", "20261110*1530"), madeAt(change("ALT"), "*", "20261110*14300099"), "made on 2026-11-10 14:30:00, and one made on 2026-11-10 15:30:00 was"},
		"change before full":         {madeAt(file834(set834("4", strings.Replace(insAnak, "RUIZ", "NEU", 1))), "20261110*", day), madeAt(change("ALT"), "20261109*", day), "made on 2026-11-09"},
		"full before change":         {madeAt(change("NEU"), "20261110*", day), madeAt(file834(set834("RX", strings.Replace(insAnak, "RUIZ", "ALT", 1))), "20201110*", day), "made on 2020-11-10"},
		"one of two sets": {madeAt(change("NEU"), "20261110*", day),
			strings.Replace(madeAt(file834(set834("2"), setNumbered("0002", "2", "INS*Y*18*001*25*A~REF*0F*900000610~NM1*IL*1*ALT*ANAK~")), "20261111*", day), "20261111", "20261109", 1), "made on 2026-11-09"},
		"in order":           {madeAt(change("ALT"), "20261010*", day), madeAt(change("NEU"), "20261110*", day), ""},
		"the same instant":   {madeAt(change("ALT"), "20261110*1530", day), madeAt(change("NEU"), "20261110*1530", day), ""},
		"the same day":       {madeAt(change("ALT"), "20261110*1530", day), madeAt(change("NEU"), "20261110*", day), ""},
		"midnight":           {madeAt(change("NEU"), "20261110*1530", day), madeAt(change("ALT"), "20261110*0000", day), "made on 2026-11-10 00:00:00, and one made on 2026-11-10 15:30:00 was"},
		"midnight, by group": {madeAt(change("NEU"), "*", "20261110*1530"), madeAt(change("ALT"), "*", "20261110*0000"), "made on 2026-11-10 00:00:00"},
		"midnight twice":     {madeAt(change("ALT"), "20261110*0000", day), madeAt(change("NEU"), "20261110*0000", day), ""},
		"a day to come":      {madeAt(change("ALT"), "20991231*", "20991231*0000"), madeAt(change("NEU"), "20261110*", day), ""},
		"no date":            {madeAt(change("ALT"), "20261110*1530", day), madeAt(change("NEU"), "*", "*"), ""},
		"a CSV in between":   {header + anak, madeAt(change("NEU"), "20261010*", day), ""},
		"a CSV after an 834": {madeAt(change("ALT"), "20261110*", day), header + strings.Replace(anak, "RUIZ", "NEU", 1), ""},
	} {
		f := newFixture(t)
		f.load(t, header+anak)
		f.load(t, test.first)
		report, err := f.Import(t.Context(), strings.NewReader(test.second), ImportOptions{})
		if isOld := errors.Is(err, ErrOldFile); isOld != (test.want != "") || !isOld && err != nil || isOld && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: Import = %+v, %v, want the refusal %q", name, report, err, test.want)
		}
		if m, err := f.Find(t.Context(), "900000610"); err != nil || m.LastName != "NEU" {
			t.Errorf("%s: the member is %+v, %v, want the newer name", name, m, err)
		}
		if test.want == "" {
			continue
		}
		if n := f.count(t, `SELECT count(*) FROM audit_events WHERE kind = 'roster.refused' AND reason = 'old_file'`); n != 1 {
			t.Errorf("%s: %d refusals in the audit, want 1", name, n)
		}
		if _, err := f.Import(t.Context(), strings.NewReader(test.second), ImportOptions{AllowOld: true}); err != nil {
			t.Errorf("%s: allowed: %v", name, err)
		}
		if m, err := f.Find(t.Context(), "900000610"); err != nil || m.LastName != "ALT" {
			t.Errorf("%s: allowed, and the member is %+v, %v", name, m, err)
		}
	}
}
