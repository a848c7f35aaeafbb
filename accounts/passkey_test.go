package accounts

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"huskyidp/internal/passkeytest"
)

var thisBrowser, otherBrowser = []byte("this browser"), []byte("another browser")

func (f *fixture) enrolPasskey(account Account) *passkeytest.Device {
	f.t.Helper()
	options, err := f.BeginNewPasskey(f.ctx(), account, "sid")
	if err != nil {
		f.t.Fatalf("BeginNewPasskey: %v", err)
	}
	device := passkeytest.New(f.t, "https://idp.example")
	if _, err := f.FinishNewPasskey(f.ctx(), account, "sid", "mi teléfono", device.Create(options)); err != nil {
		f.t.Fatalf("FinishNewPasskey: %v", err)
	}
	return device
}

func (f *fixture) askPasskey(account uuid.UUID) PasskeyOptions {
	f.t.Helper()
	options, err := f.BeginPasskey(f.ctx(), thisBrowser, "192.0.2.1/32", account)
	if err != nil {
		f.t.Fatalf("BeginPasskey: %v", err)
	}
	return options
}

// A passkey is discoverable, verifies its owner, and proves itself with or without a
// username; what was asked is answered once, in one browser, and soon.
func TestPasskey(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account, other := f.register("maria"), f.register("otra")
	options, err := f.BeginNewPasskey(f.ctx(), account, "sid")
	if err != nil {
		t.Fatal(err)
	}
	device := passkeytest.New(t, "https://idp.example")
	asked := device.Read(options).PublicKey.AuthenticatorSelection
	if asked.ResidentKey != "required" || asked.UserVerification != "required" {
		t.Errorf("a new passkey is asked for with %+v, want both required", asked)
	}
	made := device.Create(options)
	if _, err := f.FinishNewPasskey(f.ctx(), account, "another", "", made); !errors.Is(err, ErrPasskey) {
		t.Errorf("FinishNewPasskey in another session = %v, want ErrPasskey", err)
	}
	if _, err := f.FinishNewPasskey(f.ctx(), other, "sid", "", made); !errors.Is(err, ErrPasskey) {
		t.Errorf("FinishNewPasskey for another account = %v, want ErrPasskey", err)
	}
	if _, err := f.FinishNewPasskey(f.ctx(), account, "sid", "mi teléfono", made); err != nil {
		t.Fatalf("FinishNewPasskey: %v", err)
	}
	if _, err := f.FinishNewPasskey(f.ctx(), account, "sid", "", made); !errors.Is(err, ErrHasFactor) {
		t.Errorf("FinishNewPasskey twice = %v, want ErrHasFactor", err)
	}
	if diff := cmp.Diff([]string{"factor_added"}, f.mailKinds(account.ID)); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}

	for _, id := range []uuid.UUID{uuid.Nil, account.ID} {
		answer := device.Get(f.askPasskey(id))
		if got, err := f.FinishPasskey(f.ctx(), thisBrowser, id, answer); err != nil || got.ID != account.ID {
			t.Errorf("FinishPasskey(%s) = %s, %v, want %s", id, got.ID, err, account.ID)
		}
		f.later(provedTwice)
		if _, err := f.FinishPasskey(f.ctx(), thisBrowser, id, answer); !errors.Is(err, ErrPasskey) {
			t.Errorf("FinishPasskey twice = %v, want ErrPasskey", err)
		}
	}
	for name, try := range map[string]func() error{
		"another browser": func() error {
			_, err := f.FinishPasskey(f.ctx(), otherBrowser, uuid.Nil, device.Get(f.askPasskey(uuid.Nil)))
			return err
		},
		"asked of whoever, answered for an account": func() error {
			_, err := f.FinishPasskey(f.ctx(), thisBrowser, account.ID, device.Get(f.askPasskey(uuid.Nil)))
			return err
		},
		"after five minutes": func() error {
			options := f.askPasskey(uuid.Nil)
			f.later(ceremonyLife)
			_, err := f.FinishPasskey(f.ctx(), thisBrowser, uuid.Nil, device.Get(options))
			return err
		},
		"a challenge of nobody": func() error {
			_, err := f.FinishPasskey(f.ctx(), thisBrowser, uuid.Nil, device.Get([]byte(`{"publicKey":{"challenge":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}`)))
			return err
		},
		"an owner who is not verified": func() error {
			device.Verified = false
			defer func() { device.Verified = true }()
			_, err := f.FinishPasskey(f.ctx(), thisBrowser, uuid.Nil, device.Get(f.askPasskey(uuid.Nil)))
			return err
		},
		"another site": func() error {
			device.Origin = "https://idp.example.evil.example"
			defer func() { device.Origin = "https://idp.example" }()
			_, err := f.FinishPasskey(f.ctx(), thisBrowser, uuid.Nil, device.Get(f.askPasskey(uuid.Nil)))
			return err
		},
		"another member's handle": func() error {
			device.User = other.ID[:]
			defer func() { device.User = account.ID[:] }()
			_, err := f.FinishPasskey(f.ctx(), thisBrowser, uuid.Nil, device.Get(f.askPasskey(uuid.Nil)))
			return err
		},
		"a copy whose counter does not advance": func() error {
			before := device.Count
			device.Count = 0
			defer func() { device.Count = before }()
			_, err := f.FinishPasskey(f.ctx(), thisBrowser, uuid.Nil, device.Get(f.askPasskey(uuid.Nil)))
			if !errors.Is(err, ErrCloned) {
				t.Errorf("a copy = %v, want ErrCloned", err)
			}
			return err
		},
		"no JSON": func() error { _, err := f.FinishPasskey(f.ctx(), thisBrowser, uuid.Nil, "{"); return err },
	} {
		if err := try(); !errors.Is(err, ErrPasskey) {
			t.Errorf("%s: FinishPasskey = %v, want ErrPasskey", name, err)
		}
	}
	for status, want := range map[Status]error{Disabled: ErrDisabled, Protected: ErrPasskey} {
		if _, err := f.querier().Exec(f.ctx(), `update accounts set status = $2 where id = $1`, account.ID, status); err != nil {
			t.Fatal(err)
		}
		if _, err := f.FinishPasskey(f.ctx(), thisBrowser, uuid.Nil, device.Get(f.askPasskey(uuid.Nil))); !errors.Is(err, want) {
			t.Errorf("a passkey of an account that is %s = %v, want %v", status, err, want)
		}
		if _, err := f.FinishPasskey(f.ctx(), thisBrowser, account.ID, device.Get(f.askPasskey(account.ID))); err != nil {
			t.Errorf("a passkey for the recovery of an account that is %s: %v", status, err)
		}
	}
	if _, err := f.BeginPasskey(f.ctx(), thisBrowser, "", other.ID); !errors.Is(err, ErrNoFactor) {
		t.Errorf("BeginPasskey without one = %v, want ErrNoFactor", err)
	}
}

// S-18, S-22: what waits is good for its second step alone, for ten minutes, in one
// browser; the session it opens ends the one before.
func TestPending(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	a := f.enrolTOTP(account)
	begin := func() string {
		t.Helper()
		got, err := f.try("maria", rightPassword)
		if err != nil || !got.Factors.Any() {
			t.Fatalf("Authenticate = %+v, %v", got.Factors, err)
		}
		token, err := f.StartPending(f.ctx(), PendingStart{Account: got, AMR: []string{"pwd"}, Browser: thisBrowser})
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	token := begin()
	if _, err := f.Session(f.ctx(), token); !errors.Is(err, ErrNoSession) {
		t.Errorf("the handle as a session = %v, want ErrNoSession", err)
	}
	if _, err := f.Pending(f.ctx(), token, otherBrowser); !errors.Is(err, ErrNoPending) {
		t.Errorf("Pending in another session = %v, want ErrNoPending", err)
	}
	if _, err := f.Pending(f.ctx(), begin(), thisBrowser); err != nil {
		t.Errorf("Pending: %v", err)
	}
	if _, err := f.Pending(f.ctx(), token, thisBrowser); !errors.Is(err, ErrNoPending) {
		t.Errorf("Pending after another sign-in in this browser = %v, want ErrNoPending", err)
	}
	token = begin()
	f.later(PendingLife)
	if _, err := f.Pending(f.ctx(), token, thisBrowser); !errors.Is(err, ErrNoPending) {
		t.Errorf("Pending after ten minutes = %v, want ErrNoPending", err)
	}
	token = begin()
	f.later(time.Second)
	if _, err := f.querier().Exec(f.ctx(), `update accounts set credentials_changed_at = $1`, f.now()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Pending(f.ctx(), token, thisBrowser); !errors.Is(err, ErrNoPending) {
		t.Errorf("Pending after the password changed = %v, want ErrNoPending", err)
	}

	token = begin()
	p, _, err := f.ProvePending(f.ctx(), token, thisBrowser, TOTP, a.code(0))
	if err != nil || !slices.Equal(p.AMR, []string{"pwd", "otp", "mfa"}) {
		t.Fatalf("ProvePending = %v, %v", p.AMR, err)
	}
	started, err := f.FinishPending(f.ctx(), token, "", SessionStart{Account: p.Account, AMR: p.AMR})
	if err != nil || started.ACR != ACRFactor {
		t.Fatalf("FinishPending = %s, %v", started.ACR, err)
	}
	if _, err := f.FinishPending(f.ctx(), token, "", SessionStart{Account: p.Account, AMR: p.AMR}); !errors.Is(err, ErrNoPending) {
		t.Errorf("FinishPending twice = %v, want ErrNoPending", err)
	}
	f.later(time.Minute)
	session, fresh, err := f.RenewSession(f.ctx(), Renewal{Token: started.Token, SID: started.SID, AccountID: account.ID, AMR: []string{"pop", "mfa"}, AuthTime: f.now()})
	if err != nil || session.ACR != ACRPhishingResistant || session.SID != started.SID || !session.AuthTime.Equal(f.now()) || !session.ExpiresAt.Equal(started.ExpiresAt) {
		t.Fatalf("RenewSession = %+v, %v", session, err)
	}
	if _, err := f.Session(f.ctx(), started.Token); !errors.Is(err, ErrNoSession) {
		t.Errorf("the token before a step-up = %v, want ErrNoSession", err)
	}
	if _, err := f.Session(f.ctx(), fresh); err != nil {
		t.Errorf("the token after a step-up: %v", err)
	}
}

// S-16: five wrong codes end the sign-in, whichever second step they are for.
func TestPendingEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	a := f.enrolTOTP(account)
	token, err := f.StartPending(f.ctx(), PendingStart{Account: account, AMR: []string{"pwd"}, Browser: thisBrowser})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []error{ErrWrongCode, ErrCodeFormat, ErrWrongCode, ErrWrongCode, ErrWrongCode, ErrEnded, ErrNoPending} {
		f.later(totpStep) // the same digits are another guess, and another try
		factor, proof := TOTP, a.wrong()
		switch {
		case want == ErrCodeFormat:
			proof = "12"
		case i == 3:
			factor, proof = SavedCodes, "aaaaa-aaaaa-aaaaa"
			want = ErrNoFactor
		}
		if _, _, err := f.ProvePending(f.ctx(), token, thisBrowser, factor, proof); !errors.Is(err, want) {
			t.Errorf("wrong proof %d = %v, want %v", i+1, err, want)
		}
	}
}

// A double click or a reload with a wrong code costs no second try, neither of the sign-in
// nor of the factor; in the next time step, or in another sign-in, it is another guess.
func TestSameFactorCodeCountsOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	a := f.enrolTOTP(account)
	start := func() string {
		token, err := f.StartPending(f.ctx(), PendingStart{Account: account, AMR: []string{"pwd"}, Browser: thisBrowser})
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	token := start()
	wrong := func(tries, failures int) {
		t.Helper()
		if _, _, err := f.ProvePending(f.ctx(), token, thisBrowser, TOTP, a.wrong()); !errors.Is(err, ErrWrongCode) {
			t.Errorf("a wrong code = %v", err)
		}
		if p, err := f.Pending(f.ctx(), token, thisBrowser); err != nil || p.Tries != tries {
			t.Errorf("%d tries, %v, want %d", p.Tries, err, tries)
		}
		if n := f.count(`select window_failures from factor_throttles where failures = window_failures`); n != failures {
			t.Errorf("%d failures, want %d", n, failures)
		}
	}
	wrong(1, 1)
	wrong(1, 1)
	f.later(totpStep)
	wrong(2, 2)
	wrong(2, 2)
	token = start()
	wrong(1, 3)
	if _, _, err := f.ProvePending(f.ctx(), token, thisBrowser, TOTP, a.code(0)); err != nil {
		t.Errorf("the right code: %v", err)
	}
}

// S-18: of 32 right proofs of one sign-in at once, one opens a session, and no more than
// five are looked at.
func TestPendingRace(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 16)
	account := f.register("maria")
	a := f.enrolTOTP(account)
	token, err := f.StartPending(f.ctx(), PendingStart{Account: account, AMR: []string{"pwd"}, Browser: thisBrowser})
	if err != nil {
		t.Fatal(err)
	}
	code := a.code(0)
	n := race(32, func() bool {
		p, _, err := f.ProvePending(f.ctx(), token, thisBrowser, TOTP, code)
		if err == nil {
			_, err = f.FinishPending(f.ctx(), token, "", SessionStart{Account: p.Account, AMR: p.AMR})
		}
		return err == nil
	})
	if n != 1 || f.count(`select count(*) from sessions`) != 1 {
		t.Errorf("%d of 32 proofs at once open a session, want 1", n)
	}
}
