package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
	"huskyidp/members"
)

// commandEnvironment is what main gives to a command, with its output in buffers.
func commandEnvironment(t *testing.T) (env *Environment, stdout, stderr *bytes.Buffer) {
	t.Helper()
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	return &Environment{
		DB: postgrestest.New(t), Keyring: seal.Ephemeral(), Stdout: stdout, Stderr: stderr, Now: time.Now,
	}, stdout, stderr
}

func writeFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "roster.csv")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSampleThenImport(t *testing.T) {
	env, stdout, _ := commandEnvironment(t)
	if err := (&RosterSampleCmd{N: 100, Seed: 1}).Run(t.Context(), env); err != nil {
		t.Fatalf("roster sample: %v", err)
	}
	file := writeFile(t, stdout.String())
	stdout.Reset()
	if err := (&RosterSampleCmd{N: 100, Seed: 1, Format: "834"}).Run(t.Context(), env); err != nil {
		t.Fatalf("roster sample --format 834: %v", err)
	}
	as834 := writeFile(t, stdout.String())
	stdout.Reset()
	cmd := &RosterImportCmd{File: file, Separator: ",", ShowFaults: 20}
	if err := cmd.Run(t.Context(), env); err != nil {
		t.Fatalf("roster import: %v", err)
	}
	if got := stdout.String(); !regexp.MustCompile(`added +100\nchanged +0\n`).MatchString(got) {
		t.Errorf("report = %q, want 100 added", got)
	}
	stdout.Reset()
	if err := cmd.Run(t.Context(), env); err != nil || !strings.Contains(stdout.String(), "nothing to do") {
		t.Errorf("the same file again: %q, %v, want nothing to do", stdout, err)
	}
	stdout.Reset()
	cmd.File = as834
	if err := cmd.Run(t.Context(), env); err == nil || !strings.Contains(err.Error(), "segment 1: ISA15 is \"T\"") || !strings.Contains(err.Error(), "Nothing was changed") {
		t.Errorf("a file of samples: %v, want it refused", err)
	}
	cmd.AllowTest = true
	if err := cmd.Run(t.Context(), env); err != nil || !regexp.MustCompile(`unchanged +100\n`).MatchString(stdout.String()) {
		t.Errorf("the same people as X12 834: %q, %v, want 100 unchanged", stdout, err)
	}
}

func TestImportPrintsFaultsAndExplainsRefusals(t *testing.T) {
	env, _, stderr := commandEnvironment(t)
	const header, ana, eva = "member_number,first_name,last_name,birth_date\n", "111111111,ANA,GARCIA,1984-05-17\n", "222222222,EVA,LOPEZ,1985-05-17\n"
	run := func(content string, change func(*RosterImportCmd)) error {
		t.Helper()
		stderr.Reset()
		cmd := &RosterImportCmd{File: writeFile(t, content), Separator: ",", ShowFaults: 1}
		if change != nil {
			change(cmd)
		}
		return cmd.Run(t.Context(), env)
	}
	if err := run(header+ana+eva+"x,y,z,0\nx,y,z,0\nx,y,z,0\n", nil); err != nil {
		t.Fatalf("import with faulty lines: %v", err)
	}
	if got, want := stderr.String(), "line 4: member_number: does not have the form of a member number\n2 more faulty lines (--show-faults=-1 prints all)\n"; got != want {
		t.Errorf("faults printed = %q, want %q", got, want)
	}
	if err := run(header+ana, nil); err == nil || !strings.Contains(err.Error(), "--allow-shrink") {
		t.Errorf("a file that ends half of the members: %v, want a hint at --allow-shrink", err)
	}
	if err := run(header+ana, func(c *RosterImportCmd) { c.AllowShrink = true }); err != nil {
		t.Errorf("the same with --allow-shrink: %v", err)
	}
	if err := run("birth_date\n", nil); err == nil || !strings.Contains(err.Error(), "lacks member_number, first_name, last_name") || !strings.Contains(err.Error(), "Nothing was changed") {
		t.Errorf("a wrong header: %v, want what is missing", err)
	}
	if err := run(strings.ReplaceAll(header+ana+eva, ",", "\t"), func(c *RosterImportCmd) { c.Separator = "tab" }); err != nil {
		t.Errorf("a file with tabs: %v", err)
	}
	mixed := strings.Replace(header+ana, "1984-05-17", "5/17/1984", 1) + strings.Replace(eva, "1985-05-17", "17/5/1985", 1)
	if err := run(mixed, nil); err == nil || !strings.Contains(err.Error(), "line 3 is the first") || strings.Contains(err.Error(), "say how dates are written") || !strings.Contains(err.Error(), "write all dates in one order") {
		t.Errorf("dates of both orders: %v, want no setting that reads only half of them", err)
	}
	dos := strings.Replace(header+ana+eva, "GARCIA", "GARC\xD6A NU\xA5EZ", 1) // GARCÍA NUÑEZ in code page 850
	if err := run(dos, nil); err == nil || !strings.Contains(err.Error(), "--encoding=cp850") || !strings.Contains(err.Error(), `"CSV (MS-DOS)"`) {
		t.Errorf("a file of MS-DOS: %v, want its encoding named", err)
	}
	if err := run(dos, func(c *RosterImportCmd) { c.Encoding = "cp850" }); err != nil {
		t.Errorf("a file of MS-DOS, with its encoding: %v", err)
	}
	if err := run(header+ana, func(c *RosterImportCmd) { c.Separator = "ñ" }); err == nil {
		t.Error("a separator beyond ASCII was accepted")
	}
	baja := strings.TrimSuffix(header, "\n") + ",Fecha de baja\n" + strings.TrimSuffix(ana, "\n") + ",\n" + strings.TrimSuffix(eva, "\n") + ",2026-10-31\n"
	if err := run(baja, nil); err == nil || !strings.Contains(err.Error(), "--column coverage_end=\"Fecha de baja\"") || !strings.Contains(err.Error(), "--ignore-column \"Fecha de baja\"") {
		t.Errorf("a column that says who ended: %v, want how to read it and how to pass it over", err)
	}
	if err := run(baja, func(c *RosterImportCmd) { c.IgnoreColumn, c.AllowOld = []string{"Fecha de baja"}, true }); err != nil {
		t.Errorf("a column that is passed over: %v", err)
	}
	covered := "member_number,first_name,last_name,birth_date,coverage_end\n"
	for n := range 6 {
		covered += fmt.Sprintf("90000000%d,LUZ,PAZ,1984-05-17,2999-12-31\n", n)
	}
	if err := run(covered, func(c *RosterImportCmd) { c.AllowShrink, c.AllowDoubtful = true, true }); err != nil {
		t.Fatalf("six who are covered: %v", err)
	}
	if err := run(strings.ReplaceAll(covered, "2999", "2001"), nil); err == nil || !strings.Contains(err.Error(), "are covered today and would not be") || !strings.Contains(err.Error(), "correct the dates of coverage") {
		t.Errorf("a file that ends everybody's coverage: %v, want the dates doubted", err)
	}
}

// A number that became somebody else's: the report says how to continue, and continuing needs its list.
func TestImportOfHeldLines(t *testing.T) {
	env, stdout, stderr := commandEnvironment(t)
	const header, eva = "member_number;first_name;last_name;birth_date\n", "222222222;EVA;LOPEZ;1985-05-17\n"
	run := func(content string, change func(*RosterImportCmd)) error {
		stdout.Reset()
		stderr.Reset()
		cmd := &RosterImportCmd{File: writeFile(t, content), Separator: "auto", ShowFaults: 1}
		if change != nil {
			change(cmd)
		}
		return cmd.Run(t.Context(), env)
	}
	if err := run(header+"111111111;ANA;GARCIA;1984-05-17\n"+eva, nil); err != nil {
		t.Fatal(err)
	}
	file := header + "111111111;LEO;SOTO;1999-01-02\n" + eva
	if err := run(file, func(c *RosterImportCmd) { c.DryRun = true }); err != nil || !strings.Contains(stdout.String(), "nothing was changed") {
		t.Errorf("dry run: %q, %v", stdout, err)
	}
	if err := run(file, nil); err != nil {
		t.Fatal(err)
	}
	review := regexp.MustCompile(`--review ([0-9a-f]{8})`).FindStringSubmatch(stdout.String())
	if got, want := stderr.String(), "line 2: member_number: first name, last name and birth date differ from those of its member: held. Is it a correction, another person, or a wrong number?\n"; got != want || review == nil {
		t.Fatalf("held: %q, report %q, want %q and the name of the list", got, stdout, want)
	}
	for _, isDry := range []bool{true, false} {
		if err := run(file, func(c *RosterImportCmd) { c.DryRun = isDry }); err != nil || !strings.Contains(stdout.String(), review[0]) || !strings.Contains(stderr.String(), "line 2: ") {
			t.Errorf("the file again, dry %v: %q, %q, %v, want the line and its list", isDry, stdout, stderr, err)
		}
	}
	for _, says := range []string{"--same-person where the data were corrected", "--other-person where", "where the number is wrong, correct the file"} {
		if err := run(file, nil); err != nil || !strings.Contains(stdout.String(), says) {
			t.Errorf("the report %q, %v, want the next step %q", stdout, err, says)
		}
	}
	if err := run(file, func(c *RosterImportCmd) { c.OtherPerson = []int{2} }); err == nil || !strings.Contains(err.Error(), review[1]) {
		t.Errorf("decided without a second look: %v, want the name of the list", err)
	}
	if err := run(file, func(c *RosterImportCmd) { c.OtherPerson, c.Review = []int{2}, review[1] }); err != nil || !regexp.MustCompile(`added +1\n`).MatchString(stdout.String()) || !strings.Contains(stdout.String(), "members whose number went to another person: 1;") {
		t.Errorf("decided: %q, %v, want one added", stdout, err)
	}
}

// Whoever looks first sees what the file would do, and every cause for which it is refused.
func TestDryRunOfARefusedFileShowsItsReport(t *testing.T) {
	env, stdout, stderr := commandEnvironment(t)
	const header, ana, eva = "member_number,first_name,last_name,birth_date\n", "111111111,ANA,GARCIA,1984-05-17\n", "222222222,EVA,LOPEZ,1985-05-17\n"
	if err := (&RosterImportCmd{File: writeFile(t, header+ana+eva), Separator: "auto"}).Run(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	stdout.Reset()
	err := (&RosterImportCmd{File: writeFile(t, header+ana+"x,LEO,SOTO,1990-01-01\n"), Separator: "auto", DryRun: true, ShowEnded: true, ShowFaults: 3}).Run(t.Context(), env)
	if want := "222222222 is not in the file and ends\n"; !strings.Contains(stderr.String(), want) || strings.Contains(stderr.String(), "111111111") {
		t.Errorf("who ends: %q, want %q alone", stderr, want)
	}
	if err == nil || !strings.Contains(err.Error(), "--allow-shrink") || !strings.Contains(err.Error(), "--allow-unreadable") {
		t.Errorf("dry run of a file that ends half of the members: %v, want both flags named", err)
	}
	if got := stdout.String(); !regexp.MustCompile(`ended +1\nunchanged +1\nrejected +1\n`).MatchString(got) || !strings.Contains(got, "refused") {
		t.Errorf("report %q, want all of it, and that it is refused", got)
	}
}

// The demo's roster must import whole, and its three printed cards must match.
func TestDemoRoster(t *testing.T) {
	env, _, _ := commandEnvironment(t)
	roster, err := members.New(members.Deps{DB: env.DB, Keyring: env.Keyring, Audit: audit.New(env.DB), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	report, err := roster.Import(t.Context(), strings.NewReader(sampleRoster), members.ImportOptions{
		Rejected: func(e members.LineError) { t.Error(e) },
	})
	if err != nil || report.Added != 30 {
		t.Fatalf("Import(demo roster) = %+v, %v, want 30 added", report, err)
	}
	for _, claim := range []members.Claim{
		{FirstName: "María José", LastName: "Núñez Peñalinda", BirthDate: members.Date{Year: 1984, Month: 3, Day: 14}, MemberNumber: "004123789"},
		{FirstName: "James", LastName: "Thornwickle Jr.", BirthDate: members.Date{Year: 1971, Month: 11, Day: 2}, MemberNumber: "310542266"},
		{FirstName: "Ana", LastName: "Riverstowe", BirthDate: members.Date{Year: 1996, Month: 8, Day: 25}, MemberNumber: "572908314"},
	} {
		if _, err := roster.Match(t.Context(), claim); err != nil {
			t.Errorf("card %s %s: %v", claim.FirstName, claim.LastName, err)
		}
	}
	for line := range strings.Lines(sampleRoster[strings.Index(sampleRoster, "\n")+1:]) {
		if !strings.Contains(line, ",INVENTED") {
			t.Errorf("the line %q is not marked as invented", line)
		}
	}
}

// No kind of line floods the terminal: held ones are bounded too, and the rest is counted. A change file names by segment whom it
// ends; who is not in a full file is named on request.
func TestListsOfLinesAreBounded(t *testing.T) {
	env, _, stderr := commandEnvironment(t)
	const header = "member_number,first_name,last_name,birth_date\n"
	var all, others string
	line := func(n int) string {
		return fmt.Sprintf("900000%03d,ANA,GARCIA,%d-%02d-17\n", n, 1950+n/12, 1+n%12)
	}
	for n := range 400 {
		all += line(n)
	}
	others = strings.NewReplacer(line(1), "900000001,LEO,SOTO,1999-01-02\n", line(2), "900000002,EVA,SOTO,1999-01-02\n", line(3), "900000003,NOA,SOTO,1999-01-02\n").Replace(all)
	run := func(content string, change func(*RosterImportCmd)) {
		t.Helper()
		stderr.Reset()
		cmd := &RosterImportCmd{File: writeFile(t, content), Separator: "auto", ShowFaults: 1}
		if change != nil {
			change(cmd)
		}
		if err := cmd.Run(t.Context(), env); err != nil {
			t.Fatal(err)
		}
	}
	run(header+all, nil)
	run(header+others, nil)
	if got := stderr.String(); strings.Count(got, "line ") != 1 || !strings.Contains(got, "2 more held lines (--show-faults=-1 prints all)") {
		t.Errorf("three held lines, one of them to show: %q", got)
	}
	run(header+strings.Replace(all, line(399), "", 1), nil)
	if got := stderr.String(); got != "1 members who are not in the file end (--show-ended names them)\n" {
		t.Errorf("a member who ends, unnamed: %q, want how to name them", got)
	}
	run(header+strings.Replace(all, line(398)+line(399), "", 1), func(c *RosterImportCmd) { c.ShowEnded = true })
	if got := stderr.String(); got != "900000398 is not in the file and ends\n" {
		t.Errorf("a member who ends: %q, want the number", got)
	}
}

// Whoever loses or regains coverage is told in plain words, however few they are; an end that is emptied is no loss.
func TestReportOfCoverageLostAndRegained(t *testing.T) {
	env, stdout, stderr := commandEnvironment(t)
	const header = "member_number,first_name,last_name,birth_date,coverage_start,coverage_end\n"
	const ana, eva, leo = "900000398,ANA,GARCIA,1984-05-17,2020-01-01,\n", "900000399,EVA,SOTO,1985-05-17,2020-01-01,2021-12-31\n", "900000400,LEO,PAZ,1986-05-17,2020-01-01,2021-11-30\n"
	run := func(file string, showEnded bool) {
		t.Helper()
		stdout.Reset()
		stderr.Reset()
		if err := (&RosterImportCmd{File: writeFile(t, header+file), Separator: "auto", ShowEnded: showEnded, ShowFaults: -1, DryRun: true}).Run(t.Context(), env); err != nil {
			t.Fatal(err)
		}
	}
	if err := (&RosterImportCmd{File: writeFile(t, header+ana+eva+leo), Separator: "auto"}).Run(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	file := strings.Replace(ana, "2020-01-01,", ",2020-01-02", 1) + strings.Replace(eva, "2021-12-31", "", 1) + strings.Replace(leo, "2021-11-30", "", 1)
	run(file, true)
	if got, want := stderr.String(), "900000398 is covered today and would not be any more\n900000399 is covered again\n900000400 is covered again\n"; got != want {
		t.Errorf("named: %q, want %q", got, want)
	}
	for _, want := range []string{"covered today and would not be any more: 1\ncovered again: 2\n", "coverage_end      changes for 3 known members; coverage without an end: 2\n", "coverage_start    changes for 1 known members, 1 of whom lose it\n"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("report %q, want %q", stdout, want)
		}
	}
	run(file, false)
	if got, want := stderr.String(), "3 members lose or regain the coverage of today (--show-ended names them)\n"; got != want {
		t.Errorf("unnamed: %q, want %q", got, want)
	}
	run(ana+eva+strings.Replace(leo, "LEO", "LEON", 1), false)
	if strings.Contains(stdout.String(), "covered") || stderr.Len() > 0 {
		t.Errorf("nobody: %q, %q, want no line of it", stdout, stderr)
	}
	for _, file := range []string{ana + eva + strings.Replace(leo, "2021-11-30", "", 1), strings.Replace(ana, "2020-01-01,", ",2020-01-02", 1) + eva + leo} {
		if run(file, false); strings.Contains(stdout.String(), "covered today and would not be any more") == strings.Contains(stdout.String(), "covered again") {
			t.Errorf("one of both: %q", stdout)
		}
	}
}

// What was not looked at is told by code, with the setting where it seems to be wrong, and needs no further look.
func TestReportOfOtherInsuranceLines(t *testing.T) {
	env, stdout, stderr := commandEnvironment(t)
	loop := func(number, lines string) string {
		return "INS*Y*18*030**A~REF*0F*" + number + "~NM1*IL*1*RUIZ*ANAK~DMG*D8*19840314~" + lines
	}
	set := "ST*834*0001*005010X220A1~BGN*00*X*20261124*0000****4~" + loop("900000610", "HD*030**HMO*HUSKY A~HD*030**DEN*SMILE~") +
		loop("900000611", "HD*030**HMO*HUSKY B~HD*030**VIS*HUSKY B~HD*030**DEN*SMILE~")
	file := fmt.Sprintf("ISA*00*%10s*00*%10s*ZZ*%-15s*ZZ*%-15s*261124*0000*^*00501*000000007*0*P*:~GS*BE*A*B*20261124*0000*42*X*005010X220A1~%sSE*%d*0001~GE*1*42~IEA*1*7~",
		"", "", "A", "B", set, strings.Count(set, "~")+1)
	cmd := &RosterImportCmd{File: writeFile(t, file), Separator: "auto", ShowFaults: 20}
	if err := cmd.Run(t.Context(), env); err != nil || env.leftOut || stderr.Len() > 0 {
		t.Fatalf("roster import: %v, left out %t, %s", err, env.leftOut, stderr)
	}
	cmd.InsuranceLine = []string{"HMO", "DENTAL"}
	if err := cmd.Validate(); err == nil || !strings.Contains(err.Error(), `the insurance line "DENTAL" is no code of HD03`) {
		t.Errorf("no code: %v", err)
	}
	const want = "loops of other insurance lines, which change nothing: DEN 2 VIS 1; 1 of them have the name of a programme in HD04: " +
		"if they are its medical coverage, name their HD03 with --insurance-line\n"
	if !strings.Contains(stdout.String(), want) {
		t.Errorf("report %q, want %q", stdout, want)
	}
}

// A file that was applied with the wrong setting can be read again, and a wrong flag is told although the file is known.
func TestImportOfAKnownFile(t *testing.T) {
	vars := map[string]string{"IDP_DATABASE_URL": postgrestest.DSN(t), "IDP_KEK": seal.GenerateKEK(), "IDP_ACCEPT": "database-without-verified-tls"}
	file := writeFile(t, "member_number,first_name,last_name,birth_date,x9\n111111111,ANA,GARCIA,1984-05-17,2027-06-30\n222222222,EVA,LOPEZ,1985-05-17,2027-06-30\n")
	for _, test := range []struct {
		flags string
		code  int
		want  string
	}{
		{"", 0, "NOT READ: the columns x9"},
		{"", 0, "nothing to do. To read it anew, add --read-again.\n"},
		{"--allow-old --allow-shrink", 0, "nothing to do"},
		{"--column coverage_end=x9 --dry-run", 0, "coverage_end      changes for 2 known members"},
		{"--column coverage_end=x9", 0, "already, and was read anew.\n"},
		{"--column coverage_end=X9", 0, "nothing to do"},
		{"--column coverage_end=x9 --read-again", 0, "already, and was read anew.\n"},
		{"--column foo=bar", 2, `--column speaks of "foo"; known columns are member_number`},
		{"--column suffix=bar", 1, "the header lacks bar"},
		{"--review abc", 2, "--review names the list on which"},
		{"--separator ;;", 2, `the separator ";;" is not one`},
		{"--insurance-line DENTAL", 2, "is no code of HD03"},
		{"--same-person 2", 1, "2 is not one held line"},
	} {
		code, stdout, stderr := call(t, vars, append([]string{"roster", "import", file}, strings.Fields(test.flags)...)...)
		if code != test.code || !strings.Contains(stdout+stderr, test.want) || code == 2 && !strings.Contains(stderr, "Try: idp roster import --help") {
			t.Errorf("%s: %d, %s%s, want %d and %q", test.flags, code, stdout, stderr, test.code, test.want)
		}
	}
	postgrestest.Exec(t, postgrestest.Open(t, postgres.Options{DSN: vars["IDP_DATABASE_URL"]}), "UPDATE roster_imports SET read_as = NULL")
	if _, stdout, _ := call(t, vars, "roster", "import", file); !strings.Contains(stdout, "It may have been read with other settings than now, which an earlier release did not record. To read it anew, add --read-again.") {
		t.Errorf("of a record without settings: %s", stdout)
	}
}

// Dates of death are counted by themselves.
func TestReportOfDatesOfDeath(t *testing.T) {
	env, stdout, stderr := commandEnvironment(t)
	var sample bytes.Buffer
	if err := members.Sample834(&sample, 3, 1); err != nil {
		t.Fatal(err)
	}
	loop := regexp.MustCompile(`INS\*Y\*18\*030\*[^~]*~`)
	file := writeFile(t, strings.Replace(sample.String(), loop.FindString(sample.String()), "INS*Y*18*030**A***AC****D8*20261101~", 1))
	if err := (&RosterImportCmd{File: file, Separator: "auto", ShowFaults: 20, AllowTest: true}).Run(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(stdout.String(), "members with a date of death (INS12), by which nobody ends: 1\n") || strings.Count(stderr.String(), "has a date of death (INS12)") != 1 {
		t.Errorf("report %s, lines %s, want one", stdout, stderr)
	}
}
