package members

import (
	"strings"
	"testing"
)

// Nobody is covered before being born, but for the month of birth. A program that writes its own day does not take a birth date.
func TestBirthAfterCoverageBegan(t *testing.T) {
	t.Parallel()
	const known, first = "900000610,ANAK,RUIZ,,1946-03-14,A,2024-02-01,\n", "900000611,NOAH,SOTO,,1984-03-15,A,2025-01-01,\n"
	ins := func(born string) string {
		return "INS*Y*18*001*25*A~REF*0F*900000610~NM1*IL*1*RUIZ*ANAK~DMG*D8*" + born + "~"
	}
	for name, test := range map[string]struct {
		file     string
		options  ImportOptions
		want     Date
		isListed bool
	}{
		"the file's day, change file":    {file834(set834("2", ins("20261124"))), ImportOptions{}, Date{1946, 3, 14}, true},
		"the file's day, CSV":            {header + first + strings.Replace(known, "1946-03-14", "2026-11-24", 1), ImportOptions{}, Date{1946, 3, 14}, true},
		"with another coverage":          {header + first + strings.NewReplacer("1946-03-14", "2026-11-24", "2024-02-01", "2026-11-01").Replace(known), ImportOptions{}, Date{1946, 3, 14}, true},
		"without coverage in the file":   {"member_number,first_name,last_name,birth_date\n900000611,NOAH,SOTO,1984-03-15\n900000610,ANAK,RUIZ,2025-03-14\n", ImportOptions{}, Date{1946, 3, 14}, true},
		"born in the month it began":     {header + first + strings.Replace(known, "1946-03-14", "2024-02-29", 1), ImportOptions{}, Date{2024, 2, 29}, false},
		"corrected, before":              {header + first + strings.Replace(known, "1946-03-14", "1964-03-14", 1), ImportOptions{}, Date{1964, 3, 14}, false},
		"the year alone":                 {header + first + strings.Replace(known, "1946-03-14", "1946-01-01", 1), ImportOptions{}, Date{1946, 3, 14}, true},
		"the year alone, if it is meant": {header + first + strings.Replace(known, "1946-03-14", "1946-01-01", 1), ImportOptions{AllowDoubtful: true}, Date{1946, 1, 1}, false},
		"another first of January":       {header + first + strings.Replace(known, "1946-03-14", "1947-01-01", 1), ImportOptions{}, Date{1947, 1, 1}, false},
		"if it is meant":                 {header + first + strings.Replace(known, "1946-03-14", "2025-03-14", 1), ImportOptions{AllowDoubtful: true}, Date{2025, 3, 14}, false},
		"another person's, held as such": {header + first + strings.NewReplacer("1946-03-14", "2025-03-14", "ANAK", "LEO").Replace(known), ImportOptions{}, Date{1946, 3, 14}, false},
	} {
		f := newFixture(t)
		f.load(t, header+known+first)
		var notes []string
		test.options.Note = func(e LineError) { notes = append(notes, e.Error()) }
		report, err := f.Import(t.Context(), strings.NewReader(test.file), test.options)
		m, findErr := f.Find(t.Context(), "900000610")
		if err != nil || findErr != nil || m.BirthDate != test.want || (len(notes) == 1) != test.isListed || (report.Kept == 1) != test.isListed {
			t.Errorf("%s: born %s, %v, %v, %+v, noted %q, want born %s", name, m.BirthDate, err, findErr, report, notes, test.want)
		}
	}
	f := newFixture(t)
	report := f.load(t, header+"900000610,ANAK,RUIZ,,2026-11-24,A,2024-02-01,\n"+"900000612,LEO,SOL,,2024-02-20,A,2024-02-01,\n")
	if report.Added != 2 || report.CannotRegister != 1 {
		t.Errorf("new members: %+v, want the one named who cannot register", report)
	}
	// A birth date that is impossible already is corrected by any other.
	if report := f.load(t, header+"900000610,ANAK,RUIZ,,2026-11-23,A,2024-02-01,\n"+"900000612,LEO,SOL,,2024-02-20,A,2024-02-01,\n"); report.Changed != 1 {
		t.Errorf("an impossible birth date, corrected: %+v", report)
	}
}
