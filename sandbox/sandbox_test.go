package sandbox

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/mail"
	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
	"huskyidp/members"
	"huskyidp/templates"
)

type fixture struct {
	*Service
	keeper *Keeper
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	db := postgrestest.Open(t, postgres.Options{DSN: postgrestest.DSN(t), MaxConns: 6})
	keyring, log := seal.Ephemeral(), audit.New(db)
	set, err := templates.Load(templates.Options{Languages: []string{"es", "en"}})
	must(t, err)
	outbox, err := mail.NewOutbox(db, keyring, time.Now)
	must(t, err)
	people, err := accounts.New(accounts.Deps{DB: db, Keyring: keyring, Audit: log, Outbox: outbox, Mails: set, Now: time.Now, Issuer: "https://sandbox.example",
		Hash: accounts.HashParams{MemoryKiB: 64, Passes: 1, Lanes: 1}})
	must(t, err)
	roster, err := members.New(members.Deps{DB: db, Keyring: keyring, Audit: log, Now: time.Now})
	must(t, err)
	sample, err := os.ReadFile("../cmd/idp/sample/roster.csv")
	must(t, err)
	accept := func(now time.Time, lang string) (accounts.Acceptance, accounts.Acceptance) {
		a := accounts.Acceptance{Version: "2026-11-01", Language: lang, TextHash: make([]byte, 32), At: now}
		return a, a
	}
	s, err := New(Deps{DB: db, Audit: log, Accounts: people, Roster: roster, Sample: string(sample), Accept: accept, Now: time.Now})
	must(t, err)
	return &fixture{s, &Keeper{DB: db, Keyring: keyring, Mails: set, Now: time.Now}}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) started(t *testing.T) *fixture {
	t.Helper()
	must(t, Claim(t.Context(), f.DB, true))
	must(t, f.Start(t.Context()))
	return f
}

func (f *fixture) count(t *testing.T, what string) (n int) {
	t.Helper()
	must(t, f.DB.From(t.Context()).QueryRow(t.Context(), `select count(*) from `+what).Scan(&n))
	return n
}

// signIn checks the known password of an account and opens a session.
func (f *fixture) signIn(t *testing.T, username string) (accounts.Account, string) {
	t.Helper()
	account, err := f.Accounts.Authenticate(t.Context(), accounts.Attempt{Username: username, Password: Password, Source: "192.0.2.1"})
	must(t, err)
	started, err := f.Accounts.StartSession(t.Context(), accounts.SessionStart{Account: account, AMR: []string{"pwd"}})
	must(t, err)
	return account, started.Token
}

// A database is a sandbox's or production's for good, by the first start; each refuses the other's, and a sandbox takes nothing that
// somebody uses. No known account comes into any but a sandbox's.
func TestDatabaseIsOneKind(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, sql   string
		first, next bool
		want        [2]error // of the first start, and of the next one
	}{
		{"sandbox", "", true, true, [2]error{nil, nil}},
		{"production", "", false, false, [2]error{nil, nil}},
		{"sandbox on production", "", false, true, [2]error{nil, ErrProduction}},
		{"production on a sandbox", "", true, false, [2]error{nil, ErrSandbox}},
		{"sandbox on what an older program serves", `insert into served_issuer (issuer, since) values ('https://idp.example', now())`, true, false, [2]error{ErrInUse, nil}},
		{"sandbox on a roster", `insert into members (id, number_mac, content_mac, sealed, created_at, changed_at) values (gen_random_uuid(), sha256('1'), sha256('2'), '3', now(), now())`, true, false, [2]error{ErrInUse, nil}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			if test.sql != "" {
				postgrestest.Exec(t, f.DB, test.sql)
			}
			for i, isSandbox := range []bool{test.first, test.next} {
				if err := Claim(t.Context(), f.DB, isSandbox); !errors.Is(err, test.want[i]) {
					t.Errorf("start %d: %v, want %v", i+1, err, test.want[i])
				}
			}
			if test.first && test.want[0] == nil {
				return
			}
			if test.sql == "" { // also one that has the cards of the invented members
				must(t, f.importRoster(t.Context()))
			}
			if f.Reset(t.Context()) == nil || f.Start(t.Context()) == nil {
				t.Error("production is reset")
			}
			if n := f.count(t, "accounts"); n != 0 {
				t.Errorf("production has %d accounts of a sandbox", n)
			}
		})
	}
}

func TestNobodyHasStarted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := f.Reset(t.Context()); !errors.Is(err, ErrUnclaimed) {
		t.Errorf("a reset: %v", err)
	}
	if err := Check(t.Context(), f.DB, false); err != nil {
		t.Errorf("a command of production: %v", err)
	}
}

// Instances may start together, and again; the first state is made once.
func TestStart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if err := errors.Join(Claim(t.Context(), f.DB, true), f.Start(t.Context())); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := f.count(t, "audit_events where kind = 'sandbox.reset'"); n != 1 {
		t.Errorf("%d first states", n)
	}
	must(t, f.Start(t.Context()))
	if n, members := f.count(t, "accounts"), f.count(t, "members"); n != len(people) || members != 32 {
		t.Errorf("%d accounts and %d members", n, members)
	}
	for _, p := range people {
		account, _ := f.signIn(t, p.Username)
		factors, err := f.Accounts.Factors(t.Context(), account.ID)
		must(t, err)
		if account.Email != p.Email || factors.TOTP != p.TOTP {
			t.Errorf("%s has %s, %+v", p.Username, account.Email, factors)
		}
		if m, err := f.Roster.Member(t.Context(), account.MemberID); err != nil || m.FirstName == "" {
			t.Errorf("%s is no member: %v", p.Username, err)
		}
	}
}

// A reset ends a session that is open and what its member changed; the desk's people and clients stay. Twice, and at the same moment, it
// is the same state.
func TestReset(t *testing.T) {
	t.Parallel()
	f := newFixture(t).started(t)
	account, token := f.signIn(t, "prueba.juan")
	_, err := f.Accounts.CreateStaff(t.Context(), accounts.NewStaff{Username: "rosa.vega", Email: "rosa@desk.example", Language: "es"})
	must(t, err)
	must(t, f.Accounts.ChangeLanguage(t.Context(), account.ID, "en"))
	must(t, f.keeper.Send(t.Context(), mail.Outgoing{ID: uuid.New(), To: "juan@prueba.invalid", Lang: "es", Subject: "Hola", Text: "x"}))
	postgrestest.Exec(t, f.DB, `insert into clients (client_id, metadata, created_at, updated_at) values ('app', '{}', now(), now())`)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if err := f.Reset(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if _, err := f.Accounts.Session(t.Context(), token); err == nil {
		t.Error("the session is still open")
	}
	if _, err := f.Accounts.Get(t.Context(), account.ID); err == nil {
		t.Error("the account of before is still there")
	}
	if again, _ := f.signIn(t, "prueba.juan"); again.Language != "es" || again.ID == account.ID {
		t.Errorf("the account is %+v", again)
	}
	if n, staff, mails, clients := f.count(t, "accounts"), f.count(t, "accounts where kind = 'staff'"), f.count(t, "sandbox_mails"), f.count(t, "clients"); n != len(people)+1 || staff != 1 || mails != 0 || clients != 1 {
		t.Errorf("%d accounts, %d of staff, %d mails, %d clients", n, staff, mails, clients)
	}
}

// A reset that is killed in the middle has changed nothing; the next one is whole.
func TestResetIsKilled(t *testing.T) {
	t.Parallel()
	f := newFixture(t).started(t)
	account, token := f.signIn(t, "prueba.juan")
	postgrestest.Exec(t, f.DB, `create function held() returns trigger language plpgsql as 'begin perform pg_sleep(2); return new; end';
		create trigger held before update of sandbox_reset_at on settings for each row execute function held()`)
	ctx, kill := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- f.Reset(ctx) }()
	owner, sleeps := postgrestest.Owner(t, f.DB), false
	for deadline := time.Now().Add(10 * time.Second); !sleeps && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) { // in its last statement
		must(t, owner.QueryRow(t.Context(), `select exists (select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep')`).Scan(&sleeps))
	}
	kill()
	if err := <-ended; err == nil {
		t.Fatal("the reset was not killed")
	}
	if _, err := f.Accounts.Session(t.Context(), token); err != nil {
		t.Errorf("the session of before: %v", err)
	}
	if _, err := f.Accounts.Get(t.Context(), account.ID); err != nil {
		t.Errorf("the account of before: %v", err)
	}
	postgrestest.Exec(t, f.DB, `drop trigger held on settings`)
	must(t, f.Reset(t.Context()))
	if n := f.count(t, "accounts"); n != len(people) {
		t.Errorf("%d accounts", n)
	}
}

// A mail is kept once, sealed, and marked; the newest 200 are.
func TestKeeper(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := uuid.New()
	for range 2 {
		must(t, f.keeper.Send(t.Context(), mail.Outgoing{ID: id, To: "ana@example.org", Lang: "es", Subject: "Su código", Text: "123456"}))
	}
	all, err := f.keeper.List(t.Context())
	must(t, err)
	if len(all) != 1 || all[0].Subject != "[Prueba] Su código" || all[0].Text != "123456" || all[0].To != "ana@example.org" {
		t.Errorf("kept %+v", all)
	}
	if n := f.count(t, `sandbox_mails where position('123456'::bytea in sealed) > 0`); n != 0 {
		t.Error("a mail is not sealed")
	}
	for range keep {
		must(t, f.keeper.Send(t.Context(), mail.Outgoing{ID: uuid.New(), Lang: "en", Subject: "x"}))
	}
	if _, found, err := f.keeper.Find(t.Context(), id.String()); found || err != nil || f.count(t, "sandbox_mails") != keep {
		t.Errorf("the oldest is still there: %v", err)
	}
	if _, found, err := f.keeper.Find(t.Context(), "x"); found || err != nil {
		t.Errorf("no ID: %v, %v", found, err)
	}
}

// What the page tells is true: the password is one that members may choose, too.
func TestKnownPassword(t *testing.T) {
	t.Parallel()
	for _, p := range people {
		if flaws := accounts.CheckPassword(Password, p.Username, p.Email); len(flaws) > 0 || !strings.HasSuffix(p.Email, ".invalid") {
			t.Errorf("%s: %v", p.Username, flaws)
		}
		if _, err := accounts.CheckNewUsername(p.Username); err != nil {
			t.Errorf("%s: %v", p.Username, err)
		}
	}
	if err := accounts.CheckAnswer(Answer, Password); err != nil || !accounts.KnownQuestion(Question) {
		t.Errorf("the answer: %v", err)
	}
}
