package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
)

type chainFixture struct {
	*audit.Chain
	t   *testing.T
	db  *postgres.DB
	log *audit.Log
	now time.Time
}

func newChain(t *testing.T, connections int32) *chainFixture {
	t.Helper()
	f := &chainFixture{t: t, db: postgrestest.NewPool(t, connections), now: noon}
	f.log = audit.New(f.db)
	f.Chain = audit.NewChain(f.db, seal.Ephemeral(), func() time.Time { return f.now })
	return f
}

func (f *chainFixture) record(n int) {
	f.t.Helper()
	for i := range n {
		err := f.log.Record(f.t.Context(), audit.Event{
			Kind: audit.SignedIn, At: f.now.Add(time.Duration(i) * time.Microsecond), AccountID: uuid.NewString(), Success: true, Data: map[string]string{"b": "2", "a": "ñ<>"},
		})
		if err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *chainFixture) seal(want int) {
	f.t.Helper()
	if n, err := f.Seal(f.t.Context()); err != nil || n != want {
		f.t.Fatalf("Seal = %d, %v, want %d", n, err, want)
	}
}

// force changes the tables as somebody with the database in their hands could.
func (f *chainFixture) force(statements ...string) {
	f.t.Helper()
	tx, err := postgrestest.Owner(f.t, f.db).Begin(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	defer tx.Rollback(f.t.Context())
	for _, statement := range append([]string{`set local session_replication_role = replica`}, statements...) {
		if _, err := tx.Exec(f.t.Context(), statement); err != nil {
			f.t.Fatalf("%s: %v", statement, err)
		}
	}
	if err := tx.Commit(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

func (f *chainFixture) fault(elsewhere ...string) *audit.Fault {
	f.t.Helper()
	_, err := f.Verify(f.t.Context(), elsewhere...)
	fault, ok := errors.AsType[*audit.Fault](err)
	if !ok {
		f.t.Fatalf("Verify = %v, want a fault", err)
	}
	return fault
}

func TestChain(t *testing.T) {
	t.Parallel()
	f := newChain(t, 2)
	if v, err := f.Verify(t.Context()); err != nil || v != (audit.Verified{}) {
		t.Errorf("Verify of nothing = %+v, %v", v, err)
	}
	f.record(5)
	f.seal(5)
	f.record(3)
	if v, err := f.Verify(t.Context()); err != nil || v != (audit.Verified{First: 1, Last: 5, Rows: 5, Waiting: 3}) {
		t.Errorf("Verify with rows that wait = %+v, %v", v, err)
	}
	f.seal(3)
	f.seal(0)
	if v, err := f.Verify(t.Context()); err != nil || v != (audit.Verified{First: 1, Last: 8, Rows: 8}) {
		t.Errorf("Verify = %+v, %v", v, err)
	}
}

// S-72: each way of changing the past is named, with the first row that is wrong.
func TestVerifyNamesTheFirstFault(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change   string
		position int64
		what     string
	}{
		"a byte of a row":      {`update audit_events set reason = 'x' where id = (select event_id from audit_chain where position = 4)`, 4, "was changed"},
		"its instant":          {`update audit_events set at = at + interval '1 microsecond' where id = (select event_id from audit_chain where position = 2)`, 2, "was changed"},
		"a row":                {`delete from audit_events where id = (select event_id from audit_chain where position = 3)`, 3, "the row is missing"},
		"a row and its link":   {`with l as (delete from audit_chain where position = 3 returning event_id) delete from audit_events where id in (select event_id from l)`, 3, "a link of the chain is missing"},
		"the beginning":        {`delete from audit_chain where position = 1`, 1, "the beginning of the chain is missing"},
		"the end":              {`with l as (delete from audit_chain where position > 6 returning event_id) delete from audit_events where id in (select event_id from l)`, 7, "the chain is cut"},
		"a seal":               {`update audit_chain set seal = decode(repeat('00', 32), 'hex') where position = 5`, 5, "was changed"},
		"two links exchanged":  {`update audit_chain set position = -2 where position = 2; update audit_chain set position = 2 where position = 3; update audit_chain set position = 3 where position = -2`, 2, "was changed"},
		"a row from elsewhere": {`insert into audit_events (id, at, kind, success) values ('01890000-0000-7000-8000-000000000000', '2026-11-24T12:00:00Z', 'signed_in', true)`, 8, "outside of the chain"},
		"a row held back":      {`with l as (insert into audit_events (id, at, kind, success) values ('01890000-0000-7000-8000-000000000000', '2026-11-24T11:00:00Z', 'signed_in', true) returning id) insert into audit_unsealed select id from l`, 8, "never sealed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newChain(t, 2)
			f.record(8)
			f.seal(8)
			if _, ok, err := f.Checkpoint(t.Context()); err != nil || !ok {
				t.Fatalf("Checkpoint = %v, %v", ok, err)
			}
			if _, err := f.Verify(t.Context()); err != nil {
				t.Fatalf("Verify before: %v", err)
			}
			f.force(strings.Split(test.change, "; ")...)
			if fault := f.fault(); fault.Position != test.position || !strings.Contains(fault.What, test.what) {
				t.Errorf("Verify = %v, want position %d: …%s…", fault, test.position, test.what)
			}
		})
	}
}

// A copy of a checkpoint that was kept elsewhere convicts whoever cut the chain, with the table of checkpoints.
func TestCheckpoints(t *testing.T) {
	t.Parallel()
	f := newChain(t, 2)
	if _, ok, err := f.Checkpoint(t.Context()); err != nil || ok {
		t.Errorf("a checkpoint of nothing: %v, %v", ok, err)
	}
	f.record(4)
	f.seal(4)
	first, ok, err := f.Checkpoint(t.Context())
	if err != nil || !ok || first.Position != 4 {
		t.Fatalf("Checkpoint = %+v, %v, %v", first, ok, err)
	}
	f.record(1)
	f.seal(1)
	if _, ok, _ := f.Checkpoint(t.Context()); ok {
		t.Error("a second one within the hour")
	}
	f.now = f.now.Add(time.Hour)
	if p, ok, err := f.Checkpoint(t.Context()); err != nil || !ok || p.Position != 5 {
		t.Errorf("an hour later: %+v, %v, %v", p, ok, err)
	}
	if v, err := f.Verify(t.Context(), first.Signed); err != nil || v.Checkpoints != 2 {
		t.Errorf("Verify = %+v, %v, want two checkpoints", v, err)
	}
	f.force(`delete from audit_checkpoints`, `delete from audit_events where id in (select event_id from audit_chain where position > 3)`, `delete from audit_chain where position > 3`)
	if _, err := f.Verify(t.Context()); err != nil {
		t.Errorf("without the copy: %v", err)
	}
	if fault := f.fault(first.Signed); fault.Position != 4 || !strings.Contains(fault.What, "the chain is cut") {
		t.Errorf("with the copy: %v", fault)
	}
	f.record(1)
	f.seal(1)
	if fault := f.fault(first.Signed); fault.Position != 4 || !strings.Contains(fault.What, "rewritten") {
		t.Errorf("with another fourth row: %v", fault)
	}
	stranger := audit.NewChain(f.db, seal.Ephemeral(), func() time.Time { return f.now })
	if _, err := stranger.ReadCheckpoint(first.Signed); err == nil {
		t.Error("a checkpoint of another service is taken")
	}
	head, signature, _ := strings.Cut(strings.Replace(first.Signed, ".", " ", 1), ".")
	changed := strings.Replace(head, " ", ".", 1) + "." + signature[1:] + signature[:1]
	if _, err := f.ReadCheckpoint(changed); err == nil && changed != first.Signed {
		t.Error("a changed signature is taken")
	}
}

// S-72: sealing is one instance's work at a time, and loses none that is written meanwhile.
func TestParallelSeal(t *testing.T) {
	t.Parallel()
	f := newChain(t, 16)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { f.record(40) })
		wg.Go(func() {
			for range 10 {
				if _, err := f.Seal(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if _, err := f.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if v, err := f.Verify(t.Context()); err != nil || v.Rows != 320 || v.Last != 320 || v.Waiting != 0 {
		t.Errorf("Verify = %+v, %v", v, err)
	}
}

// longAgo is older than the least that rows are kept.
var longAgo = noon.AddDate(-7, 0, 0)

// S-73: retention takes the oldest rows and leaves a chain that is whole from its anchor on.
func TestPrune(t *testing.T) {
	t.Parallel()
	f := newChain(t, 2)
	f.now = longAgo
	f.record(5)
	f.seal(5)
	f.now = longAgo.Add(48 * time.Hour)
	f.record(4)
	f.seal(4)
	if _, err := f.Prune(t.Context(), time.Now().AddDate(-1, 0, 1)); err == nil { // whoever asks
		t.Error("rows younger than a year may go")
	}
	if n, err := f.Prune(t.Context(), longAgo); err != nil || n != 0 {
		t.Errorf("Prune of nothing = %d, %v", n, err)
	}
	if n, err := f.Prune(t.Context(), longAgo.Add(24*time.Hour)); err != nil || n != 5 {
		t.Errorf("Prune = %d, %v, want 5", n, err)
	}
	if v, err := f.Verify(t.Context()); err != nil || v.First != 5 || v.Last != 9 || v.Rows != 4 {
		t.Errorf("Verify = %+v, %v", v, err)
	}
	f.record(1)
	f.seal(1)
	if v, err := f.Verify(t.Context()); err != nil || v.Last != 10 {
		t.Errorf("Verify = %+v, %v", v, err)
	}
	for name, q := range map[string]interface {
		Exec(context.Context, string, ...any) (pgconn.CommandTag, error)
	}{"application": f.db.From(t.Context()), "owner": postgrestest.Owner(t, f.db)} {
		if _, err := q.Exec(t.Context(), `delete from audit_events`); err == nil {
			t.Errorf("rows go without retention, for the %s", name)
		}
	}
	if n, err := f.Prune(t.Context(), longAgo.Add(100*time.Hour)); err != nil || n != 5 {
		t.Errorf("Prune of all = %d, %v, want 5", n, err)
	}
	f.record(1)
	f.seal(1)
	if v, err := f.Verify(t.Context()); err != nil || v.Last != 11 || v.Rows != 1 {
		t.Errorf("Verify after all went = %+v, %v", v, err)
	}
}

// More than one batch of old rows goes in one call, and the chain is whole after it.
func TestPruneManyRows(t *testing.T) {
	t.Parallel()
	f := newChain(t, 2)
	old := make([]audit.Event, 1000)
	for i := range old {
		old[i] = audit.Event{Kind: audit.SignedIn, At: longAgo, Success: true}
	}
	for range 11 {
		if err := f.log.Record(t.Context(), old...); err != nil {
			t.Fatal(err)
		}
	}
	f.now = longAgo.Add(48 * time.Hour)
	f.record(3)
	f.seal(11_003)
	for _, want := range []int64{11_000, 0} {
		if n, err := f.Prune(t.Context(), longAgo.Add(24*time.Hour)); err != nil || n != want {
			t.Errorf("Prune = %d, %v, want %d", n, err, want)
		}
		if _, err := f.Verify(t.Context()); err != nil {
			t.Fatalf("Verify after %d rows went: %v", want, err)
		}
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	f := newChain(t, 2)
	for range 3 {
		f.record(700)
		f.now = f.now.Add(time.Minute)
	}
	f.seal(2100)
	f.record(1)
	var out bytes.Buffer
	if err := f.log.Export(t.Context(), &out, noon, noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2101 {
		t.Fatalf("%d lines, want 2101", len(lines))
	}
	seen, last := map[string]bool{}, time.Time{}
	for _, line := range lines {
		var row struct {
			ID   string
			At   time.Time
			Kind string
			Data map[string]string
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil || row.Kind != "signed_in" || row.Data["a"] != "ñ<>" || seen[row.ID] || row.At.Before(last) {
			t.Fatalf("line %s: %v", line, err)
		}
		seen[row.ID], last = true, row.At
	}
	if !strings.Contains(lines[0], `"position":1,`) || strings.Contains(lines[2100], "position") {
		t.Errorf("the first line is %s, the last %s", lines[0], lines[2100])
	}
	out.Reset()
	if err := f.log.Export(t.Context(), &out, noon, noon); err != nil || out.Len() != 0 {
		t.Errorf("an empty span gives %q, %v", out.String(), err)
	}
}
