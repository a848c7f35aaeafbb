package registration

import (
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestSteps(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	agreed := Registration{AgreedAt: now}
	matched := agreed
	matched.MemberID = uuid.Must(uuid.NewV7())
	chosen := matched
	chosen.Credentials, chosen.PasswordHash, chosen.AnswerHash = Credentials{Checked: true}, []byte{1}, []byte{1}
	proven := chosen
	proven.ProvenAt = now
	finished := proven
	finished.FinishedAt = now
	unchecked := proven
	unchecked.Credentials.Checked = false
	locked := chosen
	locked.Reference, locked.LockedUntil = "R", now.Add(time.Minute)
	lockOver := locked
	lockOver.LockedUntil = now
	void := proven
	void.voidMatch()

	tests := map[string]struct {
		r    Registration
		next string
		open int // how many of the steps
	}{
		"nothing":                {Registration{}, "/register/agreement", 1},
		"agreed":                 {agreed, "/register/personal", 2},
		"matched":                {matched, "/register/credentials", 3},
		"chosen":                 {chosen, "/register/code", 4},
		"proven":                 {proven, "/register/review", 5},
		"finished":               {finished, "/register/done", 0},
		"match void":             {void, "/register/personal", 2},
		"credentials to do over": {unchecked, "/register/credentials", 3},
		"locked":                 {locked, "/register/locked", 0},
		"lock over":              {lockOver, "/register/code", 4},
	}
	for name, test := range tests {
		if got := next(&test.r, now); got != test.next {
			t.Errorf("%s: next = %s, want %s", name, got, test.next)
		}
		for i, step := range steps {
			if got, want := open(&test.r, step, now), i < test.open; got != want {
				t.Errorf("%s: open(%s) = %v, want %v", name, step.Path, got, want)
			}
		}
	}
}
