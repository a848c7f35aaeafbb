package members

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// Last month's file in another form or order is last month's file: it would end who came since, and bring back who left.
func TestOldRowsInAnotherFormAreRefused(t *testing.T) {
	t.Parallel()
	const eva, broken = "900000612,EVA,PEÑA,,1985-05-17,B,2024-01-01,2026-12-31\n", "900000613,IVO,SOL,,1985-05-99,B,,\n"
	quote := strings.NewReplacer(",", `","`, "\n", "\"\n\"")
	for name, test := range map[string]struct {
		file  string
		dates DateOrder
		isOld bool
	}{
		"blank lines at the end":      {header + anak + noah + eva + broken + "\n\n", "", true},
		"blank rows of a spreadsheet": {header + anak + noah + eva + broken + ",,,,,,,\n", "", true},
		"quoted":                      {strings.TrimSuffix(`"`+quote.Replace(header+anak+noah+eva+broken), `"`), "", true},
		"separated by semicolons":     {strings.ReplaceAll(header+anak+noah+eva+broken, ",", ";"), "", true},
		"sorted":                      {header + eva + noah + broken + anak, "", true},
		"dates with the month first":  {header + anak + noah + strings.NewReplacer("1985-05-17", "05/17/1985", "2024-01-01", "1/1/2024", "2026-12-31", "12/31/2026").Replace(eva) + broken, "", true},
		"dates with the day first":    {header + anak + noah + strings.NewReplacer("1985-05-17", "17/05/1985", "2024-01-01", "1/1/2024", "2026-12-31", "31/12/2026").Replace(eva) + broken, DayFirst, true},
		"Windows-1252":                {header + anak + noah + strings.ReplaceAll(eva, "Ñ", "\xd1") + broken, "", true},
		"below a title, with a total": {"Padrón de julio\n" + header + anak + noah + eva + broken + "Total: 4\n", "", true},
		"headers in words":            {strings.Replace(header, "member_number,first_name", "Número de ID del Cliente,Nombre", 1) + anak + noah + eva + broken, "", true},
		"no line end":                 {header + anak + noah + broken + strings.TrimSuffix(eva, "\n"), "", true},
		"with a row twice":            {header + anak + noah + eva + broken + eva, "", false},
		"without the fault":           {header + anak + noah + eva + strings.Replace(broken, "99", "09", 1), "", false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.load(t, header+anak+noah+eva+broken)
			f.load(t, header+strings.Replace(anak, "RUIZ", "SOTO", 1)+noah+eva+broken)
			for _, isDry := range []bool{true, false} {
				_, err := f.Import(t.Context(), strings.NewReader(test.file), ImportOptions{DryRun: isDry, Dates: test.dates})
				if errors.Is(err, ErrOldFile) != test.isOld {
					t.Errorf("dry %v: %v, want ErrOldFile %v", isDry, err, test.isOld)
				}
				if !test.isOld {
					return
				}
			}
			if m, err := f.Find(t.Context(), "900000610"); err != nil || m.LastName != "SOTO" {
				t.Errorf("after the refusal: %+v, %v", m, err)
			}
			report, err := f.Import(t.Context(), strings.NewReader(test.file), ImportOptions{AllowOld: true, AllowUnreadable: true, Dates: test.dates})
			if m, findErr := f.Find(t.Context(), "900000610"); err != nil || findErr != nil || m.LastName != "RUIZ" {
				t.Errorf("allowed: %+v, %v; %+v, %v", report, err, m, findErr)
			}
			if again, err := f.Import(t.Context(), strings.NewReader(header+noah+anak+eva+broken), ImportOptions{}); err != nil || again.Unchanged != 3 {
				t.Errorf("the newest in another order = %+v, %v, want nothing changed", again, err)
			}
		})
	}
}

// The digest depends on the rows, how many there are, and which columns the file has.
func TestRowSum(t *testing.T) {
	t.Parallel()
	sum := func(lacks []column, rows ...byte) string {
		var s rowSum
		s.lacks = lacks
		for _, row := range rows {
			s.add(bytes.Repeat([]byte{row}, 32))
		}
		return string(s.digest())
	}
	if sum(nil, 1, 2, 255) != sum(nil, 255, 1, 2) {
		t.Error("the order counts")
	}
	seen := map[string]bool{}
	for _, digest := range []string{sum(nil), sum(nil, 0), sum(nil, 1, 2), sum(nil, 1, 2, 2), sum(nil, 1, 2, 2, 2), sum(nil, 3), sum([]column{colSuffix}, 3), sum([]column{colProgram}, 3)} {
		if seen[digest] {
			t.Error("other rows or columns have the same digest")
		}
		seen[digest] = true
	}
}

func BenchmarkAddRow(b *testing.B) {
	run, e := &importRun{}, &entry{contentMAC: make([]byte, 32)}
	for b.Loop() {
		run.addRow(e)
	}
}
