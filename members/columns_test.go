package members

import (
	"strings"
	"testing"
)

// TestMistypedColumnsAreNamed: a column under another name is not read; the report says so.
func TestMistypedColumnsAreNamed(t *testing.T) {
	for header, want := range map[string]string{
		"member_number,first_name,last_name,birth_date,suffix,program,Start,End":                         "NOT READ: the columns Start, End; the file has no coverage_start, coverage_end",
		"member_number,first_name,last_name,birth_date,suffix,program,coverage_start,coverage_end,phone": "",
		"member_number,first_name,last_name,birth_date":                                                  "",
	} {
		l, err := readHeader(header, ',', nil)
		if err != nil {
			t.Fatal(err)
		}
		how := (&csvSource{&lineReader{decoder: &decoder{}}, &rowParser{layout: l, separator: ','}}).format()
		if strings.Contains(how, "NOT READ") != (want != "") || !strings.Contains(how, want) {
			t.Errorf("%s: %s, want %q", header, how, want)
		}
	}
}
