package members

import (
	"fmt"
	"slices"
	"strings"
)

// check finds settings that are wrong for any file.
func (o ImportOptions) check() error {
	for name := range o.Columns {
		if !slices.Contains(ColumnNames(), name) {
			return &FileError{Problem: fmt.Sprintf("the setting of column names speaks of %q; known columns are %s", name, strings.Join(ColumnNames(), ", "))}
		}
	}
	return nil
}

// insuranceLines are the values of HD03 that are medical coverage.
func (o ImportOptions) insuranceLines() []string {
	if len(o.InsuranceLines) == 0 {
		return defaultLines
	}
	var lines []string
	for _, line := range o.InsuranceLines {
		lines = append(lines, strings.ToUpper(strings.TrimSpace(line)))
	}
	return lines
}

func (o ImportOptions) memberRef() string {
	if o.MemberRef == "" {
		return defaultMemberRef
	}
	return o.MemberRef
}

// takesDoubtful ends the reading of a file whose lines are applied although they seem to be damaged (AllowDoubtful).
const takesDoubtful = ", doubtful data taken"

// reading describes everything but the file that decides what is taken from it. Under another one the same file is read anew.
func (o ImportOptions) reading(numbers NumberFormat) string {
	columns := map[string]string{}
	for name, header := range o.Columns {
		columns[name] = headerKey(header)
	}
	lines := slices.Clone(o.insuranceLines())
	slices.Sort(lines)
	reading := fmt.Sprintf("columns %q, separator %q, dates %q, encoding %q, member ref %q, insurance lines %q, numbers %q",
		columns, o.Separator, o.Dates, o.Encoding, o.memberRef(), slices.Compact(lines), numbers.pattern)
	if o.AllowDoubtful {
		reading += takesDoubtful
	}
	return reading
}
