package members

import (
	"errors"
	"strings"
	"testing"
)

func wrapped(file string, at int, end string) string {
	file = strings.ReplaceAll(file, "\n", "")
	var out strings.Builder
	for len(file) > at {
		out.WriteString(file[:at] + end)
		file = file[at:]
	}
	return out.String() + file + end
}

// An 834 that a program broke into lines is read as if it had none.
func TestWrapped834(t *testing.T) {
	t.Parallel()
	plain := file834(set834("4", insAnak, insNoah))
	for name, file := range map[string]string{
		"at 80":                wrapped(plain, 80, "\n"),
		"at 80, CRLF":          wrapped(plain, 80, "\r\n"),
		"at 72, CR":            wrapped(plain, 72, "\r"),
		"at 128":               wrapped(plain, 128, "\n"),
		"at 7":                 wrapped(plain, 7, "\r\n"),
		"line ends terminate":  strings.ReplaceAll(plain, "~\n", "\n"),
		"two, wrapped":         wrapped(plain, 80, "\n") + wrapped(next(1, plain), 80, "\n"),
		"UTF-16":               inUTF16(wrapped(plain, 80, "\r\n"), false),
		"with a space at last": wrapped(plain, 80, "\n") + " \n",
	} {
		f := newFixture(t)
		report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Rejected: func(e LineError) { t.Errorf("%s: %v", name, e) }})
		if err != nil || report.Added != 2 {
			t.Errorf("%s: Import = %+v, %v, want two added", name, report, err)
			continue
		}
		if m, err := f.Match(t.Context(), Claim{"Anak", "Ruiz", "JR", Date{1984, 3, 14}, "900000610"}); err != nil || m.Program != "A" {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
	f := newFixture(t)
	broken := strings.Replace(strings.ReplaceAll(plain, "RUIZ", "NU\xD1EZ"), "NU\xD1", "N\r\nU\xD1", 1)
	if report, err := f.Import(t.Context(), strings.NewReader(broken), ImportOptions{}); err != nil || report.Added != 2 {
		t.Errorf("broken in a name, in Windows-1252: %+v, %v, want two added", report, err)
	}
	if m, err := f.Find(t.Context(), "900000610"); err != nil || m.LastName != "NUÑEZ" {
		t.Errorf("broken in a name, in Windows-1252: %+v, %v, want NUÑEZ", m, err)
	}
}

// Text around an interchange is named with its line, so that it can be removed.
func TestTextAround834(t *testing.T) {
	t.Parallel()
	plain := file834(set834("4", insAnak, insNoah))
	for name, test := range map[string]struct{ file, says string }{
		"a mail's head":          {"From: state@example.org\nSubject: roster\n\n" + plain, "line 4: "},
		"a mail's head, CRLF":    {strings.ReplaceAll("From: state@example.org\n\n"+plain, "\n", "\r\n"), "line 3: "},
		"a title with the comma": {"ROSTER, NOVEMBER\n" + plain, "line 2: "},
		"behind it":              {plain + "-- \nThis message is confidential.\n", "delete what follows IEA"},
	} {
		f := newFixture(t)
		f.load(t, header+anak+noah)
		_, err := f.Import(t.Context(), strings.NewReader(test.file), ImportOptions{})
		if _, ok := errors.AsType[*FileError](err); !ok || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "delete") {
			t.Errorf("%s: Import = %v, want %q and what to delete", name, err, test.says)
		}
	}
}

// Where the number is under another qualifier than the setting says, the message names the setting that reads it.
func TestOtherRefNamesTheSetting(t *testing.T) {
	t.Parallel()
	at23 := strings.Replace(insAnak, "REF*0F*", "REF*23*", 1)
	for name, test := range map[string]struct{ member, ref, says string }{
		"in 23":              {at23, "", "--member-ref=23"},
		"set to 23, and 0F":  {insAnak, "23", "--member-ref=0F"},
		"set to 23, nowhere": {strings.Replace(insAnak, "REF*0F*900000610~", "", 1), "23", "--member-ref"},
	} {
		f := newFixture(t)
		_, err := f.Import(t.Context(), strings.NewReader(file834(set834("4", test.member))), ImportOptions{MemberRef: test.ref})
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: Import = %v, want %q", name, err, test.says)
		}
	}
}
