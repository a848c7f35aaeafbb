package members

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a change file says of coverage, on a roster with A since 2025 and, where it says so, B to come.
func TestChangesOfCoverage(t *testing.T) {
	t.Parallel()
	day := func(s string) Date {
		d, _ := readD8(s)
		return d
	}
	a := span{Start: day("20250101"), Program: "A"}
	b := span{Start: day("20270101"), Program: "B"}
	until := func(s span, end string) span { s.End = day(end); return s }
	for name, c := range map[string]struct {
		loop string
		with []span
		want []span
	}{
		"nothing but the line":             {"HD*001**HMO~", nil, []span{a}},
		"the same without days":            {"HD*001**HMO*HUSKY A~", nil, []span{a}},
		"another without days":             {"HD*001**HMO*HUSKY C~", nil, []span{{Start: a.Start, Program: "C"}}},
		"eligibility":                      {"DTP*356*D8*20250101~", nil, []span{a}},
		"eligibility over two":             {"DTP*356*D8*20250101~", []span{until(a, "20261231"), b}, []span{until(a, "20261231"), b}},
		"the end of eligibility":           {"DTP*357*D8*20270630~", []span{until(a, "20261231"), b}, []span{until(a, "20261231"), until(b, "20270630")}},
		"its end before the second begins": {"DTP*357*D8*20261201~", []span{until(a, "20261231"), b}, []span{until(a, "20261201")}},
		"an end":                           {"HD*024**HMO*HUSKY A~DTP*349*D8*20261031~", nil, []span{until(a, "20261031")}},
		"the end of a past one, moved":     {"HD*024**HMO*HUSKY A~DTP*349*D8*20261031~", []span{until(a, "20260630")}, []span{until(a, "20261031")}},
		"the end of another":               {"HD*024**HMO*HUSKY B~DTP*349*D8*20261031~", nil, []span{a}},
		"an end beyond the next begin":     {"HD*024**HMO*HUSKY A~DTP*349*D8*20270115~", []span{until(a, "20261231"), b}, []span{until(a, "20261231"), b}},
		"an end before the begin":          {"HD*024**HMO*HUSKY A~DTP*349*D8*20241231~", nil, []span{{End: day("20241231"), Program: "A"}}},
		"the same of the second":           {"HD*024**HMO*HUSKY B~DTP*349*D8*20261231~", []span{until(a, "20261231"), b}, []span{until(a, "20261231")}},
		"never was":                        {"HD*002**HMO*HUSKY A~DTP*348*D8*20250101~", nil, []span{{End: day("20241231"), Program: "A"}}},
		"the second never was":             {"HD*002**HMO*HUSKY B~DTP*348*D8*20270101~", []span{until(a, "20261231"), b}, []span{until(a, "20261231")}},
		"never was, of another":            {"HD*002**HMO*HUSKY D~DTP*348*D8*20250101~", nil, []span{a}},
		"begins earlier":                   {"HD*001**HMO*HUSKY A~DTP*348*D8*20240101~", nil, []span{{Start: day("20240101"), Program: "A"}}},
		"before what is to come":           {"HD*021**HMO*HUSKY C~DTP*348*RD8*20261101-20261231~", []span{until(a, "20261231"), b}, []span{until(a, "20261031"), {Start: day("20261101"), End: day("20261231"), Program: "C"}, b}},
	} {
		f := newFixture(t)
		rec := record{FirstName: "ANAK", LastName: "RUIZ", BirthDate: Date{1984, 3, 14}, MemberNumber: "900000610"}
		if c.with == nil {
			c.with = []span{a}
		}
		var full strings.Builder
		for _, s := range c.with {
			full.WriteString("HD*030**HMO*HUSKY " + s.Program + "~DTP*348*D8*" + strings.ReplaceAll(s.Start.String(), "-", "") + "~")
			if !s.End.IsZero() {
				full.WriteString("DTP*349*D8*" + strings.ReplaceAll(s.End.String(), "-", "") + "~")
			}
		}
		const who = "A~REF*0F*900000610~NM1*IL*1*RUIZ*ANAK~DMG*D8*19840314~"
		f.load(t, file834(set834("4", "INS*Y*18*030**"+who+full.String(), insNoah)))
		report, err := f.Import(t.Context(), strings.NewReader(file834(set834("2", "INS*Y*18*001**"+who+c.loop))), ImportOptions{})
		if err != nil || report.Rejected > 0 {
			t.Errorf("%s: %+v, %v", name, report, err)
			continue
		}
		row, err := f.store.byNumber(t.Context(), f.numberMACs(rec.MemberNumber))
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.unseal(row.ID, row.Sealed)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got.covers()); diff != "" || row.Ended {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Whatever a change says of whatever is known, there is coverage, no span of it ends before it begins, and none meet on a day.
func TestChangesOfCoverageKeepSpansApart(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	day := func() Date {
		if random.IntN(4) == 0 {
			return Date{}
		}
		return Date{2025, 1 + random.IntN(3), 1 + random.IntN(5)}
	}
	one := func() (s span) {
		for s = (span{day(), day(), []string{"", "A", "B", "C"}[random.IntN(4)]}); !s.End.IsZero() && s.End.Before(s.Start); s.End = day() {
		}
		return s
	}
	several := func(most int) (rec record) {
		for {
			var spans []span
			for range 1 + random.IntN(most) {
				spans = append(spans, one())
			}
			if rec.setCovers(spans) {
				return rec
			}
		}
	}
	for range 50_000 {
		known, change := several(3), several(2)
		got := overlay(dropped(known.covers(), []span{one()}), change.covers())
		isWrong := len(got) == 0 || !known.setCovers(got) || slices.ContainsFunc(got, func(s span) bool { return !s.End.IsZero() && s.End.Before(s.Start) })
		if isWrong {
			t.Fatalf("%v on %v gives %v", change.covers(), known.covers(), got)
		}
	}
}
