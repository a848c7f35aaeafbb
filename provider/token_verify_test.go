package provider_test

import (
	"testing"
	"time"
)

// TestVerifiedTokens: that a token's signature was good once helps no other token, nor the same one once its key, its time or
// itself has ended (S-40, S-45).
func TestVerifiedTokens(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(nil)
	w := b.signedIn()
	fresh := func() string {
		code, verifier := b.code(w, id)
		first := b.redeem(id, secret, code, verifier)
		first.want(t, 200, "")
		token := first.text("access_token")
		for range 2 { // the second time it is remembered
			b.userinfo(token).want(t, 200, "")
		}
		return token
	}
	changed := func(token string, at int) string {
		bytes := []byte(token)
		if bytes[at]++; bytes[at] > 'z' || bytes[at] == 'Z'+1 || bytes[at] == '9'+1 {
			bytes[at] = 'a'
		}
		return string(bytes)
	}

	token := fresh()
	for _, at := range []int{len(token) - 10, len(token) / 2, 10} {
		b.userinfo(changed(token, at)).want(t, 401, "invalid_token")
	}
	b.userinfo(token).want(t, 200, "")
	if status, _, body := b.post("/revoke", id, secret, map[string][]string{"token": {token}}); status != 200 {
		t.Fatalf("revocation answered %d %s", status, body)
	}
	b.userinfo(token).want(t, 401, "invalid_token")

	token = fresh()
	must(t, b.keys.Revoke(t.Context(), header(t, token, "kid").(string), "test"))
	b.userinfo(token).want(t, 401, "invalid_token")

	token = fresh()
	b.clock.advance(10*time.Minute + time.Second)
	b.userinfo(token).want(t, 401, "invalid_token")
}
