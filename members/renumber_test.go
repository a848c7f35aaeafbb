package members

import (
	"slices"
	"strings"
	"testing"
)

// A wrong digit does not end its member and add a stranger: both wait until somebody decides.
func TestRenumberedMemberStays(t *testing.T) {
	t.Parallel()
	wrong := strings.Replace(anak, "900000610", "900000601", 1)
	for name, file := range map[string]string{
		"a new number":                   header + wrong + noah,
		"spelled otherwise":              header + strings.Replace(wrong, "ANAK", "Ának", 1) + noah,
		"in two identical lines":         header + wrong + wrong + noah,
		"another member's number":        header + noah + strings.Replace(anak, "900000610", "900000611", 1) + "900000619,LEO,SOL,,1990-01-01,A,,\n",
		"the number of a member without": header + strings.Replace(anak, "900000610", "900000611", 1) + "900000619,LEO,SOL,,1990-01-01,A,,\n",
	} {
		f := newFixture(t)
		f.load(t, header+anak+noah)
		report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{AllowShrink: true})
		if err != nil || report.Ended != 0 || report.Held+report.Rejected == 0 {
			t.Errorf("%s: %+v, %v, want nobody ended", name, report, err)
		}
		if m, err := f.Find(t.Context(), "900000610"); err != nil || m.Ended || m.LastName != "RUIZ" {
			t.Errorf("%s: the member is %+v, %v, want as before", name, m, err)
		}
		if _, err := f.Find(t.Context(), "900000601"); err == nil {
			t.Errorf("%s: the other number is on the roster", name)
		}
	}
}

// Whose number it is, is decided line by line: the member continues under the new one, or ends and somebody new begins.
func TestRenumberedMemberIsDecided(t *testing.T) {
	t.Parallel()
	for _, isSame := range []bool{true, false} {
		f := newFixture(t)
		f.load(t, header+anak+noah)
		before, err := f.Find(t.Context(), "900000610")
		if err != nil {
			t.Fatal(err)
		}
		const short = "member_number,first_name,last_name,birth_date\n"
		file := short + "900000611,NOAH,SOTO,1984-03-15\n900000601,ANAK,RUIZ,1984-03-14\n"
		var lines []int
		held, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{AllowShrink: true, Held: func(e LineError) { lines = append(lines, e.Line) }})
		if err != nil || held.Held != 1 || !slices.Equal(lines, []int{3}) {
			t.Fatalf("%+v, lines %v, %v, want line 3 held", held, lines, err)
		}
		options := ImportOptions{AllowShrink: true, Review: held.Review, OtherPerson: lines}
		if isSame {
			options.SamePerson, options.OtherPerson = lines, nil
		}
		report, err := f.Import(t.Context(), strings.NewReader(file), options)
		if err != nil || report.Held != 0 {
			t.Fatalf("same %v: %+v, %v, want it decided", isSame, report, err)
		}
		after, err := f.Find(t.Context(), "900000601")
		if err != nil || (after.ID == before.ID) != isSame || (after.Program == before.Program) != isSame || after.Ended {
			t.Errorf("same %v: %+v, %v, before %+v", isSame, after, err, before)
		}
		former, err := f.Find(t.Context(), "900000610")
		if isSame && err == nil || !isSame && (err != nil || !former.Ended) {
			t.Errorf("same %v: under the former number %+v, %v", isSame, former, err)
		}
	}
}

// Those who end are named, and nobody else.
func TestEndingMembersAreNamed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah+"900000619,LEO,SOL,,1990-01-01,A,,\n")
	var ending []string
	file := header + strings.Replace(anak, "900000610", "900000601", 1) + "900000619,LEO,SOL,,1990-01-01,A,,\n"
	report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{AllowShrink: true, Ending: func(number string) { ending = append(ending, number) }})
	if err != nil || report.Ended != 1 || !slices.Equal(ending, []string{"900000611"}) {
		t.Errorf("%+v, %v, ending %v, want Noah's number alone", report, err, ending)
	}
}
