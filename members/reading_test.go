package members

import (
	"errors"
	"strings"
	"testing"
)

// A file that was read with other settings says something else: it is read anew, and only then.
func TestSameFileWithOtherSettings(t *testing.T) {
	t.Parallel()
	csv := strings.Replace(header, "coverage_end", "x9", 1) + "900000610,ANAK,RUIZ,,1984-04-10,A,2024-01-01,2027-06-30\n"
	slashes := header + "900000610,ANAK,RUIZ,,04/10/1984,A,,\n"
	dental := file834(set834("4", strings.Replace(insAnak, "HD*030**HMO", "HD*030**DEN", 1), insNoah))
	other23 := file834(set834("4", strings.Replace(insAnak, "REF*0F*900000610", "REF*0F*900000610~REF*23*900000999", 1)))
	for name, test := range map[string]struct {
		file         string
		before, then ImportOptions
	}{
		"columns":         {csv, ImportOptions{}, ImportOptions{Columns: map[string]string{"coverage_end": "x9"}}},
		"dates":           {slashes, ImportOptions{}, ImportOptions{Dates: DayFirst, AllowDoubtful: true}},
		"encoding":        {header + "900000610,ANAK,MU\xd1OZ,,1984-04-10,A,,\n", ImportOptions{Encoding: "windows-1252"}, ImportOptions{Encoding: "cp850", AllowDoubtful: true}},
		"insurance lines": {dental, ImportOptions{}, ImportOptions{InsuranceLines: []string{"den", "HLT"}}},
		"member ref":      {other23, ImportOptions{}, ImportOptions{MemberRef: "23", AllowShrink: true}},
	} {
		f := newFixture(t)
		first, err := f.Import(t.Context(), strings.NewReader(test.file), test.before)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		then, err := f.Import(t.Context(), strings.NewReader(test.file), test.then)
		if err != nil || then.Repeated || then.Added+then.Changed+then.Held == 0 || !then.ReadBefore.Equal(first.AppliedAt) {
			t.Errorf("%s: %+v, %v, want it read anew", name, then, err)
		}
		if again, err := f.Import(t.Context(), strings.NewReader(test.file), test.then); err != nil || !again.Repeated || again.IsUnsure || again.ID != then.ID {
			t.Errorf("%s, with these settings again: %+v, %v, want nothing done", name, again, err)
		}
		test.before.AllowShrink, test.before.AllowDoubtful = true, true
		if back, err := f.Import(t.Context(), strings.NewReader(test.file), test.before); err != nil || back.Repeated {
			t.Errorf("%s, with the former settings: %+v, %v, want it read anew", name, back, err)
		}
	}
}

// What is written in another way, and what only says whether a file may be applied, is not another reading.
func TestSameSettingsInOtherWords(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	file := header + anak + noah
	if _, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Columns: map[string]string{"program": "Program"}, AllowDoubtful: true}); err != nil {
		t.Fatal(err)
	}
	for _, options := range []ImportOptions{
		{Columns: map[string]string{"program": " PROGRAM:"}, MemberRef: "0F", InsuranceLines: []string{"mm", "HLT", "HMO", "PPO", "POS", "EPO", "HLT"}},
		{Columns: map[string]string{"program": "program"}, AllowShrink: true, AllowUnreadable: true, AllowOld: true, AllowTest: true, IgnoreColumns: []string{"status"}},
	} {
		if again, err := f.Import(t.Context(), strings.NewReader(file), options); err != nil || !again.Repeated {
			t.Errorf("%+v: %+v, %v, want nothing done", options, again, err)
		}
	}
	if again, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Columns: map[string]string{"program": "program"}, ReadAgain: true}); err != nil || again.Repeated || again.Unchanged != 2 {
		t.Errorf("read again by request: %+v, %v, want two unchanged", again, err)
	}
}

// Doubtful data that were not taken are taken from the same file once somebody says so.
func TestSameFileWithAllowDoubtful(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah)
	file := header + strings.Replace(anak, "1984-03-14", "1984-01-01", 1) + noah
	if report := f.load(t, file); report.Kept != 1 || report.Changed != 0 {
		t.Fatalf("a first of January: %+v, want the birth date kept", report)
	}
	if report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{AllowDoubtful: true}); err != nil || report.Changed != 1 {
		t.Errorf("the same, meant: %+v, %v, want one changed", report, err)
	}
	if report := f.load(t, file); !report.Repeated {
		t.Errorf("the same without the flag: %+v, want nothing done", report)
	}
}

// Of a file that an earlier release applied, nobody knows how it was read.
func TestSameFileOfARecordWithoutSettings(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	file := strings.Replace(header, "coverage_end", "x9", 1) + "900000610,ANAK,RUIZ,,1984-04-10,A,2024-01-01,2027-06-30\n"
	f.load(t, file)
	if _, err := f.db.From(t.Context()).Exec(t.Context(), `UPDATE roster_imports SET read_as = NULL`); err != nil {
		t.Fatal(err)
	}
	options := ImportOptions{Columns: map[string]string{"coverage_end": "x9"}}
	if again, err := f.Import(t.Context(), strings.NewReader(file), options); err != nil || !again.Repeated || !again.IsUnsure {
		t.Errorf("again: %+v, %v, want nothing done, and doubt", again, err)
	}
	options.ReadAgain = true
	if again, err := f.Import(t.Context(), strings.NewReader(file), options); err != nil || again.Changed != 1 {
		t.Errorf("read again: %+v, %v, want one changed", again, err)
	}
}

// An older file stays refused, however it is read.
func TestOldFileWithOtherSettingsIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	old := strings.Replace(header, "coverage_end", "x9", 1) + anak
	f.load(t, old)
	f.load(t, header+anak+noah)
	options := ImportOptions{Columns: map[string]string{"coverage_end": "x9"}, AllowShrink: true, ReadAgain: true}
	if _, err := f.Import(t.Context(), strings.NewReader(old), options); !errors.Is(err, ErrOldFile) {
		t.Errorf("an older file with other settings: %v, want ErrOldFile", err)
	}
}

// A setting that no file could have is named, also where the file is known.
func TestWrongSettingOfAKnownFile(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak)
	for _, columns := range []map[string]string{{"foo": "bar"}, {"suffix": "no such header"}} {
		if report, err := f.Import(t.Context(), strings.NewReader(header+anak), ImportOptions{Columns: columns}); err == nil {
			t.Errorf("%v: %+v, want an error", columns, report)
		}
	}
}
