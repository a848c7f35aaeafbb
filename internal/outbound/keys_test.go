package outbound

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// keyServer serves a JWK Set whose kids and failure a test changes.
type keyServer struct {
	mu           sync.Mutex
	kids         []string
	cacheControl string
	broken       bool
	hits         atomic.Int32
	keys         *Keys
	address      string
	now          time.Time
}

func newKeyServer(t *testing.T, kids ...string) *keyServer {
	t.Helper()
	s := &keyServer{kids: kids, now: time.Now()}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, o, address := partner(t, func(w http.ResponseWriter, _ *http.Request) {
		s.hits.Add(1)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.broken {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		var set jose.JSONWebKeySet
		for _, kid := range s.kids {
			set.Keys = append(set.Keys, jose.JSONWebKey{Key: private.Public(), KeyID: kid})
		}
		w.Header().Set("Cache-Control", s.cacheControl)
		json.NewEncoder(w).Encode(set)
	})
	s.address = address + "/jwks"
	s.keys = NewKeys(New(o), KeysOptions{Now: func() time.Time { return s.now }})
	return s
}

func (s *keyServer) want(t *testing.T, kid string, found int, hits int32) {
	t.Helper()
	keys, err := s.keys.Get(t.Context(), s.address, kid)
	if err != nil || len(keys) != found || s.hits.Load() != hits {
		t.Errorf("Get(%q) = %d keys, %v after %d fetches; want %d after %d", kid, len(keys), err, s.hits.Load(), found, hits)
	}
}

// TestKeys covers S-67 and oidcc-refresh-token-rp-key-rotation.
func TestKeys(t *testing.T) {
	s := newKeyServer(t, "one")
	s.want(t, "one", 1, 1)
	s.want(t, "", 1, 1)
	s.kids = []string{"two"}
	s.want(t, "two", 0, 1) // unknown, but the last look is too fresh
	s.now = s.now.Add(time.Minute)
	s.want(t, "two", 1, 2)
	s.want(t, "one", 0, 2)
	s.want(t, "nonsense", 0, 2)

	s.now = s.now.Add(4 * time.Minute)
	s.want(t, "two", 1, 2)
	s.now = s.now.Add(time.Minute)
	s.cacheControl = "public, max-age=86400"
	s.want(t, "two", 1, 3) // five minutes old
	s.now = s.now.Add(59 * time.Minute)
	s.want(t, "two", 1, 3)

	s.broken = true
	s.now = s.now.Add(time.Minute)
	s.want(t, "two", 1, 4) // cannot be renewed, an hour old to the second: still used
	s.now = s.now.Add(time.Minute)
	for range 3 { // the failure is not repeated within a minute either
		if _, err := s.keys.Get(t.Context(), s.address, "two"); !errors.Is(err, ErrUnavailable) || s.hits.Load() != 5 {
			t.Errorf("after an hour without renewal: %v after %d fetches", err, s.hits.Load())
		}
	}
	s.broken = false
	s.now = s.now.Add(time.Minute)
	s.want(t, "two", 1, 6)
}

func TestKeysFetchOnceAtATime(t *testing.T) {
	s := newKeyServer(t, "one")
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			if keys, err := s.keys.Get(t.Context(), s.address, "one"); err != nil || len(keys) != 1 {
				t.Errorf("Get = %d keys, %v", len(keys), err)
			}
		})
	}
	group.Wait()
	if s.hits.Load() != 1 {
		t.Errorf("32 callers made %d fetches, want one", s.hits.Load())
	}
}

func TestParseKeySet(t *testing.T) {
	const ec = `{"kty":"EC","crv":"P-256","kid":"ec","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"`
	for _, test := range []struct {
		name, body string
		kids       string // of the keys that are left; "-" for a failure
	}{
		{"public", `{"keys":[` + ec + `}]}`, "ec"},
		{"private", `{"keys":[` + ec + `,"d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}]}`, ""},
		{"symmetric", `{"keys":[{"kty":"oct","k":"c2VjcmV0"},` + ec + `}]}`, "ec"},
		{"of an unknown kind", `{"keys":[{"kty":"FUTURE"},7,` + ec + `}]}`, "ec"},
		{"off the curve", `{"keys":[` + strings.Replace(ec, "x_FE", "y_FE", 1) + `}]}`, ""},
		{"none", `{"keys":[]}`, ""},
		{"no set", `{}`, "-"},
		{"HTML", `<html>`, "-"},
		{"deep", strings.Repeat(`{"keys":[`, 20), "-"},
		{"many", `{"keys":[` + strings.Repeat("0,", maxKeys) + `0]}`, "-"},
	} {
		keys, err := ParseKeySet([]byte(test.body))
		got := ""
		for _, key := range keys {
			got += key.KeyID
		}
		if err != nil {
			got = "-"
		}
		if got != test.kids {
			t.Errorf("%s: %q (%v), want %q", test.name, got, err, test.kids)
		}
	}
}

func TestLifeOf(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": shortestLife, "max-age=1": shortestLife, "no-store": shortestLife, "max-age=x": shortestLife, "max-age=-5": shortestLife,
		"public, Max-Age=1800": 30 * time.Minute, `max-age="600"`: 10 * time.Minute, "max-age=999999999": longestLife,
	} {
		if got := lifeOf(header); got != want {
			t.Errorf("lifeOf(%q) = %v, want %v", header, got, want)
		}
	}
}
