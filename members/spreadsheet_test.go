package members

import (
	"errors"
	"strings"
	"testing"
)

// What a spreadsheet does to a file is read where it is certain, and otherwise named together with the next step.
func TestWhatSpreadsheetsDo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		line string
		says string // "" if the line is read
	}{
		"apostrophe":             {"'900000610,ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,", ""},
		"apostrophes everywhere": {"'900000610,ANAK,RUIZ,JR,'1984-03-14,'A,'2025-01-01,'", ""},
		"curly apostrophe":       {"\u2019900000610,ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,", ""},
		"in a formula":           {"\"=\"\"'900000610\"\"\",ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,", ""},
		"thousands":              {"\"900,000,610\",ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,", "thousands are set apart"},
		"thousands with dots":    {"900.000.610,ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,", "thousands are set apart"},
		"thousands, apostrophes": {"900'000'610,ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,", "thousands are set apart"},
		"thousands and decimals": {"\"900,000,610.00\",ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,", "thousands are set apart"},
	} {
		f := newFixture(t)
		f.load(t, header+anak+noah)
		var faults []string
		report, err := f.Import(t.Context(), strings.NewReader(header+noah+test.line+"\n"), ImportOptions{Rejected: func(e LineError) { faults = append(faults, e.Error()) }})
		if want := map[bool]int{true: 2, false: 1}[test.says == ""]; err != nil || report.Unchanged != want || report.Ended != 0 {
			t.Errorf("%s: Import = %+v, %v, %q, want %d unchanged and nobody ended", name, report, err, faults, want)
		}
		if test.says != "" && (len(faults) != 1 || !strings.HasPrefix(faults[0], "line 3: member_number: ") || !strings.Contains(faults[0], test.says) || !strings.Contains(faults[0], "export the column as text")) {
			t.Errorf("%s: faults %q", name, faults)
		}
	}
	// The zeros that a number lost are found behind its thousands as well.
	f := newFixture(t)
	const ana = "004123789,ANA,GARCIA,,1984-05-17,A,,\n"
	f.load(t, header+ana+noah)
	if report := f.load(t, header+noah+strings.Replace(ana, "004123789", `"4,123,789"`, 1)); report.Rejected != 1 || report.Ended != 0 {
		t.Errorf("4,123,789: %+v, want it left out and nobody ended", report)
	}
	if report := f.load(t, header+ana+noah+"900000699,EVA,\u2019T HOOFT,,1990-01-01,A,,\n"); report.Added != 1 {
		t.Errorf("a name that begins with an apostrophe: %+v, want it added", report)
	}
	if m, err := f.Find(t.Context(), "900000699"); err != nil || m.LastName != "\u2019T HOOFT" {
		t.Errorf("a name with an apostrophe = %+v, %v, want it as it is written", m, err)
	}
}

// A header among the lines, where sorting put it.
func TestHeaderInTheMiddle(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+covered(40))
	for name, test := range map[string]struct{ file, line string }{
		"in the middle": {covered(20) + header + anak, "line 21: "},
		"at the end":    {covered(20) + header, "line 21: "},
		"near the top":  {anak + header + covered(20), "line 2: "},
		"semicolons":    {strings.ReplaceAll(covered(20)+header+anak, ",", ";"), "line 21: "},
	} {
		_, err := f.Import(t.Context(), strings.NewReader(test.file), ImportOptions{})
		if _, ok := errors.AsType[*FileError](err); !ok || !strings.HasPrefix(err.Error(), test.line) || !strings.Contains(err.Error(), "Move it to the first line") {
			t.Errorf("%s: Import = %v, want %s and what to do", name, err, test.line)
		}
	}
}

// Dates in both orders come from two programs: no setting reads all of them.
func TestMixedDateOrders(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	file := "member_number,first_name,last_name,birth_date\n900000610,ANAK,RUIZ,3/14/1984\n900000611,NOAH,SOTO,15/3/1984\n900000612,EVA,PAZ,04/10/1984\n"
	for _, order := range []DateOrder{"", DayFirst, MonthFirst} {
		var faults []string
		_, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Dates: order, DryRun: true, Rejected: func(e LineError) { faults = append(faults, e.Error()) }})
		switch {
		case order == "":
			if _, ok := errors.AsType[*DateOrderError](err); !ok || !strings.Contains(err.Error(), "line 3") || !strings.Contains(err.Error(), "line 2") || !strings.Contains(err.Error(), "export them as 2006-01-02") {
				t.Errorf("Import = %v, want both lines named and what to do", err)
			}
		case err != nil || len(faults) != 1 || !strings.Contains(faults[0], "the other order than the setting for dates says"):
			t.Errorf("%s: %v, %q, want the line of the other order named", order, err, faults)
		}
	}
}
