package members

import (
	"strings"
	"testing"
)

// A file that changes everybody finds the room beside the rows that it replaces: neither table nor indexes grow.
func TestChangesStayOnTheirPages(t *testing.T) {
	f := newFixture(t)
	var sample strings.Builder
	if err := Sample834(&sample, 3000, 7); err != nil {
		t.Fatal(err)
	}
	f.load(t, sample.String())
	size := func() (table, indexes int) {
		return f.count(t, `SELECT pg_relation_size('members')`), f.count(t, `SELECT pg_indexes_size('members')`)
	}
	table, indexes := size()
	for name, change := range map[string]*strings.Replacer{
		"a full file":   strings.NewReplacer("*HUSKY A", "*HUSKY B", "*HUSKY B", "*HUSKY C", "*HUSKY C", "*HUSKY D", "*HUSKY D", "*HUSKY A"),
		"a change file": strings.NewReplacer("0000****4", "0000****2", "*HUSKY A", "*HUSKY C", "*HUSKY B", "*HUSKY D", "*HUSKY C", "*HUSKY A", "*HUSKY D", "*HUSKY B"),
	} {
		if report := f.load(t, change.Replace(sample.String())); report.Changed != 3000 {
			t.Fatalf("%s: Import = %+v, want everybody changed", name, report)
		}
		if nowTable, nowIndexes := size(); nowTable != table || nowIndexes != indexes {
			t.Errorf("%s: the table grew from %d bytes to %d, its indexes from %d to %d", name, table, nowTable, indexes, nowIndexes)
		}
	}
}
