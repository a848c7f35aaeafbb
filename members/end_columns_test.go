package members

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// A column that seems to say who ended is not passed over: the file is refused until a setting says what it is.
func TestColumnsThatSayWhoEnded(t *testing.T) {
	t.Parallel()
	file := func(column string, values ...string) string {
		var all strings.Builder
		fmt.Fprintf(&all, "%s,%s\n", strings.TrimSuffix(header, "\n"), column)
		for i, value := range values {
			fmt.Fprintf(&all, "9000007%02d,ANA,RUIZ,JR,%s,A,2025-01-01,2027-12-31,%s\n", i, born(i), value)
		}
		return all.String()
	}
	for _, test := range []struct {
		column string
		values []string
		lines  int
		first  int
	}{
		{"status", []string{"ACTIVE", "Active", "TERMINATED", "ACTIVE"}, 1, 4},
		{"Status", []string{"ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE"}, 0, 0},
		{"action", []string{"", "D", "", "T"}, 2, 3},
		{"termination_date", []string{"", "2026-10-31", "9999-12-31", "NULL"}, 1, 3},
		{"Fecha de baja", []string{"", "", "", "31/10/2026"}, 1, 5},
		{"DATE_OF_DEATH", []string{"", "2026-09-09", "", ""}, 1, 3},
		{"deceased", []string{"N", "N", "Y", "no"}, 1, 4},
		{"termination_date", []string{"", "", "", ""}, 0, 0},
		{"trabajador", []string{"A", "B", "C", "D"}, 0, 0},
		{"marital_status", []string{"A", "B", "C", "D"}, 0, 0},
		{"phone", []string{"1", "2", "3", "4"}, 0, 0},
	} {
		f := newFixture(t)
		f.load(t, header+covered(4))
		report, err := f.Import(t.Context(), strings.NewReader(file(test.column, test.values...)), ImportOptions{})
		e, isRefused := errors.AsType[*EndColumnError](err)
		switch {
		case test.lines == 0 && (err != nil || report.Unchanged != 4):
			t.Errorf("%s %q: %+v, %v", test.column, test.values, report, err)
		case test.lines > 0 && (!isRefused || e.Lines != test.lines || e.First != test.first || e.Column != test.column):
			t.Errorf("%s %q: %v, want %d lines from %d", test.column, test.values, err, test.lines, test.first)
		}
		if !strings.Contains(report.Format, "not read, since they mean nothing here: "+test.column) {
			t.Errorf("%s: the report says %q", test.column, report.Format)
		}
		if report, err := f.Import(t.Context(), strings.NewReader(file(test.column, test.values...)), ImportOptions{IgnoreColumns: []string{strings.ToUpper(test.column)}}); err != nil || report.Unchanged != 4 {
			t.Errorf("%s ignored: %+v, %v", test.column, report, err)
		}
	}
	// The column may be that of the end after all.
	f := newFixture(t)
	f.load(t, header+covered(2))
	report, err := f.Import(t.Context(), strings.NewReader(file("termination_date", "2027-12-31", "2026-10-31")), ImportOptions{Columns: map[string]string{"coverage_end": "termination_date"}})
	if err != nil || report.Changed != 1 {
		t.Errorf("read as coverage_end: %+v, %v", report, err)
	}
}

// A column that is to be passed over and is not there may be misspelt, and the one that is there be read otherwise than was thought.
func TestIgnoredColumnsThatAreNotThere(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah)
	head := strings.TrimSuffix(header, "\n") + ",Estatus,,\"Ult.\nPago\"\n"
	rows := strings.ReplaceAll(anak+noah, "\n", ",A,,\n")
	for _, test := range []struct {
		ignored []string
		says    string
	}{
		{[]string{"status"}, "--ignore-column names \"status\", which is not in the header: it has member_number, first_name, last_name, suffix, birth_date, program, coverage_start, coverage_end, Estatus, Ult. Pago"},
		{[]string{"estatus", "Fecha de baja"}, "\"Fecha de baja\", which is not in the header"},
		{[]string{""}, "\"\", which is not in the header"},
		{[]string{"ESTATUS", "ult. pago", "program"}, ""},
	} {
		report, err := f.Import(t.Context(), strings.NewReader(head+rows), ImportOptions{IgnoreColumns: test.ignored, ReadAgain: true})
		e, isFile := errors.AsType[*FileError](err)
		if test.says == "" && (err != nil || report.Unchanged != 2) || test.says != "" && (!isFile || !strings.Contains(e.Problem, test.says)) {
			t.Errorf("%q: %+v, %v, want %q", test.ignored, report, err, test.says)
		}
	}
	// An 834 has none.
	if _, err := f.Import(t.Context(), strings.NewReader(file834(set834("4", insAnak, insNoah))), ImportOptions{IgnoreColumns: []string{"status"}}); err != nil {
		t.Errorf("an 834: %v", err)
	}
}
