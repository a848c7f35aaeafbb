package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"huskyidp/members"
)

// A spreadsheet drops the zeros in front of a number: where the padded one is on the roster, the line says so, and no number.
func TestAccountsImportOfNumbersWithoutZeros(t *testing.T) {
	env, _, stderr := commandEnvironment(t)
	roster := "member_number,first_name,last_name,birth_date\n004123789,ANA,GARCIA,1984-05-17\n222222222,EVA,LOPEZ,1985-05-17\n000000123,LEO,SOTO,1986-05-17\n"
	must(t, (&RosterImportCmd{File: writeFile(t, roster), Separator: ","}).Run(t.Context(), env))
	const hint = "member_number: has lost its leading zeros"
	run := func() []string {
		t.Helper()
		stderr.Reset()
		file := writeFile(t, "member_number,username,email\n4123789,ana.a,a@example.com\n4123789.0,ana.b,b@example.com\n123,leo.c,c@example.com\n4123780,eva.d,d@example.com\n22222222,eva.e,e@example.com\n4123789x,eva.f,f@example.com\n4123789.5,eva.g,g@example.com\n")
		must(t, (&AccountsImportCmd{File: file, ShowFaults: -1}).Run(t.Context(), env))
		return strings.Split(strings.TrimSpace(stderr.String()), "\n")
	}
	check := func(said []string) {
		t.Helper()
		for i, isHint := range []bool{true, true, true, false, false, false, false} {
			if len(said) != 7 || strings.Contains(said[i], hint) != isHint || strings.Contains(said[i], "123") {
				t.Errorf("line %d: %q, hint wanted: %t", i+2, said, isHint)
			}
		}
	}
	check(run())
	var err error
	env.MemberNumbers, err = members.NewNumberFormat("[0-9]{3,9}") // of many lengths: the short ones are numbers, too
	must(t, err)
	check(run())
}

// A date as spreadsheets write it is read as the roster's are, if it can be told how.
func TestAccountsImportOfCreationDates(t *testing.T) {
	const refused = "write 2024-03-14T10:00:00Z, 2024-03-14 or 3/14/2024"
	for name, test := range map[string]struct {
		dates []string
		says  []string // by line; the day, or what is wrong
	}{
		"forms":             {[]string{"3/14/2024", "2024-03-14 10:00", "2024-03-14T10:00:00Z", ""}, []string{"2024-03-14", "2024-03-14", "2024-03-14", "-"}},
		"others":            {[]string{"20240314", "2024/3/14", "3/14/2024 12:00 AM", "03/04/2024"}, []string{"2024-03-14", "2024-03-14", "2024-03-14", "2024-03-04"}},
		"both ways":         {[]string{"3/4/2024", "3/5/2024", "2024-03-14", ""}, []string{"no date of the column shows", "no date of the column shows", "2024-03-14", "-"}},
		"shown below":       {[]string{"3/4/2024", "", "", "3/14/2024"}, []string{"2024-03-04", "-", "-", "2024-03-14"}},
		"the day first":     {[]string{"3/4/2024", "14/3/2024", "3/14/2024", ""}, []string{"has the day first", "has the day first", "2024-03-14", "-"}},
		"no dates":          {[]string{"yesterday", "45365", "3/14/24", "14.03.2024"}, []string{refused, refused, refused, refused}},
		"to come":           {[]string{"2999-01-01", "1/31/2999", "2999-01-01T00:00:00Z", ""}, []string{"is not in the past", "is not in the past", "is not in the past", "-"}},
		"of another fault":  {[]string{"3/4/2024", "3/14/2024,x", "", ""}, []string{"no date of the column shows", "fields", "-", "-"}},
		"shown by a faulty": {[]string{"3/4/2024", "31/3/2024", "", ""}, []string{"or dates of the column do", "has the day first", "-", "-"}},
	} {
		env, _, stderr := withRoster(t)
		file := "member_number,username,email,created_at\n"
		for i, date := range test.dates {
			file += fmt.Sprintf("%s,name.%d,a%d@example.com,%s\n", strings.Repeat(fmt.Sprint(i+1), 9), i, i, date)
		}
		must(t, (&AccountsImportCmd{File: writeFile(t, file), ShowFaults: -1}).Run(t.Context(), env))
		for i, want := range test.says {
			said := stderr.String()
			line := fmt.Sprintf("line %d: ", i+2)
			if want == "-" || members.ReadDate(want).Problem == "" {
				if strings.Contains(said, line) {
					t.Errorf("%s: %q, want %s taken", name, said, test.dates[i])
					continue
				}
				var at time.Time
				must(t, env.DB.From(t.Context()).QueryRow(t.Context(), `SELECT created_at FROM accounts WHERE username = $1`, fmt.Sprintf("name.%d", i)).Scan(&at))
				if got := at.UTC().Format(time.DateOnly); want != "-" && got != want {
					t.Errorf("%s: %s is %s, want %s", name, test.dates[i], got, want)
				}
				continue
			}
			if at := slices.IndexFunc(strings.Split(said, "\n"), func(l string) bool { return strings.HasPrefix(l, line) && strings.Contains(l, want) }); at < 0 {
				t.Errorf("%s: %q, want %q of %s", name, said, want, test.dates[i])
			}
		}
	}
}

// The first line of a file without a header is a member's: nothing of it is quoted.
func TestAccountsImportWithoutHeader(t *testing.T) {
	env, _, _ := withRoster(t)
	for _, line := range []string{"111111111,ana.garcia,ana@example.com\n", "111111111|ana.garcia|ana@example.com\n", "ana.garcia;ana@example.com;111111111;;true;es;active;\n", "\"111111111\"\tana.garcia\tana@example.com\n"} {
		err := (&AccountsImportCmd{File: writeFile(t, line)}).Run(t.Context(), env)
		if err == nil || !strings.Contains(err.Error(), "line 1: names none of member_number, username, email: is it no header line") || strings.Contains(err.Error(), "1111") || strings.Contains(err.Error(), "ana") {
			t.Errorf("%q: %v, want that there is no header, and nothing of the line", line, err)
		}
	}
}
