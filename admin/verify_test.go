package admin

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"huskyidp/accounts"
	"huskyidp/members"
)

// TestVerification (S-64): how each method ends, for whom and how long it counts.
func TestVerification(t *testing.T) {
	t.Parallel()
	for m, want := range map[Method]bool{Facts: true, CallBack: true, InPerson: true, NoneWorked: false} {
		d := newDesk(t, 1)
		v := must[Verification](t)(d.Check(t.Context(), d.rosa, nil, d.maria.ID, m, mariaCard))
		if v.Verified != want || v.Verified && !v.ValidUntil.Equal(d.now().Add(15*time.Minute)) {
			t.Errorf("%s: %+v, want verified %t for 15 minutes", m, v, want)
		}
		if got := d.seen(d.rosa, d.maria.ID).Verification.Verified; got != want {
			t.Errorf("%s: the page says %t", m, got)
		}
		if d.seen(d.person("eva", Recover), d.maria.ID).Verification.Verified {
			t.Errorf("%s: it counts for another person of the desk", m)
		}
		d.later(15 * time.Minute)
		if d.seen(d.rosa, d.maria.ID).Verification.Verified {
			t.Errorf("%s: it counts after 15 minutes", m)
		}
	}
}

// TestFacts: yes or no, three tries a day for one member whoever asks, and another member's card proves nothing.
func TestFacts(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	wrong, third := mariaCard, mariaCard
	wrong.BirthDay, third.BirthDay = "15", "16"
	for i, card := range []members.Card{wrong, jamesCard, third} {
		if v, err := d.Check(t.Context(), d.rosa, nil, d.maria.ID, Facts, card); err != nil || v.Verified {
			t.Fatalf("try %d = %+v, %v", i, v, err)
		}
		if act, outcome := d.last(); act != "verify" || outcome != "no_match" {
			t.Errorf("the book says %s %s", act, outcome)
		}
	}
	for _, p := range []Person{d.rosa, d.person("eva", Recover)} {
		if _, err := d.Check(t.Context(), p, nil, d.maria.ID, Facts, mariaCard); denial(err) != "limit_member" {
			t.Errorf("a fourth try = %v, want a limit", err)
		}
	}
	sum := d.seen(d.rosa, d.maria.ID)
	if len(sum.Obstacles) != 1 || sum.Obstacles[0].Kind != "lock_facts" || !sum.Obstacles[0].Until.Equal(d.now().Add(24*time.Hour)) {
		t.Errorf("obstacles: %+v, want the facts closed for a day", sum.Obstacles)
	}
	d.later(24 * time.Hour)
	if v, err := d.Check(t.Context(), d.rosa, nil, d.maria.ID, Facts, mariaCard); err != nil || !v.Verified {
		t.Errorf("a day later = %+v, %v", v, err)
	}
	if _, err := d.Check(t.Context(), d.rosa, nil, d.maria.ID, Facts, members.Card{FirstName: "María"}); err == nil {
		t.Error("an unfinished card was compared")
	}
	if _, err := d.Check(t.Context(), d.rosa, nil, d.maria.ID, "voice", members.Card{}); err == nil {
		t.Error("a method that is none was recorded")
	}
}

// TestSpokenCodeAfterRecoveries (S-14): who used up the codes of recovery is still helped at the desk.
func TestSpokenCodeAfterRecoveries(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	for _, kind := range []string{"reset", "verify", "email_code"} {
		for range 5 {
			if err := d.limiter.TakeAll(t.Context(), d.now(), accounts.MailAsks(kind, d.maria.ID, "", d.maria.Email)...); err != nil {
				t.Fatal(err)
			}
			d.later(time.Minute)
		}
	}
	d.verify(d.rosa, d.maria.ID, SpokenCode)
	if len(d.mailed("caller_code")) != 1 {
		t.Error("no code was mailed")
	}
}

// TestSpokenCodeOfAFormerMailbox (S-64): a code that went to the mailbox that its owner gave up in person verifies nobody.
func TestSpokenCodeOfAFormerMailbox(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	must[Verification](t)(d.Check(t.Context(), d.rosa, nil, d.maria.ID, SpokenCode, members.Card{}))
	if err := d.people.ChangeEmailInPerson(t.Context(), d.maria.ID, "segura@example.org"); err != nil {
		t.Fatal(err)
	}
	if v, err := d.CheckCode(t.Context(), d.rosa, nil, d.maria.ID, d.spoken()); err != nil || v.Verified || !v.Moved || *v.TriesLeft != 0 {
		t.Errorf("the code = %+v, %v, want it refused for good, since the address changed", v, err)
	}
	if _, err := d.CheckCode(t.Context(), d.rosa, nil, d.maria.ID, d.spoken()); !errors.Is(err, ErrNoCode) {
		t.Errorf("the code again = %v, want ErrNoCode", err)
	}
	d.later(2 * time.Minute)
	must[Verification](t)(d.Check(t.Context(), d.rosa, nil, d.maria.ID, SpokenCode, members.Card{}))
	d.later(time.Second)
	if v, err := d.CheckCode(t.Context(), d.rosa, nil, d.maria.ID, other(d.spoken())); err != nil || v.Moved || *v.TriesLeft != 4 {
		t.Errorf("a slip with a new code = %+v, %v", v, err)
	}
	if v, err := d.CheckCode(t.Context(), d.rosa, nil, d.maria.ID, d.spoken()); err != nil || !v.Verified {
		t.Errorf("a new code = %+v, %v", v, err)
	}
}

// TestFormerMailboxOnThePage: the page says why that code counts no more, and what to do.
func TestFormerMailboxOnThePage(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	v.enters(v.rosa)
	v.verifies("method", "spoken_code", "do", "send")
	if err := v.people.ChangeEmailInPerson(t.Context(), v.maria.ID, "segura@example.org"); err != nil {
		t.Fatal(err)
	}
	code, body, _ := v.verifies("method", "spoken_code", "do", "save", "code", v.spoken())
	if code != http.StatusUnprocessableEntity || !strings.Contains(body, v.text("admin.verify.code_moved", nil)) || strings.Contains(body, `id="sent"`) {
		t.Errorf("%d\n%s", code, body)
	}
}

// TestSpokenCode (S-14): to the address on file, for 15 minutes and five tries; one mail a minute.
func TestSpokenCode(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	if v := must[Verification](t)(d.Check(t.Context(), d.rosa, nil, d.maria.ID, SpokenCode, members.Card{})); !v.CodeSent || v.Verified {
		t.Fatalf("Check = %+v", v)
	}
	proofs := func() int {
		return d.count(`select count(*) from audit_events where kind = 'staff.caller_verified' and success`)
	}
	if act, outcome := d.last(); act != "verify" || outcome != "sent" || proofs() != 0 {
		t.Errorf("a code was sent: the book says %s %s, the audit has %d proofs", act, outcome, proofs())
	}
	if n := d.count(`select count(*) from desk_entries where outcome = 'done' and refined = 'sent'`); n != 1 { // what the release before reads
		t.Errorf("%d lines that the release before can show", n)
	}
	if to := d.mailed("caller_code")[0].To; to != d.maria.Email {
		t.Errorf("the code went to %s", to)
	}
	if v, err := d.Check(t.Context(), d.rosa, nil, d.maria.ID, SpokenCode, members.Card{}); denial(err) != "limit_member" || v.CodeSent {
		t.Errorf("a second mail at once = %+v, %v, want a limit", v, err)
	}
	eva := d.person("eva", Recover)
	if _, err := d.CheckCode(t.Context(), eva, nil, d.maria.ID, d.spoken()); !errors.Is(err, ErrNoCode) {
		t.Errorf("the code of another person's call = %v, want ErrNoCode", err)
	}
	wrong := d.spoken()
	for n := range spokenTries {
		wrong = other(wrong)
		for range 2 { // the same one again counts once; after the fifth none is looked at
			v, err := d.CheckCode(t.Context(), d.rosa, nil, d.maria.ID, wrong)
			if v.Verified || err != nil && n < spokenTries-1 {
				t.Fatalf("a wrong code = %+v, %v", v, err)
			}
		}
	}
	if _, err := d.CheckCode(t.Context(), d.rosa, nil, d.maria.ID, d.spoken()); !errors.Is(err, ErrNoCode) {
		t.Errorf("the right code after five wrong ones = %v, want ErrNoCode", err)
	}
	d.later(time.Minute)
	d.verify(d.rosa, d.maria.ID, SpokenCode)
	late := d.spoken()
	d.later(verification)
	if _, err := d.CheckCode(t.Context(), d.rosa, nil, d.maria.ID, late); !errors.Is(err, ErrNoCode) {
		t.Errorf("the code after 15 minutes = %v, want ErrNoCode", err)
	}
	d.verify(d.rosa, d.maria.ID, SpokenCode)
	spoken := d.spoken()
	if v, err := d.CheckCode(t.Context(), d.rosa, nil, d.maria.ID, spoken[:3]+" "+spoken[3:]); err != nil || !v.Verified || v.Method != SpokenCode {
		t.Errorf("the right code = %+v, %v", v, err)
	}
	if _, err := d.CheckCode(t.Context(), d.rosa, nil, d.maria.ID, spoken); !errors.Is(err, ErrNoCode) {
		t.Errorf("the code again = %v, want ErrNoCode", err)
	}
	for _, typed := range []string{"", "12345", "1234567", "12345a", "１２３４５６"} {
		if _, err := d.CheckCode(t.Context(), d.rosa, nil, d.maria.ID, typed); denial(err) != "" || err == nil {
			t.Errorf("CheckCode(%q) = %v, want it invalid", typed, err)
		}
	}
	if n := d.count(`select count(*) from caller_verifications where code_mac = convert_to($1, 'UTF8')`, spoken); n != 0 {
		t.Error("a code is stored as it is (S-49)")
	}
}

// other is a code that this one is not.
func other(code string) string {
	if code[0] == '9' {
		return "0" + code[1:]
	}
	return string(code[0]+1) + code[1:]
}
