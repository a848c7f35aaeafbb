package selfservice

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// left is what the timer of an open page hears.
func (b *browser) left() (left int, of string) {
	b.t.Helper()
	status, _, body := b.get("/account/left")
	var answer struct {
		Left int
		Of   string
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK {
		b.t.Fatalf("GET /account/left = %d %s", status, body)
	}
	return answer.Left, answer.Of
}

// S-23: what a browser asks by itself does not count as use of the session, however many tabs ask.
func TestLeftIsNoUse(t *testing.T) {
	t.Parallel()
	f, b, account := member(t)
	_, _, page := b.get("/account")
	seen := func() (at time.Time) {
		f.read(`select last_seen_at from sessions where account_id = $1`, &at, account.ID)
		return at
	}
	before := seen()
	for minute := range 15 {
		left, of := b.left()
		if want := (15 - minute) * 60; left != want || of == "" || !strings.Contains(page, fmt.Sprintf(`data-of="%s"`, of)) {
			t.Fatalf("after %d minutes: %d s of %q, want %d of the page's session", minute, left, of, want)
		}
		if minute == 14 {
			if status, location, _ := b.get("/account/ended"); status != http.StatusConflict || location != "" {
				t.Errorf("/account/ended of an open session = %d to %q", status, location)
			}
			for ended, want := range map[string]string{"&return=/account/password": "/account/password", "&return=//evil.example": "/account", "": "/account"} {
				if status, location, _ := b.get("/account/ended?of=" + of + ended); status != http.StatusSeeOther || location != want {
					t.Errorf("/account/ended of the page's own session%s = %d to %q, want %s", ended, status, location, want)
				}
			}
		}
		f.later(time.Minute)
	}
	if !seen().Equal(before) {
		t.Errorf("asking renewed the session: %v, was %v", seen(), before)
	}
	if left, of := b.left(); left != 0 || of != "" {
		t.Errorf("after the end: %d s of %q", left, of)
	}
	if status, location, _ := b.get("/account/ended"); status != http.StatusSeeOther || location != "/login?note=ended" {
		t.Errorf("/account/ended = %d to %q", status, location)
	}
}

// The 12 hours end it too, and another person's session is not the page's.
func TestLeftOfAnother(t *testing.T) {
	t.Parallel()
	f, b, _ := member(t)
	for range 12*6 - 1 {
		f.later(10 * time.Minute)
		b.get("/account")
	}
	if left, _ := b.left(); left != 600 {
		t.Errorf("ten minutes before the 12 hours: %d s", left)
	}
	_, mine := b.left()
	f.register("jose")
	b.get("/in/jose")
	if left, of := b.left(); left != 900 || of == mine {
		t.Errorf("another's session: %d s of %q, the page is of %q", left, of, mine)
	}
	if status, location, _ := b.get("/account/ended?of=" + mine + "&return=/account/password"); status != http.StatusConflict || location != "" {
		t.Errorf("/account/ended of a page of the former session = %d to %q", status, location)
	}
}
