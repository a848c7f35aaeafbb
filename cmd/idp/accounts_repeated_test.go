package main

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Of lines that have one number, name or hash none is taken: a column was filled down, and one person would get another's account.
func TestImportedTwiceInOneFile(t *testing.T) {
	t.Parallel()
	const ana, leo, eva = "222222222,ana.garcia,ana@example.com,", "333333333,leo.soto,leo@example.com,", "444444444,eva.ruiz,eva@example.com,"
	hash, other := "{SSHA256}"+base64.StdEncoding.EncodeToString([]byte(strings.Repeat("h", 40))), "{SSHA256}"+base64.StdEncoding.EncodeToString([]byte(strings.Repeat("o", 40)))
	for name, test := range map[string]struct {
		lines  []string
		report []string
		faults []string
	}{
		"a number": {[]string{"333333333,ana.garcia,ana@example.com,,,,,", leo + ",,,,"}, []string{"added 0", "unchanged 0", "left out 2"},
			[]string{"line 2: member_number: line 3 has it too", "line 3: member_number: line 2 has it too"}},
		"a number in three": {[]string{leo + ",,,,", "333333333,ana.garcia,ana@example.com,,,,,", eva + ",,,,", "333333333,x.other,x@example.com,,,,,"}, []string{"added 1", "unchanged 0", "left out 3"},
			[]string{"line 2: member_number: line 3 has it too", "line 3: member_number: line 2 has it too", "line 5: member_number: line 3 has it too"}},
		"a name in another case": {[]string{"222222222,Leo.Soto,ana@example.com,,,,,", leo + ",,,,"}, []string{"added 0", "unchanged 0", "left out 2"},
			[]string{"line 2: username: line 3 has it too", "line 3: username: line 2 has it too"}},
		"active and disabled":    {[]string{leo + ",,,active,", leo + ",,,disabled,"}, []string{"added 0", "unchanged 0", "left out 2"}, []string{"line 2: member_number: line 3 has it too", "line 3: member_number: line 2 has it too"}},
		"a faulty one beside it": {[]string{"333333333,ana.garcia,nobody,,,,,", leo + ",,,,"}, []string{"added 0", "unchanged 0", "left out 2"}, []string{"line 2: email: ", "line 3: member_number: line 2 has it too"}},
		"a hash":                 {[]string{ana + hash + ",,,,", leo + hash + ",,,,", eva + other + ",,,,"}, []string{"added 1", "unchanged 0", "left out 2"}, []string{"line 2: password_hash: line 3 has it too", "line 3: password_hash: line 2 has it too"}},
		"the right one first": {[]string{leo + ",,,,", "333333333,ana.garcia,ana@example.com,,,,,"}, []string{"added 0", "unchanged 0", "left out 2"},
			[]string{"line 2: member_number: line 3 has it too", "line 3: member_number: line 2 has it too"}},
		"a name with an accent": {[]string{"222222222,léo.soto,ana@example.com,,,,,", leo + ",,,,"}, []string{"added 0", "unchanged 0", "left out 2"},
			[]string{"line 2: username: line 3 has it too", "line 3: username: line 2 has it too"}},
		"a name beside no number": {[]string{"12,leo.soto,ana@example.com,,,,,", leo + ",,,,"}, []string{"added 0", "unchanged 0", "left out 2"},
			[]string{"line 2: member_number: ", "line 3: username: line 2 has it too"}},
		"a hash that counts up": {[]string{ana + bcryptOfGato[:58] + "18,,,,", leo + bcryptOfGato[:58] + "19,,,,", eva + bcryptOfIt + ",,,,"}, []string{"added 1", "unchanged 0", "left out 2"},
			[]string{"line 2: password_hash: line 3 has it too", "line 3: password_hash: line 2 has it too"}},
		"a line in other letters": {[]string{leo + ",,,,", "333-333-333, Leo.Soto ,\"LEO@example.com\",,,,,"}, []string{"added 1", "unchanged 0", "left out 1"}, []string{"line 3: says the same as line 2"}},
		"a line":                  {[]string{leo + ",,,,", leo + ",,,,"}, []string{"added 1", "unchanged 0", "left out 1"}, []string{"line 3: says the same as line 2"}},
	} {
		env, stdout, stderr := withRoster(t)
		for _, dry := range []bool{true, false} {
			stdout.Reset()
			stderr.Reset()
			must(t, (&AccountsImportCmd{File: writeFile(t, accountsHead+strings.Join(test.lines, "\n")+"\n"), ShowFaults: -1, DryRun: dry}).Run(t.Context(), env))
			if diff := cmp.Diff(test.report, report(t, stdout)); diff != "" {
				t.Errorf("%s, dry %v (-want +got):\n%s", name, dry, diff)
			}
			for i, got := range strings.Split(strings.TrimSpace(stderr.String()), "\n") {
				if i >= len(test.faults) || !strings.HasPrefix(got, test.faults[i]) {
					t.Errorf("%s, dry %v: %q, want %q", name, dry, got, test.faults)
				}
			}
		}
	}
}

// A newer file that says something else of what exists is counted, not called unchanged alone; an empty cell says nothing.
func TestImportedAgainWithOtherValues(t *testing.T) {
	t.Parallel()
	env, stdout, _ := withRoster(t)
	run := func(dry bool, lines string) string {
		t.Helper()
		stdout.Reset()
		must(t, (&AccountsImportCmd{File: writeFile(t, accountsHead+lines), DryRun: dry}).Run(t.Context(), env))
		return stdout.String()
	}
	first := "222222222,eva.lopez,eva@example.com," + bcryptOfGato + ",true,en,,\n333333333,leo.soto,leo@example.com,,,es,,\n"
	for _, lines := range []string{first, first, "222222222,eva.lopez,eva@example.com,,,,,\n333333333,leo.soto,leo@example.com,,,,,\n"} {
		if got := run(false, lines); strings.Contains(got, "in the file") {
			t.Errorf("report = %q, want none of other values", got)
		}
	}
	for _, dry := range []bool{true, false} {
		got := run(dry, "222222222,eva.lopez,eva@example.com,"+bcryptOfIt+",false,es,,\n333333333,leo.soto,leo@example.com,"+bcryptOfGato+",,,,\n")
		if !strings.Contains(got, "Of the unchanged ones 2 have another password in the file, 1 another language, 1 another email_verified: what exists stays") {
			t.Errorf("report, dry %v = %q, want the accounts of which the file says something else", dry, got)
		}
	}
}
