package members

import (
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
			if _, err := decide(full(test.other), 1, false); err != nil {
				t.Fatal(err)
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
			if err != nil || report.Added != 0 || report.Changed != 1 || report.Held != 0 {
				t.Errorf("decided: %+v, %v, want one changed and nobody added", report, err)
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
