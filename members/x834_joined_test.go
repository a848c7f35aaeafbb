package members

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const (
	joinedRoster = header + "900000612,EVA,PAZ,,1990-01-01,C,2024-01-01,2026-12-31\n900000613,LEO,SOL,,1991-01-01,C,2025-01-01,\n"
	joinedEva    = "INS*Y*18*030**A***AC~REF*0F*900000612~REF*1L*GROUP~DTP*356*D8*20240101~NM1*IL*1*PAZ*EVA~PER*IP**HP*2035550100~N3*1 STREET~N4*HARTFORD*CT*06510~" +
		"DMG*D8*19900101*M~HD*030**HMO*HUSKY C~DTP*348*D8*20240101~DTP*349*D8*20261231~LX*1~NM1*P3*1*DOE*ANN~COB*P*X*5~"
	joinedLeo = "INS*Y*18*030**A***AC~REF*0F*900000613~NM1*IL*1*SOL*LEO~DMG*D8*19910101*M~HD*030**HMO*HUSKY C~DTP*348*D8*20250101~"
)

// A segment whose end is lost, or became an element separator, holds the next one: it counts for nobody, wherever it is.
func TestSegmentsJoined(t *testing.T) {
	t.Parallel()
	people := joinedLeo + joinedEva + strings.NewReplacer("900000613", "900000614", "SOL*LEO", "MAR*INA").Replace(joinedLeo)
	f := newFixture(t)
	f.load(t, joinedRoster+"900000614,INA,MAR,,1991-01-01,C,2025-01-01,\n")
	numbers := []string{"900000612", "900000613", "900000614"}
	round := 0
	for _, action := range []string{"4", "2"} {
		file := func(people string) string { round++; return next(round, file834(set834(action, people))) }
		if faults, touched := outcome(t, f, file(people), numbers...); len(faults)+len(touched) > 0 {
			t.Fatalf("as it should be: changed %q, faults %q", touched, faults)
		}
		for at := range len(people) - 1 {
			name, into := "", []string(nil)
			switch people[at] {
			case '~':
				name, into = "end", []string{"*", "", " "}
			case '*':
				name, into = "separator", []string{"~"}
			}
			for _, by := range into {
				faults, touched := outcome(t, f, file(people[:at]+by+people[at+1:]), numbers...)
				if by != "*" && strings.HasPrefix(people[at:], "~N3") && len(faults)+len(touched) == 0 { // only an address is lost
					continue
				}
				if len(touched) > 0 || len(faults) == 0 || !strings.HasPrefix(faults[0], "segment ") {
					t.Errorf("BGN08 %s, %s replaced by %q at %q: changed %q, faults %q", action, name, by, people[max(0, at-25):min(len(people), at+15)], touched, faults)
				}
			}
		}
	}
}

// What is lost in a joined segment was a day, a coverage or another person's whole loop.
func TestSegmentsJoinedThatEndedMembers(t *testing.T) {
	t.Parallel()
	const end = "~HD*024**HMO*HUSKY C~DTP*349*D8*20270630~"
	eva := func(rest string) string {
		return "INS*Y*18*001*25*A~REF*0F*900000612~NM1*IL*1*PAZ*EVA~DMG*D8*19900101*U" + rest
	}
	for name, test := range map[string]struct{ action, people, fault string }{
		"behind HD":             {"2", eva(strings.Replace(end, "C~DTP", "C*DTP", 1)), "element 5 is DTP"},
		"behind HD, no end":     {"2", eva(strings.Replace(end, "C~DTP", "CDTP", 1)), "begin in element 4"},
		"behind DMG":            {"2", strings.Replace(eva("*DTP*357*D8*20270630~HD*024**HMO*HUSKY C~"), "*001*", "*024*", 1), "element 4 is DTP"},
		"behind DMG, no end":    {"2", strings.Replace(eva("DTP*357*D8*20270630~HD*024**HMO*HUSKY C~"), "*001*", "*024*", 1), "begin in element 3"},
		"behind DMG, a sign":    {"2", strings.Replace(eva("^DTP*357*D8*20270630~HD*024**HMO*HUSKY C~"), "*001*", "*024*", 1), "begin in element 3"},
		"behind a DTP":          {"4", joinedLeo + strings.Replace(joinedEva, "20240101~DTP*349", "20240101*DTP*349", 1), "element 4 is DTP"},
		"the whole next loop":   {"4", joinedLeo[:len(joinedLeo)-1] + "*" + strings.ReplaceAll(joinedEva[:len(joinedEva)-1], "~", "*") + "~", "element 4 is INS"},
		"a loop above all":      {"4", strings.Replace("N1*TV*BROKER*FI*0*"+strings.ReplaceAll(joinedEva[:len(joinedEva)-1], "~", "*"), "~", "*", -1) + "~" + joinedLeo, "element 5 is INS"},
		"the programme's HD":    {"4", joinedLeo + strings.Replace(joinedEva, "HD*030**HMO*HUSKY C~", "HD*030**DEN~DTP*348*D8*20240101*HD*030**HMO*HUSKY C~", 1), "element 4 is HD"},
		"a person without data": {"2", "INS*Y*18*024*07*A*REF*0F*900000612~" + joinedLeo, "element 6 is REF"},
		"a day of no segment":   {"2", eva("~HD*024**HMO*HUSKY C~DTP*349*D8*20270630*349~"), "has more than the 3 elements"},
	} {
		f := newFixture(t)
		f.load(t, joinedRoster)
		faults, touched := outcome(t, f, file834(set834(test.action, test.people)), "900000612", "900000613")
		if len(touched) > 0 || len(faults) == 0 || !strings.Contains(faults[0], test.fault) {
			t.Errorf("%s: changed %q, faults %q, want %q", name, touched, faults, test.fault)
		}
	}
}

// Whatever an 834 may have is no joined segment.
func TestWhatSegmentsMayHold(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"INS*Y*18*030*XN*A*A::1**FT*F*N*D8*20260101*R*INS*CT*PER*1", "NM1*IL*1*HD*DTP*REF*INS*JR*34*111223333", "NM1*IL*1*ASHREF*AL*B", "N4*HARTFORD*CT*06510*PER*CY*1",
		"DTP*349*D8*20270630****", "REF*ZZ*DTP", "DMG*D8*19900101*M*I*RET:2106-3*1*PER****", "HD*030**HMO*HD*FAM", "PER*IP*INS*HP*2035550100*EM*HD*TE*DTP*REF",
		"NTE*ADD*HD*REF", "COB*P*HD*5*1", "EC*A*HD*REF*40*20*A*1", "HLH*X*74*210****", "ICM*3*800*20*PER*INS*USD", "LUI*LE*EN*ENGLISH*7*N",
	} {
		if s := (segment{strings.Split(text, "*"), 1}); s.joined() != "" {
			t.Errorf("%s: %s", text, s.joined())
		}
	}
	for name, form := range segmentForms {
		whole := segment{append([]string{name}, slices.Repeat([]string{"1"}, form.most)...), 1}
		more := segment{append(slices.Clone(whole.elements), "1"), 1}
		if !isSegment(name) || whole.joined() != "" || more.joined() != fmt.Sprintf("has more than the %d elements that X12 knows: is the end of a segment missing?", form.most) {
			t.Errorf("%s: %q, %q", name, whole.joined(), more.joined())
		}
	}
}
