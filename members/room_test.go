package members

import (
	"strings"
	"testing"

	"huskyidp/internal/postgres/postgrestest"
)

// A file that changes everybody finds room beside the rows that it replaces: the table does not grow, and a row that stays on
// its page needs no new entry in an index. PostgreSQL leaves a page uncleaned while its own writer holds it, so a page or two
// may be full. It is not parallel: a long transaction, even in another database, delays what PostgreSQL may clean.
func TestChangesStayOnTheirPages(t *testing.T) {
	f := newFixture(t)
	var sample strings.Builder
	if err := Sample834(&sample, 3000, 7); err != nil {
		t.Fatal(err)
	}
	f.load(t, sample.String())
	postgrestest.Exec(t, f.db, `CREATE TABLE page_before (id uuid PRIMARY KEY, page bigint)`, `GRANT ALL ON page_before TO PUBLIC`)
	const pages = `SELECT id, (ctid::text::point)[0]::bigint AS page FROM members`
	size := func() int { return f.count(t, `SELECT pg_relation_size('members')`) }
	before := size()
	for name, change := range map[string]*strings.Replacer{
		"a full file":   strings.NewReplacer("*HUSKY A", "*HUSKY B", "*HUSKY B", "*HUSKY C", "*HUSKY C", "*HUSKY D", "*HUSKY D", "*HUSKY A"),
		"a change file": strings.NewReplacer("0000****4", "0000****2", "*HUSKY A", "*HUSKY C", "*HUSKY B", "*HUSKY D", "*HUSKY C", "*HUSKY A", "*HUSKY D", "*HUSKY B"),
	} {
		postgrestest.Exec(t, f.db, `TRUNCATE page_before`, `INSERT INTO page_before `+pages)
		if report := f.load(t, change.Replace(sample.String())); report.Changed != 3000 {
			t.Fatalf("%s: Import = %+v, want everybody changed", name, report)
		}
		moved := f.count(t, `SELECT count(*) FROM (`+pages+`) now JOIN page_before USING (id) WHERE now.page <> page_before.page`)
		if after := size(); after != before || moved > 30 {
			t.Errorf("%s: %d of 3000 rows moved to another page, and the table grew from %d bytes to %d", name, moved, before, after)
		}
	}
}
