package members

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A number that was given to the wrong person goes back to the row, and so to the account, of the one who had it.
func TestNumberGoesBackToItsFormerMember(t *testing.T) {
	t.Parallel()
	const ins = "INS*Y*18*001*25*A~REF*0F*900000610~NM1*IL*1*RUIZ*ANAK***JR~DMG*D8*19840314~HD*001**HMO*HUSKY A~DTP*348*D8*20250101~"
	full := func(line string) string { return header + noah + line }
	for name, test := range map[string]struct {
		other, back string
		lines       int
	}{
		"another person":           {"900000610,MARTA,PAZ,,1999-01-02,B,,\n", full(anak), 1},
		"a twin":                   {"900000610,LEO,RUIZ,,1984-03-15,A,,\n", full(strings.Replace(anak, "RUIZ", "Ruíz", 1)), 1},
		"in two lines":             {"900000610,MARTA,PAZ,,1999-01-02,B,,\n", full("900000610,ANAK,RUIZ,JR,1984-03-14,A,2024-01-01,2024-12-31\n900000610,ANAK,RUIZ,JR,1984-03-14,A,2025-02-01,\n"), 2},
		"without optional columns": {"900000610,MARTA,PAZ,,1999-01-02,B,,\n", "member_number,first_name,last_name,birth_date\n900000611,NOAH,SOTO,1984-03-15\n900000610,ANAK,RUIZ,1984-03-14\n", 1},
		"a change file":            {"900000610,MARTA,PAZ,,1999-01-02,B,,\n", file834(set834("2", ins)), 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.load(t, header+anak+strings.Replace(noah, "2025", "2024", 1)) // with the same rows it would be an old file
			hers, err := f.Find(t.Context(), "900000610")
			if err != nil {
				t.Fatal(err)
			}
			decide := func(file string, lines int, same bool) (Report, error) {
				var held []int
				seen, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Held: func(e LineError) { held = append(held, e.Line) }})
				if err != nil || len(held) != lines {
					t.Fatalf("Import = %+v, %v, held %v, want held lines", seen, err, held)
				}
				o := ImportOptions{OtherPerson: held, Review: seen.Review}
				if same {
					o = ImportOptions{SamePerson: held, Review: seen.Review}
				}
				return f.Import(t.Context(), strings.NewReader(file), o)
			}
			if report, err := decide(full(test.other), 1, false); err != nil || report.Displaced != 1 {
				t.Fatalf("%+v, %v, want one who lost the number", report, err)
			}
			taken, err := f.Find(t.Context(), "900000610")
			if err != nil || taken.ID == hers.ID {
				t.Fatalf("the number is of %+v, %v, want another row", taken, err)
			}
			var says []string
			if _, err := f.Import(t.Context(), strings.NewReader(test.back), ImportOptions{DryRun: true, Held: func(e LineError) { says = append(says, e.Error()) }}); err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(says, func(s string) bool { return strings.Contains(s, "from whom this number was taken") }) {
				t.Errorf("held: %q, want the former member named as such", says)
			}
			if _, err := decide(test.back, test.lines, true); !isReview(err) {
				t.Errorf("decided as the same person: %v, want *ReviewError", err)
			}
			report, err := decide(test.back, test.lines, false)
			if err != nil || report.Added != 0 || report.Changed != 1 || report.Held != 0 || report.Displaced != 1 {
				t.Errorf("decided: %+v, %v, want one changed, nobody added and one who lost the number", report, err)
			}
			back, err := f.Find(t.Context(), "900000610")
			if err != nil || back.ID != hers.ID || back.Ended || back.MemberNumber != "900000610" || back.FirstName != "ANAK" || back.Program != "A" || back.Suffix != "JR" {
				t.Errorf("the number is of %+v, %v, want the row of before, active", back, err)
			}
			if m, err := f.Member(t.Context(), taken.ID); err != nil || !m.Ended || m.MemberNumber != "" {
				t.Errorf("who had it by mistake = %+v, %v, want ended, without a number", m, err)
			}
			if n := f.count(t, `SELECT count(*) FROM members`); n != 3 {
				t.Errorf("%d rows, want 3: one a person", n)
			}
		})
	}
}

// Who lost a number and comes back under another one continues in the row, and so the account, of before, if it is decided so.
func TestFormerMemberUnderANewNumber(t *testing.T) {
	t.Parallel()
	const ins = "INS*Y*18*021*25*A~REF*0F*900000700~NM1*IL*1*RUIZ*ANAK***JR~DMG*D8*19840314~HD*021**HMO*HUSKY C~DTP*348*D8*20261101~"
	marta := "900000610,MARTA,PAZ,,1999-01-02,B,,\n"
	anew := strings.Replace(anak, "900000610", "900000700", 1)
	for name, test := range map[string]struct {
		back  string
		lines int
	}{
		"a full file":   {header + noah + marta + anew, 1},
		"in two lines":  {header + noah + marta + "900000700,ANAK,RUIZ,JR,1984-03-14,A,2024-01-01,2024-12-31\n900000700,ANAK,RUIZ,JR,1984-03-14,A,2025-02-01,\n", 2},
		"a change file": {file834(set834("2", ins)), 1},
	} {
		for _, same := range []bool{true, false} {
			f := newFixture(t)
			f.load(t, header+anak+strings.Replace(noah, "2025", "2024", 1))
			hers, err := f.Find(t.Context(), "900000610")
			if err != nil {
				t.Fatal(err)
			}
			var held []int
			var says []string
			read := func(file string, o ImportOptions) (Report, error) {
				held, says = nil, nil
				o.Held = func(e LineError) { held, says = append(held, e.Line), append(says, e.Problem) }
				return f.Import(t.Context(), strings.NewReader(file), o)
			}
			report, err := read(header+noah+marta, ImportOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := read(header+noah+marta, ImportOptions{OtherPerson: held, Review: report.Review}); err != nil {
				t.Fatal(err)
			}
			rows := f.count(t, `SELECT count(*) FROM members`)
			report, err = read(test.back, ImportOptions{})
			if err != nil || report.Added != 0 || report.Held != 1 || len(held) != test.lines || !strings.HasPrefix(says[0], "is new, but has the name and birth date of the person from whom another number was taken") {
				t.Errorf("%s: %+v, %v, held %q", name, report, err, says)
				continue
			}
			if _, err := f.Find(t.Context(), "900000700"); err == nil {
				t.Errorf("%s: somebody has the new number before it is decided", name)
			}
			o := ImportOptions{OtherPerson: held, Review: report.Review}
			if same {
				o = ImportOptions{SamePerson: held, Review: report.Review}
			}
			if report, err = read(test.back, o); err != nil || report.Held != 0 {
				t.Errorf("%s, same %t: %+v, %v", name, same, report, err)
				continue
			}
			m, err := f.Find(t.Context(), "900000700")
			if err != nil || (m.ID == hers.ID) != same || m.Ended || m.MemberNumber != "900000700" || m.Suffix != "JR" {
				t.Errorf("%s, same %t: %+v, %v", name, same, m, err)
			}
			if n := f.count(t, `SELECT count(*) FROM members`); (n == rows) != same {
				t.Errorf("%s, same %t: %d rows of %d", name, same, n, rows)
			}
			if m, err := f.Find(t.Context(), "900000610"); err != nil || m.FirstName != "MARTA" || m.Ended {
				t.Errorf("%s, same %t: her former number is of %+v, %v", name, same, m, err)
			}
		}
	}
}

// Where one file gives a member's number to somebody else, and the member another one, nobody gets a second row.
func TestMemberWithANewNumberInTheSameFile(t *testing.T) {
	t.Parallel()
	const (
		marta = "INS*Y*18*030*25*A~REF*0F*900000610~NM1*IL*1*PAZ*MARTA~DMG*D8*19990102~HD*030**HMO*HUSKY B~DTP*348*D8*20261101~"
		back  = "INS*Y*18*030*25*A~REF*0F*900000700~NM1*IL*1*RUIZ*ANAK***JR~DMG*D8*19840314~HD*030**HMO*HUSKY A~DTP*348*D8*20250101~"
	)
	for _, code := range []string{"2", "4"} {
		for i, loops := range [][]string{{marta, back, insNoah}, {back, marta, insNoah}} {
			f := newFixture(t)
			f.load(t, header+anak+noah)
			hers, err := f.Find(t.Context(), "900000610")
			if err != nil {
				t.Fatal(err)
			}
			file := file834(set834(code, loops...))
			lineOfMarta, lineOfAnak := 7, 13
			if i == 1 {
				lineOfMarta, lineOfAnak = 13, 7
			}
			read := func(o ImportOptions) (Report, error) { return f.Import(t.Context(), strings.NewReader(file), o) }
			report, err := read(ImportOptions{})
			if err != nil || report.Held != 2 || report.Added != 0 {
				t.Fatalf("BGN08 %s, order %d: %+v, %v, want two held", code, i, report, err)
			}
			if _, err := read(ImportOptions{OtherPerson: []int{lineOfMarta}, SamePerson: []int{lineOfAnak}, Review: report.Review}); !isReview(err) {
				t.Errorf("BGN08 %s, order %d, both at once: %v, want *ReviewError", code, i, err)
			}
			report, err = read(ImportOptions{OtherPerson: []int{lineOfMarta}, Review: report.Review})
			if err != nil || report.Added != 1 || report.Held != 1 {
				t.Fatalf("BGN08 %s, order %d, the first: %+v, %v", code, i, report, err)
			}
			if report, err = read(ImportOptions{}); err != nil || report.Held != 1 {
				t.Fatalf("BGN08 %s, order %d, again: %+v, %v", code, i, report, err)
			}
			if report, err = read(ImportOptions{SamePerson: []int{lineOfAnak}, Review: report.Review}); err != nil || report.Held != 0 || report.Added != 0 {
				t.Fatalf("BGN08 %s, order %d, the second: %+v, %v", code, i, report, err)
			}
			if m, err := f.Find(t.Context(), "900000700"); err != nil || m.ID != hers.ID || m.Ended {
				t.Errorf("BGN08 %s, order %d: %+v, %v, want the row of before", code, i, m, err)
			}
		}
	}
}

// Two members whose numbers were swapped each keep their row, and so their account.
func TestSwappedNumbers(t *testing.T) {
	t.Parallel()
	const (
		anakAs611 = "INS*Y*18*030*25*A~REF*0F*900000611~NM1*IL*1*RUIZ*ANAK***JR~DMG*D8*19840314~HD*030**HMO*HUSKY A~DTP*348*D8*20250101~"
		noahAs610 = "INS*Y*18*030*25*A~REF*0F*900000610~NM1*IL*1*SOTO*NOAH~DMG*D8*19840315~HD*030**HMO*HUSKY A~DTP*348*D8*20250101~"
	)
	many := make([]string, 3*applySteps) // between the two, so that they are applied in different pieces
	for i := range many {
		many[i] = fmt.Sprintf("INS*Y*18*030**A~REF*0F*9000008%02d~NM1*IL*1*SOL*LEO%c~DMG*D8*19900101~HD*030**HMO*HUSKY A~DTP*348*D8*20250101~", i, 'A'+i)
	}
	for _, code := range []string{"2", "4"} {
		f := newFixture(t)
		f.load(t, file834(set834("4", slices.Concat([]string{insAnak, insNoah}, many)...)))
		rows := f.count(t, `SELECT count(*) FROM members`)
		id := func(number string) (Member, string) {
			m, err := f.Find(t.Context(), number)
			if err != nil {
				t.Fatal(err)
			}
			return m, m.ID.String()
		}
		_, anaks := id("900000610")
		_, noahs := id("900000611")
		file := file834(set834(code, slices.Concat([]string{anakAs611}, many, []string{noahAs610})...))
		var held []int
		read := func(o ImportOptions) (Report, error) {
			held = nil
			o.Held = func(e LineError) { held = append(held, e.Line) }
			return f.Import(t.Context(), strings.NewReader(file), o)
		}
		report, err := read(ImportOptions{})
		if err != nil || report.Held != 2 {
			t.Fatalf("BGN08 %s: %+v, %v, want two held", code, report, err)
		}
		both := held
		for _, one := range both {
			if _, err := read(ImportOptions{OtherPerson: []int{one}, Review: report.Review}); !isReview(err) || !strings.Contains(err.Error(), "decide on both") {
				t.Errorf("BGN08 %s: %d alone: %v, want *ReviewError", code, one, err)
			}
		}
		report, err = read(ImportOptions{OtherPerson: both, Review: report.Review})
		if err != nil || report.Held != 0 || report.Added != 0 || report.Changed != 2 {
			t.Errorf("BGN08 %s: %+v, %v, want two changed", code, report, err)
		}
		first, firstID := id("900000611")
		second, secondID := id("900000610")
		if firstID != anaks || secondID != noahs || first.FirstName != "ANAK" || second.FirstName != "NOAH" || first.Ended || second.Ended ||
			first.MemberNumber != "900000611" || second.MemberNumber != "900000610" {
			t.Errorf("BGN08 %s: %+v and %+v, want each in the row of before", code, first, second)
		}
		if n := f.count(t, `SELECT count(*) FROM members`); n != rows {
			t.Errorf("BGN08 %s: %d rows of %d", code, n, rows)
		}
		if again, err := read(ImportOptions{}); err != nil || again.Held != 0 {
			t.Errorf("BGN08 %s, again: %+v, %v", code, again, err)
		}
	}
}

// Lines that give each of two members the first name of the other are held, since twins' numbers may have been swapped.
func TestSwappedNumbersOfTwins(t *testing.T) {
	t.Parallel()
	loop := func(number, name string) string {
		return "INS*Y*18*030*25*A~REF*0F*" + number + "~NM1*IL*1*RUIZ*" + name + "~DMG*D8*19840314~HD*030**HMO*HUSKY A~DTP*348*D8*20250101~"
	}
	many := make([]string, 24)
	for i := range many {
		many[i] = loop(fmt.Sprintf("9000008%02d", i), "LEO"+string(rune('A'+i)))
	}
	set := func(code, first, second string) string {
		return file834(set834(code, slices.Concat([]string{loop("900000610", first)}, many, []string{loop("900000611", second)})...))
	}
	for _, code := range []string{"2", "4"} {
		for _, isSwap := range []bool{true, false} {
			f := newFixture(t)
			f.load(t, set("4", "ANA", "EVA"))
			var held []int
			read := func(o ImportOptions) (Report, error) {
				held = nil
				o.Held = func(e LineError) { held = append(held, e.Line) }
				return f.Import(t.Context(), strings.NewReader(set(code, "EVA", "ANA")), o)
			}
			before, err := f.Find(t.Context(), "900000610")
			if err != nil {
				t.Fatal(err)
			}
			report, err := read(ImportOptions{})
			if err != nil || report.Held != 2 || report.Changed != 0 || len(report.Fields) > 0 {
				t.Fatalf("BGN08 %s: %+v, %v, want two held", code, report, err)
			}
			both := held
			if _, err := read(ImportOptions{OtherPerson: both[:1], Review: report.Review}); !isReview(err) || !strings.Contains(err.Error(), "decide on both") {
				t.Errorf("BGN08 %s, one: %v, want *ReviewError", code, err)
			}
			o, number := ImportOptions{SamePerson: both, Review: report.Review}, "900000610"
			if isSwap {
				o, number = ImportOptions{OtherPerson: both, Review: report.Review}, "900000611"
			}
			if report, err = read(o); err != nil || report.Held != 0 || report.Changed != 2 || report.Added != 0 {
				t.Errorf("BGN08 %s, swapped %t: %+v, %v, want two changed", code, isSwap, report, err)
			}
			after, err := f.Find(t.Context(), number)
			name := "EVA"
			if isSwap {
				name = "ANA"
			}
			if err != nil || after.ID != before.ID || after.FirstName != name || after.Ended || after.MemberNumber != number {
				t.Errorf("BGN08 %s, swapped %t: the row of ANA is %+v, %v", code, isSwap, after, err)
			}
			if n := f.count(t, `SELECT count(*) FROM members WHERE ended_at IS NULL`); n != len(many)+2 {
				t.Errorf("BGN08 %s, swapped %t: %d members", code, isSwap, n)
			}
		}
	}
}
