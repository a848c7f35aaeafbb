package selfservice

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// A page speaks of a notice by mail if one leaves, and only then: six an hour of each.
func TestPagesSpeakOfNoticesThatLeave(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	b := newBrowser(t, f, nil)
	const factor, data, words = "/account/factors/totp", "/account/data", "aviso por correo electrónico"
	told, spoke := 0, map[string]int{}
	judge := func(what, body string) {
		t.Helper()
		mails := len(f.mailKinds(account.ID))
		if left, says := mails > told, strings.Contains(body, words); left != says {
			t.Errorf("%s: a mail leaves: %t, and the page says %t:\n%s", what, left, says, body)
		} else if left {
			spoke[what]++
		}
		told = mails
	}
	for range 8 {
		b.get("/in/maria")
		secret, err := f.StartTOTP(f.ctx(), account.ID, f.sid(account))
		if err != nil {
			t.Fatal(err)
		}
		_, location, _ := b.post("/account/language", factor, url.Values{"code": {f.code(secret)}})
		_, _, body := b.get(location)
		judge("added", body)
		_, location, _ = b.post("/account/language", factor+"/remove", nil)
		_, _, body = b.get(location)
		judge("removed", body)
		b.get("/in/maria")
		_, _, body = b.get(data)
		b.post(data, data, url.Values{"as": {"file"}})
		judge("taken", body)
		if _, _, again := b.get(data); strings.Contains(again, words) {
			t.Errorf("the same data again are told of:\n%s", again)
		}
		f.later(time.Minute)
	}
	for _, what := range []string{"added", "removed", "taken"} {
		if spoke[what] != 6 {
			t.Errorf("%s is told of %d times, want 6", what, spoke[what])
		}
	}
}
