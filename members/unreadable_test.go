package members

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

const (
	anak = "900000610,ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,\n"
	noah = "900000611,NOAH,SOTO,,1984-03-15,A,2025-01-01,\n"
)

// B1: whatever is wrong with a line, its member stays.
func TestUnreadableLineEndsNobody(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{
		"a comma too many":           "900000610,ANAK,RUIZ, JR,,1984-03-14,A,2025-01-01,",
		"a comma before the number":  ",900000610,ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,",
		"a field too few":            "900000610,ANAK,RUIZ",
		"another separator":          "900000610;ANAK;RUIZ;JR;1984-03-14;A;2025-01-01;",
		"blanks between":             "900000610 ANAK RUIZ JR 1984-03-14 A",
		"number written with dashes": "x,900-000-610,ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,",
		"open quotation mark":        `900000610,"ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,`,
		"all of it quoted":           `"900000610,ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,"`,
		"quotation mark in a name":   `900000610,AN"AK,RUIZ,JR,1984-03-14,A,2025-01-01,`,
		"text formula broken":        `="900000610,ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,`,
		"columns moved by one":       "ANAK,900000610,RUIZ,JR,1984-03-14,A,2025-01-01,",
		"birth date of another form": "900000610,ANAK,RUIZ,JR,14.03.1984,A,2025-01-01,",
	} {
		f := newFixture(t)
		f.load(t, header+anak+noah)
		report, err := f.Import(t.Context(), strings.NewReader(header+line+"\n"+noah), ImportOptions{})
		if got, want := counts(report), [5]int{0, 0, 0, 1, 1}; err != nil || got != want {
			t.Errorf("%s: %v, %v, want %v", name, got, err, want)
		}
		if m, err := f.Find(t.Context(), "900000610"); err != nil || m.Ended {
			t.Errorf("%s: the member is %+v, %v, want not ended", name, m, err)
		}
	}
}

// B1: where the number itself cannot be read, the line may be that of any absent member.
func TestLineWithoutNumberNeedsFlagToEndAnybody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var all strings.Builder
	for i := range 50 {
		fmt.Fprintf(&all, "9000007%02d,ANA,RUIZ,,%s,A,,\n", i, born(i))
	}
	f.load(t, header+all.String()+anak)
	for name, line := range map[string]string{
		"letter in the number": "90000O610,ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,\n",
		"zeros lost":           "610,ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,\n",
		"rounded":              "9.00E+08,ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,\n",
		"another number":       "x,123456789,ANAK,RUIZ,JR,1984-03-14,A,2025-01-01,\n",
	} {
		file := header + all.String() + line
		_, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{})
		if e, ok := errors.AsType[*UnreadableError](err); !ok || *e != (UnreadableError{Lines: 1, Absent: 1}) {
			t.Errorf("%s: Import = %v, want *UnreadableError with one line and one member", name, err)
		}
		if m, err := f.Find(t.Context(), "900000610"); err != nil || m.Ended {
			t.Errorf("%s: the member is %+v, %v, want not ended", name, m, err)
		}
	}
	if n := f.count(t, `SELECT count(*) FROM audit_events WHERE kind = 'roster.refused' AND reason = 'unreadable'`); n != 4 {
		t.Errorf("%d refusals in the audit, want 4", n)
	}
	if report := f.load(t, header+all.String()+anak+"610,EVA,RUIZ,JR,1984-03-14,A,2025-01-01,\n"); report.Rejected != 1 {
		t.Errorf("nobody absent: %+v, want the line left out and nothing else", report)
	}
	report, err := f.Import(t.Context(), strings.NewReader(header+all.String()+"x\n"), ImportOptions{AllowUnreadable: true})
	if err != nil || report.Ended != 1 {
		t.Errorf("with the flag: %+v, %v, want one ended", report, err)
	}
}

// B1: a number that is found in an unreadable line may be a relative's. It accounts for nobody who has a line of their own,
// and only once for who has not.
func TestRelativesNumberDoesNotStandForTheMembers(t *testing.T) {
	t.Parallel()
	const head = "member_number,first_name,last_name,birth_date,head_of_household\n"
	const eva = "900000612,EVA,RUIZ,1990-01-01,900000612\n"
	const ruth = "900000613,RUTH,RUIZ,1991-01-01,900000612\n"
	const leo = "900000614,LEO,RUIZ,1992-01-01,900000612\n"
	for name, test := range map[string]struct {
		lines string
		isAny bool // whose it is, nobody can tell
	}{
		"letter in the number":           {eva + leo + "9000O0613,RUTH,RUIZ,1991-01-01,900000612\n", true},
		"and a field too many":           {eva + leo + "9000O0613,RUTH,RUIZ,,1991-01-01,900000612\n", true},
		"two such lines, one relative":   {ruth + "9OO000612,EVA,RUIZ,1990-01-01,900000612\n9000O0614,LEO,RUIZ,1992-01-01,900000612\n", true},
		"the relative's own line":        {ruth + leo + "9OO000612,EVA,RUIZ,1990-01-01,900000612\n", false},
		"own number beside the relative": {eva + leo + "x,900000613,RUTH,RUIZ,1991-01-01,900000612\n", false},
	} {
		f := newFixture(t)
		f.load(t, head+eva+ruth+leo)
		report, err := f.Import(t.Context(), strings.NewReader(head+test.lines), ImportOptions{AllowShrink: true})
		if !test.isAny {
			if err != nil || report.Ended > 0 {
				t.Errorf("%s: Import = %+v, %v, want nobody ended", name, report, err)
			}
			continue
		}
		if e, ok := errors.AsType[*UnreadableError](err); !ok || *e != (UnreadableError{Lines: 1, Absent: 1}) {
			t.Errorf("%s: Import = %+v, %v, want *UnreadableError with one line and one member", name, report, err)
		}
	}
}

// The same where the number's column is not the first: the value there in a line with another number of fields is a guess.
func TestShiftedLineDoesNotMakeARelativeSure(t *testing.T) {
	t.Parallel()
	const head = "head_of_household,member_number,first_name,last_name,birth_date\n"
	const eva, ruth = "900000612,900000612,EVA,RUIZ,1990-01-01\n", "900000612,900000613,RUTH,RUIZ,1991-01-01\n"
	f := newFixture(t)
	f.load(t, head+eva+ruth)
	_, err := f.Import(t.Context(), strings.NewReader(head+eva+",900000612,9000O0613,RUTH,RUIZ,1991-01-01\n"), ImportOptions{AllowShrink: true})
	if _, ok := errors.AsType[*UnreadableError](err); !ok {
		t.Errorf("Import = %v, want *UnreadableError", err)
	}
}
