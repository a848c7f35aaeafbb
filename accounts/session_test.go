package accounts

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"huskyidp/internal/audit"
)

const phone = "Mozilla/5.0 (Linux; Android 9; SM-J260) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/96.0 Mobile Safari/537.36"

// S-22, S-23: a session ends without use, and however much it is used.
func TestSessionEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	used, idle := f.start(SessionStart{Account: account}), f.start(SessionStart{Account: account})
	want := Session{
		SID: used.SID, AccountID: account.ID, Subject: account.Subject, Username: "maria", Language: "es", MemberID: account.MemberID,
		AMR: []string{"pwd"}, ACR: ACRPassword, AuthTime: f.now(), LastSeenAt: f.now(), ExpiresAt: f.now().Add(12 * time.Hour),
	}
	got, err := f.Session(f.ctx(), used.Token)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Session: %v (-want +got):\n%s", err, diff)
	}
	began := f.now()
	for f.now().Before(began.Add(12*time.Hour - 10*time.Minute)) {
		f.later(10 * time.Minute)
		if _, err := f.Session(f.ctx(), used.Token); err != nil {
			t.Fatalf("a session in use, after %v: %v", f.now().Sub(began), err)
		}
	}
	f.later(10 * time.Minute)
	if _, err := f.Session(f.ctx(), used.Token); !errors.Is(err, ErrNoSession) {
		t.Errorf("after 12 h: %v, want ErrNoSession", err)
	}
	f.at(began.Add(15*time.Minute - time.Second))
	if _, err := f.Session(f.ctx(), idle.Token); err != nil {
		t.Errorf("after 14:59 without use: %v", err)
	}
	f.at(f.now().Add(15 * time.Minute))
	if _, err := f.Session(f.ctx(), idle.Token); !errors.Is(err, ErrNoSession) {
		t.Errorf("after 15 min without use: %v, want ErrNoSession", err)
	}
	for _, token := range []string{"", "x", used.SID, idle.Token[1:], otherwise(idle.Token)} {
		if _, err := f.Session(f.ctx(), token); !errors.Is(err, ErrNoSession) {
			t.Errorf("Session(%q): %v, want ErrNoSession", token, err)
		}
	}
}

// A session that is in use is written at most once a minute, and read in one round trip.
func TestSessionTrips(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	s := f.start(SessionStart{Account: f.register("maria")})
	version := func() (v int) { return f.count(`select xmin::text::bigint from sessions`) }
	before := version()
	f.later(59 * time.Second)
	if n, _ := f.trips.Of(func() { f.Session(f.ctx(), s.Token) }); n != 1 {
		t.Errorf("Session takes %d round trips, want 1", n)
	}
	if version() != before {
		t.Error("the row was written within a minute")
	}
	f.later(time.Second)
	if f.Session(f.ctx(), s.Token); version() == before {
		t.Error("the row was not written after a minute")
	}
}

// S-22: the session that a browser had dies with the next sign-in.
func TestSessionIsReplaced(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account, other := f.register("maria"), f.register("jose")
	old := f.start(SessionStart{Account: other})
	fresh := f.start(SessionStart{Account: account, Replaces: old.Token})
	if _, err := f.Session(f.ctx(), old.Token); !errors.Is(err, ErrNoSession) {
		t.Errorf("the old session: %v, want ErrNoSession", err)
	}
	if _, err := f.Session(f.ctx(), fresh.Token); err != nil {
		t.Errorf("the new session: %v", err)
	}
	if fresh.Token == old.Token || fresh.SID == old.SID {
		t.Error("the new session has the old one's id")
	}
}

// S-22, S-49: the token is stored as a digest only.
func TestTokenIsStoredAsDigest(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	s := f.start(SessionStart{Account: f.register("maria")})
	if n := f.count(`select count(*) from sessions where digest = sha256($1::text::bytea)`, s.Token); n != 1 {
		t.Errorf("%d rows have the SHA-256 of the token, want 1", n)
	}
	if n := f.count(`select count(*) from sessions t where position($1 in t::text) > 0`, s.Token); n != 0 {
		t.Error("the token itself is in the table")
	}
}

// S-23: ten sessions at most; the oldest ends.
func TestOldestSessionEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	var all []Started
	for range maxSessions + 2 {
		all = append(all, f.start(SessionStart{Account: account}))
		f.later(time.Second)
	}
	for i, s := range all {
		if _, err := f.Session(f.ctx(), s.Token); (err == nil) != (i >= 2) {
			t.Errorf("session %d of %d: %v", i, len(all), err)
		}
	}
}

// S-23 under 32 sign-ins at once.
func TestParallelSignIns(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 8)
	account := f.register("maria")
	device := f.start(SessionStart{Account: account}).Device
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			// The reservation of one may be in the way of another; see TestWaits.
			if _, err := f.StartSession(f.ctx(), SessionStart{Account: account, AMR: []string{"pwd"}, Device: device}); err != nil {
				t.Errorf("StartSession: %v", err)
			}
		})
	}
	all.Wait()
	if n := f.count(`select count(*) from sessions where ended_at is null`); n != maxSessions {
		t.Errorf("%d sessions are open, want %d", n, maxSessions)
	}
	if n := f.count(`select count(*) from sessions`); n != 33 {
		t.Errorf("%d sessions were opened, want 33", n)
	}
}

// performance.md: a sign-in is four round trips and two commits; the page's own look at
// the request that waits is one of them.
func TestSignInTrips(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	device := f.start(SessionStart{Account: account}).Device
	signIn := func(device string) {
		a, err := f.Authenticate(f.ctx(), Attempt{Username: "maria", Password: rightPassword, Device: device})
		if err != nil {
			t.Fatalf("Authenticate: %v", err)
		}
		f.start(SessionStart{Account: a, Device: device, Replaces: "x"})
	}
	for name, device := range map[string]string{"a known": device, "a new": ""} {
		if trips, commits := f.trips.Of(func() { signIn(device) }); trips > 3 || commits > 2 {
			t.Errorf("a sign-in from %s device takes %d round trips and %d commits, want 3 and 2", name, trips, commits)
		}
	}
}

// A new device is notified, the first sign-in and a known device are not.
func TestNewDeviceMail(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	first := f.start(SessionStart{Account: account, UserAgent: phone})
	account, err := f.Get(f.ctx(), account.ID)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	mails := func() int {
		for range 2 { // the second finds nothing more
			if err := f.SendNotices(f.ctx()); err != nil {
				t.Fatalf("SendNotices: %v", err)
			}
		}
		return f.count(`select count(*) from mails where kind = 'new_device'`)
	}
	f.start(SessionStart{Account: account, UserAgent: phone, Device: first.Device})
	if n := mails(); n != 0 {
		t.Errorf("%d mails before a new device, want 0", n)
	}
	if n := f.count(`select count(*) from audit_events where kind = 'signed_in' and data->>'first' = 'yes'`); n != 1 || slices.Contains(f.kinds(account.ID), audit.NewDevice) {
		t.Errorf("%d sign-ins are the first, and the audit has %v", n, f.kinds(account.ID))
	}
	f.start(SessionStart{Account: account, UserAgent: phone})
	if n := mails(); n != 1 {
		t.Errorf("%d mails after a new device, want 1", n)
	}
	if n := f.count(`select count(*) from sessions where browser = 'Chrome' and system = 'Android'`); n != 3 {
		t.Errorf("%d sessions are of Chrome on Android, want 3", n)
	}
	if got := f.kinds(account.ID); !slices.Contains(got, audit.NewDevice) {
		t.Errorf("audit has %v, want %s among them", got, audit.NewDevice)
	}
}

// S-25: ending one or all takes effect at once, and is recorded once.
func TestEndSessions(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	a, b, c := f.start(SessionStart{Account: account}), f.start(SessionStart{Account: account}), f.start(SessionStart{Account: account})
	for range 2 {
		if err := f.EndSession(f.ctx(), a.SID); err != nil {
			t.Fatalf("EndSession: %v", err)
		}
	}
	if err := f.EndSessions(f.ctx(), account.ID, c.SID); err != nil {
		t.Fatalf("EndSessions: %v", err)
	}
	for name, s := range map[string]Started{"ended": a, "other": b} {
		if _, err := f.Session(f.ctx(), s.Token); !errors.Is(err, ErrNoSession) {
			t.Errorf("the %s session: %v, want ErrNoSession", name, err)
		}
	}
	if _, err := f.Session(f.ctx(), c.Token); err != nil {
		t.Errorf("the kept session: %v", err)
	}
	ended := 0
	for _, kind := range f.kinds(account.ID) {
		if kind == audit.SessionEnded {
			ended++
		}
	}
	if ended != 2 {
		t.Errorf("%d ends are recorded, want 2", ended)
	}
}

// S-73: what is 30 days past its end goes, and in a day the key of an app that was never proven.
func TestSweep(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	f.start(SessionStart{Account: account})
	f.try("nadie", wrongPassword)
	if _, err := f.StartTOTP(f.ctx(), account.ID, "sid"); err != nil {
		t.Fatal(err)
	}
	rows := func() int {
		return f.count(`select (select count(*) from sessions) + (select count(*) from sign_in_throttles) + (select count(*) from account_totp)`)
	}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{23 * time.Hour, 3}, {28 * 24 * time.Hour, 2}, {38 * time.Hour, 0}} {
		f.later(step.after)
		if err := f.Sweep(f.ctx()); err != nil {
			t.Fatalf("Sweep: %v", err)
		}
		if got := rows(); got != step.want {
			t.Errorf("%d rows are left, want %d", got, step.want)
		}
	}
}

func TestDescribeAgent(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string][2]string{
		phone: {"Chrome", "Android"},
		"Mozilla/5.0 (iPhone; CPU iPhone OS 15_8 like Mac OS X) AppleWebKit/605.1.15 Version/15.6 Mobile/15E148 Safari/604.1":   {"Safari", "iPhone"},
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0": {"Edge", "Windows"},
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                {"Firefox", "Linux"},
		"Mozilla/5.0 (Linux; Android 13; SM-A536) AppleWebKit/537.36 SamsungBrowser/23.0 Chrome/115.0 Mobile Safari/537.36":     {"Samsung Internet", "Android"},
		"curl/8": {"", ""},
	} {
		browser, system := describeAgent(agent)
		if got := [2]string{browser, system}; got != want {
			t.Errorf("describeAgent(%q) = %v, want %v", agent, got, want)
		}
	}
}

// S-23: a staff member's session ends after eight hours however much it is used.
func TestStaffSessionEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	member := f.register("maria")
	staff := member
	staff.MemberID = uuid.Nil
	for name, test := range map[string]struct {
		account Account
		want    time.Duration
	}{"member": {member, 12 * time.Hour}, "staff": {staff, 8 * time.Hour}} {
		if s := f.start(SessionStart{Account: test.account}); !s.ExpiresAt.Equal(f.now().Add(test.want)) {
			t.Errorf("the session of %s ends after %s, want %s", name, s.ExpiresAt.Sub(f.now()), test.want)
		}
	}
}

// A sign-in in a browser, and signing out of it, end a sign-in that waits there for its second step; a finished one still
// answers its second press.
func TestSignInEndsWhatWaits(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	maria, john := f.register("maria"), f.register("john")
	wait := func() string {
		token, err := f.StartPending(f.ctx(), PendingStart{Account: maria, AMR: []string{"pwd"}, Browser: thisBrowser})
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	token := wait()
	f.start(SessionStart{Account: john, AMR: []string{"pwd"}, Browser: otherBrowser})
	if _, err := f.Pending(f.ctx(), token, thisBrowser); err != nil {
		t.Errorf("after a sign-in elsewhere: %v", err)
	}
	f.start(SessionStart{Account: john, AMR: []string{"pwd"}, Browser: thisBrowser})
	if _, err := f.Pending(f.ctx(), token, thisBrowser); !errors.Is(err, ErrNoPending) {
		t.Errorf("after another person's sign-in: %v, want ErrNoPending", err)
	}
	token = wait()
	if err := f.EndBrowser(f.ctx(), thisBrowser); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Pending(f.ctx(), token, thisBrowser); !errors.Is(err, ErrNoPending) {
		t.Errorf("after signing out: %v, want ErrNoPending", err)
	}
}
