package members

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// B2: a number that comes back with another name and another birth date is held until somebody looked twice.
func TestNumberOfAnotherPersonIsHeld(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah)
	former, err := f.Find(t.Context(), "900000610")
	if err != nil {
		t.Fatal(err)
	}
	file := header + "900000610,MARTA,PAZ,,1999-01-02,B,2026-01-01,\n" + strings.Replace(noah, "SOTO", "SOTO VEGA", 1)
	var held []string
	options := ImportOptions{Held: func(e LineError) { held = append(held, e.Error()) }}
	apply := func(change func(*ImportOptions)) (Report, error) {
		o := options
		if change != nil {
			change(&o)
		}
		return f.Import(t.Context(), strings.NewReader(file), o)
	}
	report, err := apply(nil)
	if err != nil || report.Held != 1 || report.Changed != 1 || report.Ended != 0 || report.Review == "" {
		t.Fatalf("Import = %+v, %v, want one held, one changed and a name for the list", report, err)
	}
	if len(held) != 1 || held[0] != "line 2: member_number: first name, last name and birth date differ from those of its member: held. Is it a correction, another person, or a wrong number?" {
		t.Errorf("held lines %q", held)
	}
	if m, err := f.Member(t.Context(), former.ID); err != nil || m != former {
		t.Errorf("the member is %+v, %v, want %+v as before", m, err, former)
	}

	// A decision needs the list's name, and a line on it.
	for name, change := range map[string]func(*ImportOptions){
		"without a second look": func(o *ImportOptions) { o.SamePerson = []int{2} },
		"with another list":     func(o *ImportOptions) { o.SamePerson, o.Review = []int{2}, "00000000" },
		"on a line not held":    func(o *ImportOptions) { o.OtherPerson, o.Review = []int{3}, report.Review },
		"both ways":             func(o *ImportOptions) { o.OtherPerson, o.SamePerson, o.Review = []int{2}, []int{2}, report.Review },
	} {
		if _, err := apply(change); !isReview(err) {
			t.Errorf("decided %s: %v, want *ReviewError", name, err)
		}
	}
	if m, err := f.Find(t.Context(), "900000610"); err != nil || m != former {
		t.Errorf("after refused decisions the member is %+v, %v, want %+v", m, err, former)
	}

	// Another person: the former one keeps row, name and account, without coverage and without the number.
	report, err = apply(func(o *ImportOptions) { o.OtherPerson, o.Review = []int{2}, report.Review })
	if err != nil || report.Added != 1 || report.Held != 0 {
		t.Fatalf("decided: %+v, %v, want one added", report, err)
	}
	old, err := f.Member(t.Context(), former.ID)
	if err != nil || !old.Ended || old.FirstName != "ANAK" || old.MemberNumber != "" {
		t.Errorf("the former member = %+v, %v, want ANAK, ended, without the number", old, err)
	}
	marta, err := f.Match(t.Context(), Claim{"Marta", "Paz", "", Date{1999, 1, 2}, "900000610"})
	if err != nil || marta.ID == former.ID {
		t.Errorf("the new member = %+v, %v, want a row of her own", marta, err)
	}
	if again := f.load(t, strings.Replace(file, "MARTA", "Marta", 1)); again.Held != 0 || again.Unchanged+again.Changed != 2 {
		t.Errorf("the same people again = %+v, want nothing held", again)
	}
}

func isReview(err error) bool {
	_, ok := errors.AsType[*ReviewError](err)
	return ok
}

// Each line of a member who has several is decided on.
func TestOtherPersonInTwoLines(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah)
	file := header + noah + "900000610,MARTA,PAZ,,1999-01-02,B,2024-01-01,2024-12-31\n900000610,MARTA,PAZ,,1999-01-02,B,2025-01-01,\n"
	held := f.load(t, file)
	if report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{OtherPerson: []int{3}, Review: held.Review}); err != nil || report.Held != 1 {
		t.Errorf("one of two lines decided: %+v, %v, want the member still held", report, err)
	}
	report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{OtherPerson: []int{3, 4}, Review: held.Review})
	if m, findErr := f.Find(t.Context(), "900000610"); err != nil || findErr != nil || report.Added != 1 || m.FirstName != "MARTA" || m.CoverageStart != (Date{2024, 1, 1}) {
		t.Errorf("both decided: %+v, %v; the member is %+v, %v", report, err, m, findErr)
	}
}

func TestHeldLineOfTheSamePerson(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah)
	file := header + strings.Replace(strings.Replace(anak, "RUIZ", "SOTO", 1), "1984-03-14", "1984-04-13", 1) + noah
	held := f.load(t, file)
	report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{SamePerson: []int{2}, Review: held.Review})
	if m, findErr := f.Find(t.Context(), "900000610"); err != nil || findErr != nil || report.Changed != 1 || m.LastName != "SOTO" {
		t.Errorf("decided: %+v, %v; the member is %+v, %v", report, err, m, findErr)
	}
}

// A name or a birth date alone changes in real life; spelling is not a change; one who ended is still somebody.
func TestWhatIsHeld(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		line string
		held int
	}{
		"married":                      {"900000610,ANAK,SOTO,JR,1984-03-14,A,,\n", 0},
		"birth date put right":         {"900000610,ANAK,RUIZ,JR,1984-03-18,A,,\n", 0},
		"accent, suffix moved":         {"900000610,Ának,Ruiz Jr.,,1984-03-18,A,,\n", 0},
		"first name and birth date":    {"900000610,LEO,RUIZ,JR,1984-03-15,A,,\n", 1},
		"last name and birth date":     {"900000610,ANAK,SOTO,JR,1984-03-15,A,,\n", 1},
		"in two lines, another person": {"900000610,LEO,PAZ,,1999-03-15,A,2024-01-01,2024-02-01\n900000610,LEO,PAZ,,1999-03-15,A,2025-01-01,\n", 1},
	} {
		for _, hasEnded := range []bool{false, true} {
			f := newFixture(t)
			f.load(t, header+anak+noah)
			if hasEnded {
				if _, err := f.Import(t.Context(), strings.NewReader(header+noah), ImportOptions{AllowShrink: true}); err != nil {
					t.Fatal(err)
				}
			}
			if report := f.load(t, header+noah+test.line); report.Held != test.held || report.Changed != 1-test.held {
				t.Errorf("%s (ended before: %v): %+v, want %d held", name, hasEnded, report, test.held)
			}
		}
	}
}

// A column that slipped by a line makes other people of many.
func TestManyOtherPeopleRefuseTheFile(t *testing.T) {
	t.Parallel()
	line := func(number, name, born int) string {
		return fmt.Sprintf("%09d,N%s,SOTO%[2]s,,%d-01-01,A,,\n", number, strings.Repeat("A", name), 1950+born)
	}
	var right, names, births, all strings.Builder
	const n = 40
	for i := range n {
		right.WriteString(line(i, i, i))
		names.WriteString(line(i, (i+1)%n, i))
		births.WriteString(line(i, i, (i+1)%n))
		all.WriteString(line(i, (i+1)%n, (i+1)%n))
	}
	f := newFixture(t)
	f.load(t, header+right.String())
	for name, file := range map[string]string{"names": names.String(), "birth dates": births.String(), "numbers": all.String()} {
		_, err := f.Import(t.Context(), strings.NewReader(header+file), ImportOptions{AllowShrink: true})
		if _, ok := errors.AsType[*DoubtError](err); !ok {
			t.Errorf("%s slipped: Import = %v, want *DoubtError", name, err)
		}
	}
	report, err := f.Import(t.Context(), strings.NewReader(header+names.String()), ImportOptions{AllowDoubtful: true})
	if err != nil || report.Changed != n {
		t.Errorf("names, allowed: %+v, %v, want %d changed", report, err, n)
	}
}

// A column that was sorted alone in a spreadsheet: every person is half somebody else.
func TestOneColumnSlippedRefusesTheFile(t *testing.T) {
	t.Parallel()
	const n = 40
	file := func(firstBy, lastBy int) string {
		var lines strings.Builder
		for i := range n {
			name := func(by int) string { return strings.Repeat("A", (i+by)%n) }
			fmt.Fprintf(&lines, "%09d,N%s,SOTO%s,,1984-03-14,A,,\n", i, name(firstBy), name(lastBy))
		}
		return header + lines.String()
	}
	f := newFixture(t)
	f.load(t, file(0, 0))
	for name, slipped := range map[string]string{"first names": file(1, 0), "last names": file(0, 1)} {
		_, err := f.Import(t.Context(), strings.NewReader(slipped), ImportOptions{})
		if _, ok := errors.AsType[*DoubtError](err); !ok {
			t.Errorf("%s slipped: Import = %v, want *DoubtError", name, err)
		}
	}
	few := strings.Replace(strings.Replace(file(0, 0), ",SOTOA,", ",RUIZ,", 1), ",SOTOAA,", ",RUIZ,", 1)
	if report, err := f.Import(t.Context(), strings.NewReader(few), ImportOptions{}); err != nil || report.Changed != 2 {
		t.Errorf("two who married: %+v, %v, want two changed", report, err)
	}
}

// A held line says what differs from its member, without a value, so that a typing error can be distinguished from another person.
func TestHeldLineSaysWhatDiffers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ line, says string }{
		"first name": {"900000610,LEO,RUIZ,JR,1984-03-15,A,,\n", "first name and birth date, not the last name,"},
		"last name":  {"900000610,ANAK,SOTO,JR,1984-03-15,A,,\n", "last name and birth date, not the first name,"},
		"both":       {"900000610,LEO,SOTO,JR,1984-03-15,A,,\n", "first name, last name and birth date"},
	} {
		for _, hasEnded := range []bool{false, true} {
			f := newFixture(t)
			f.load(t, header+anak+noah)
			if hasEnded {
				if _, err := f.Import(t.Context(), strings.NewReader(header+noah), ImportOptions{AllowShrink: true}); err != nil {
					t.Fatal(err)
				}
			}
			var held []string
			if _, err := f.Import(t.Context(), strings.NewReader(header+noah+test.line), ImportOptions{Held: func(e LineError) { held = append(held, e.Error()) }}); err != nil {
				t.Fatal(err)
			}
			if len(held) != 1 || !strings.Contains(held[0], ": "+test.says+" differ from those of its member") || strings.Contains(held[0], "who has ended") != hasEnded {
				t.Errorf("%s, ended %v: held %q, want %q", name, hasEnded, held, test.says)
			}
			for _, value := range []string{"ANAK", "RUIZ", "LEO", "SOTO", "1984", "900000610"} {
				if strings.Contains(held[0], value) {
					t.Errorf("%s: %q quotes a value", name, held[0])
				}
			}
		}
	}
}
