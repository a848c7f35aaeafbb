package members

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
)

const header = "member_number,first_name,last_name,suffix,birth_date,program,coverage_start,coverage_end\n"

var now = time.Date(2026, time.November, 24, 12, 0, 0, 0, time.UTC)

type fixture struct {
	*Roster
	db *postgres.DB
}

func newFixture(t *testing.T) fixture { return fixtureOn(t, postgrestest.New(t)) }

// fewEntries are those of a chunk in tests of lines that are looked up apart; TestSampleRosterImportsWholeAndMatches has the product's.
const fewEntries = 512

// newFixtureOfChunks is newFixture with chunks of fewEntries.
func newFixtureOfChunks(t *testing.T) fixture {
	f := newFixture(t)
	f.chunk = fewEntries
	return f
}

func fixtureOn(t *testing.T, db *postgres.DB) fixture {
	t.Helper()
	r, err := New(Deps{DB: db, Keyring: seal.Ephemeral(), Audit: audit.New(db), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return fixture{r, db}
}

func (f fixture) load(t *testing.T, file string) Report {
	t.Helper()
	report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{AllowTest: true}) // samples are marked as tests
	if err != nil {
		t.Fatalf("Import: %v", err)
	}
	return report
}

func (f fixture) count(t *testing.T, sql string) (n int) {
	t.Helper()
	if err := f.db.From(t.Context()).QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func counts(r Report) [5]int { return [5]int{r.Added, r.Changed, r.Ended, r.Unchanged, r.Rejected} }

func TestMatchAndMember(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+"012345678,MARÍA JOSÉ,GARCÍA LÓPEZ,JR,1984-05-17,HUSKY A,2024-01-01,2027-01-01\n")
	right := Claim{"maria jose", "Garcia-Lopez", "JR", Date{1984, 5, 17}, "012 345-678"}
	got, err := f.Match(t.Context(), right)
	if err != nil {
		t.Fatalf("Match(right claim): %v", err)
	}
	want := Member{
		FirstName: "MARÍA JOSÉ", LastName: "GARCÍA LÓPEZ", Suffix: "JR", BirthDate: Date{1984, 5, 17}, MemberNumber: "012345678",
		Program: "A", CoverageStart: Date{2024, 1, 1}, CoverageEnd: Date{2027, 1, 1}, ChangedAt: now,
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Member{}, "ID")); diff != "" {
		t.Errorf("Match(right claim) (-want +got):\n%s", diff)
	}
	for name, read := range map[string]func() (Member, error){
		"Member": func() (Member, error) { return f.Member(t.Context(), got.ID) },
		"Find":   func() (Member, error) { return f.Find(t.Context(), "012345678") },
	} {
		if again, err := read(); err != nil || again != got {
			t.Errorf("%s = %+v, %v, want %+v", name, again, err, got)
		}
	}
	for field, change := range map[string]func(*Claim){
		"first_name":    func(c *Claim) { c.FirstName = "Ana" },
		"last_name":     func(c *Claim) { c.LastName = "García" },
		"suffix":        func(c *Claim) { c.Suffix = "" },
		"birth_date":    func(c *Claim) { c.BirthDate.Day = 18 },
		"member_number": func(c *Claim) { c.MemberNumber = "012345679" },
	} {
		claim := right
		change(&claim)
		m, err := f.Match(t.Context(), claim)
		refused, ok := errors.AsType[*NoMatchError](err)
		if !ok || !errors.Is(err, ErrNoMatch) || m != (Member{}) {
			t.Fatalf("Match with another %s = %+v, %v, want nothing and ErrNoMatch", field, m, err)
		}
		if diff := cmp.Diff([]string{field}, refused.Fields); diff != "" {
			t.Errorf("Match with another %s names (-want +got):\n%s", field, diff)
		}
	}
	_, err = f.Match(t.Context(), Claim{"Ana", "López", "", Date{1999, 1, 1}, "12"})
	if refused, ok := errors.AsType[*NoMatchError](err); !ok || cmp.Diff([]string{"member_number"}, refused.Fields) != "" {
		t.Errorf("Match with no number of the roster = %v, want the number alone", err)
	}
	if _, err := f.Member(t.Context(), uuid.Must(uuid.NewV7())); !errors.Is(err, ErrUnknown) {
		t.Errorf("Member(unknown id) = %v, want ErrUnknown", err)
	}
}

// The member behind the dummy must not be claimable.
func TestDummyNeverMatches(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, number := range []string{"none", "", "000000000"} {
		claim := Claim{"NOBODY", "NOBODY NOWHERE", "", Date{1900, 1, 1}, number}
		if _, err := f.Match(t.Context(), claim); !errors.Is(err, ErrNoMatch) {
			t.Errorf("Match(the dummy, number %q) = %v, want ErrNoMatch", number, err)
		}
	}
}

// S-13: the same statements whether or not the member exists and whatever is wrong.
func TestMatchAsksTheDatabaseOnceForEveryCause(t *testing.T) {
	t.Parallel()
	counter := &statementCounter{}
	f := fixtureOn(t, postgrestest.Open(t, postgres.Options{DSN: postgrestest.DSN(t), MaxConns: 1, Tracer: counter}))
	f.load(t, header+"012345678,ANA,GARCIA,,1984-05-17,,,\n")
	for name, claim := range map[string]Claim{
		"right":          {"Ana", "Garcia", "", Date{1984, 5, 17}, "012345678"},
		"wrong name":     {"Eva", "Garcia", "", Date{1984, 5, 17}, "012345678"},
		"unknown number": {"Ana", "Garcia", "", Date{1984, 5, 17}, "999999999"},
		"no number":      {"Ana", "Garcia", "", Date{1984, 5, 17}, "x"},
	} {
		counter.n = 0
		f.Match(t.Context(), claim)
		if counter.n != 1 {
			t.Errorf("Match with %s: %d statements, want 1", name, counter.n)
		}
	}
}

type statementCounter struct{ n int }

func (c *statementCounter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.n++
	return ctx
}
func (c *statementCounter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// S-46: nothing personal in the clear, and a record opens in its own row only.
func TestMembersAreSealedInTheirRows(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+"111111111,ANAXIMANDRA,GARCIA,,1984-05-17,,,\n222222222,EVA,LOPEZ,,1985-05-17,,,\n")
	rows, err := f.db.From(t.Context()).Query(t.Context(), `SELECT m::text || encode(sealed, 'escape') FROM members m`)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var row string
		if err := rows.Scan(&row); err != nil {
			t.Fatal(err)
		}
		for _, personal := range []string{"ANAXIMANDRA", "GARCIA", "1984-05-17", "19840517", "111111111"} {
			if strings.Contains(row, personal) {
				t.Errorf("a row of members shows %q", personal)
			}
		}
	}
	rows.Close()
	eva, err := f.Find(t.Context(), "222222222")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.db.From(t.Context()).Exec(t.Context(), `
		UPDATE members SET sealed = (SELECT sealed FROM members WHERE id <> $1) WHERE id = $1`, eva.ID); err != nil {
		t.Fatal(err)
	}
	if m, err := f.Member(t.Context(), eva.ID); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("Member with the record of another row = %+v, %v, want seal.ErrOpen", m, err)
	}
}

func TestConstraints(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+"111111111,ANA,GARCIA,,1984-05-17,A,,\n")
	for name, sql := range map[string]string{
		"members_number_unique":    `INSERT INTO members SELECT gen_random_uuid(), number_mac, content_mac, sealed, NULL, now(), now() FROM members`,
		"members_number_mac_size":  `UPDATE members SET number_mac = 'x'`,
		"members_content_mac_size": `UPDATE members SET content_mac = 'x'`,
	} {
		if _, err := f.db.From(t.Context()).Exec(t.Context(), sql); postgres.Violated(err) != name {
			t.Errorf("%s: error %v, want a violation of %s", sql, err, name)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	db := postgrestest.New(b)
	r, err := New(Deps{DB: db, Keyring: seal.Ephemeral(), Audit: audit.New(db), Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	file := strings.NewReader(header + "111111111,ANA,GARCIA,,1984-05-17,A,,\n")
	if _, err := r.Import(b.Context(), file, ImportOptions{}); err != nil {
		b.Fatal(err)
	}
	for _, number := range []string{"111111111", "999999999"} {
		b.Run(fmt.Sprint("number ", number), func(b *testing.B) {
			for b.Loop() {
				r.Match(b.Context(), Claim{"Ana", "Garcia", "", Date{1984, 5, 17}, number})
			}
		})
	}
}
