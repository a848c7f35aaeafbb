package members

import (
	"fmt"
	"strings"
	"testing"
)

// Whatever a spreadsheet or its user makes of the roster, nobody is added, changed or ended by it: the file is refused, or its odd lines
// are skipped, left out or held.
func TestSpreadsheetsChangeNobody(t *testing.T) {
	t.Parallel()
	var rows []string
	for i := range 60 {
		rows = append(rows, fmt.Sprintf("%d,N%c,SOTO%c%c,,%d-%02d-%02d,A,2025-01-01,", 900000610+i, 'A'+i%26, 'A'+i/10, 'A'+i%10, 1950+i%50, 1+i%12, 1+i%28))
	}
	lines := func(rows []string) string { return strings.Join(rows, "\n") + "\n" }
	each := func(change func(i int, fields []string) string) string {
		var out []string
		for i, row := range rows {
			out = append(out, change(i, strings.Split(row, ",")))
		}
		return header + lines(out)
	}
	field := func(at int, value func(i int, was string) string) string {
		return each(func(i int, fields []string) string {
			fields[at] = value(i, fields[at])
			return strings.Join(fields, ",")
		})
	}
	seventh := func(value func(was string) string) func(int, string) string {
		return func(i int, was string) string {
			if i%7 == 0 {
				return value(was)
			}
			return was
		}
	}
	constant := func(s string) func(string) string { return func(string) string { return s } }
	for name, file := range map[string]string{
		"a pivot table":                "Row Labels,Count of member_number\nA,40\nGrand Total,60\n",
		"subtotals":                    header + lines(rows[:30]) + "A Total,30,,,,,,\n" + lines(rows[30:]) + "Grand Total,60,,,,,,\n",
		"a count in the first column":  header + lines(rows) + "60,,,,,,,\n",
		"a number alone below":         header + lines(rows) + "900000999,,,,,,,\n",
		"notes below":                  header + lines(rows) + ",,,,,,,\nNote: of November,,,,,,,\n* new,,,,,,,\n",
		"a filter":                     header + lines(rows[:30]),
		"merged cells":                 field(2, func(i int, was string) string { return map[bool]string{i%3 == 2: was}[true] }),
		"merged cells of the number":   field(0, func(i int, was string) string { return map[bool]string{i%3 != 2: was}[true] }),
		"a header on each page":        header + lines(rows[:30]) + "Page 1 of 2\n" + header + lines(rows[30:]) + "Page 2 of 2\n",
		"two tables beside each other": strings.TrimSuffix(header, "\n") + ",," + header + rows[0] + ",," + rows[1] + "\n",
		"a narrow column":              field(4, seventh(constant("########"))),
		"#N/A":                         field(2, seventh(constant("#N/A"))),
		"#REF!":                        field(0, seventh(constant("#REF!"))),
		"exponents":                    field(0, seventh(func(was string) string { return was[:1] + "." + was[1:] + "E+08" })),
		"rounded exponents":            field(0, func(int, string) string { return "9.00E+08" }),
		"thousands":                    field(0, func(_ int, was string) string { return `"` + was[:3] + "," + was[3:6] + "," + was[6:] + `"` }),
		"thousands without quotes":     field(0, func(_ int, was string) string { return was[:3] + "," + was[3:6] + "," + was[6:] }),
		"decimals":                     field(0, func(_ int, was string) string { return was + ".00" }),
		"spaces behind numbers":        field(0, func(_ int, was string) string { return was + " \u00a0\t" }),
		"a quote too many":             field(1, seventh(func(was string) string { return `"` + was })),
		"a break within quotes":        field(1, seventh(func(was string) string { return `"` + was + "\n\"" })),
		"another program below":        header + lines(rows) + header + strings.ReplaceAll(lines(rows), ",A,", ",B,"),
		"the same number dragged":      field(0, func(i int, was string) string { return map[bool]string{true: was, false: "900000660"}[i < 50] }),
		"days as numbers":              field(4, func(i int, _ string) string { return fmt.Sprint(20000 + i) }),
		"years of two digits":          field(4, func(i int, was string) string { return was[5:7] + "/" + was[8:] + "/" + was[2:4] }),
		"names moved up":               field(1, func(i int, _ string) string { return strings.Split(rows[(i+1)%60], ",")[1] }),
	} {
		f := newFixture(t)
		f.load(t, header+lines(rows))
		report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{})
		if err == nil && (report.Added+report.Changed+report.Ended > 0 || report.Unchanged+report.Rejected+report.Held == 0) {
			t.Errorf("%s: %+v", name, report)
		}
		if n := f.count(t, `SELECT count(*) FROM members WHERE ended_at IS NULL AND changed_at = created_at`); n != len(rows) {
			t.Errorf("%s: %d of %d members are as before", name, n, len(rows))
		}
	}
}
