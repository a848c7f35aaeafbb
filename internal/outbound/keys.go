package outbound

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"huskyidp/internal/jws"
)

const (
	shortestLife = 5 * time.Minute // whatever Cache-Control says
	longestLife  = time.Hour       // also if it cannot be renewed
	maxKeys      = 50              // per set
	maxSets      = 2000            // in memory
)

// KeysOptions configure Keys.
type KeysOptions struct {
	Refetch time.Duration // shortest interval between two fetches of one address; 0: a minute
	Now     func() time.Time
}

// Keys caches the JWK Sets of clients by address. It is safe for concurrent use.
type Keys struct {
	client  *Client
	refetch time.Duration
	now     func() time.Time
	sets    *lru.Cache[string, keySet]
	flight  singleflight.Group
}

// keySet is what is known of one address. A set that was never fetched is empty.
type keySet struct {
	keys      []jose.JSONWebKey
	fetchedAt time.Time // last success
	freshTill time.Time
	triedAt   time.Time // last fetch, successful or not
	failed    error     // of the last fetch
}

// NewKeys returns an empty cache.
func NewKeys(client *Client, o KeysOptions) *Keys {
	k := &Keys{client: client, refetch: o.Refetch, now: o.Now}
	if k.refetch == 0 {
		k.refetch = time.Minute
	}
	if k.now == nil {
		k.now = time.Now
	}
	var err error
	if k.sets, err = lru.New[string, keySet](maxSets); err != nil { // of a size below 1
		panic(err)
	}
	return k
}

// Get returns the public keys at address, only those with kid unless kid is empty. An unknown kid causes another fetch
// if the last one is a minute old. The error is ErrUnavailable; no matching key is not an error.
func (k *Keys) Get(ctx context.Context, address, kid string) ([]jose.JSONWebKey, error) {
	now := k.now()
	set, _ := k.sets.Get(address)
	found := set.pick(kid)
	if (!now.Before(set.freshTill) || len(found) == 0) && now.Sub(set.triedAt) >= k.refetch {
		var err error
		if set, err = k.fetch(ctx, address); err != nil {
			return nil, err
		}
		found = set.pick(kid)
	}
	if now.Sub(set.fetchedAt) > longestLife {
		return nil, set.failed
	}
	return found, nil
}

func (s keySet) pick(kid string) []jose.JSONWebKey {
	if kid == "" {
		return s.keys
	}
	var found []jose.JSONWebKey
	for _, key := range s.keys {
		if key.KeyID == kid {
			found = append(found, key)
		}
	}
	return found
}

// fetch joins a fetch in progress. It has its own limit of five seconds, independent of the request that started it.
func (k *Keys) fetch(ctx context.Context, address string) (keySet, error) {
	result := k.flight.DoChan(address, func() (any, error) {
		now := k.now()
		set, _ := k.sets.Get(address)
		if now.Sub(set.triedAt) < k.refetch {
			return set, nil // another caller was faster
		}
		set.triedAt = now
		answer, err := k.client.Get(context.WithoutCancel(ctx), address, "application/jwk-set+json, application/json")
		var keys []jose.JSONWebKey
		if err == nil {
			keys, err = ParseKeySet(answer.Body)
		}
		if set.failed = err; err == nil {
			set.keys, set.fetchedAt, set.freshTill = keys, now, now.Add(lifeOf(answer.Header.Get("Cache-Control")))
		}
		k.sets.Add(address, set)
		return set, nil
	})
	select {
	case <-ctx.Done():
		return keySet{}, ctx.Err()
	case r := <-result:
		set, _ := r.Val.(keySet)
		return set, r.Err
	}
}

// ParseKeySet reads a JWK Set. Unknown, symmetric and private keys are ignored.
func ParseKeySet(body []byte) ([]jose.JSONWebKey, error) {
	var document struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if !jws.Shallow(body) {
		return nil, &failure{errors.New("the JSON nests too deep")}
	}
	if err := json.Unmarshal(body, &document); err != nil {
		return nil, &failure{err}
	}
	if document.Keys == nil || len(document.Keys) > maxKeys {
		return nil, &failure{errors.New("it is not a JWK Set, or has too many keys")}
	}
	keys := make([]jose.JSONWebKey, 0, len(document.Keys))
	for _, raw := range document.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) == nil && key.Valid() && key.IsPublic() {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// lifeOf reads max-age (RFC 9111 5.2.2.1), within our limits.
func lifeOf(cacheControl string) time.Duration {
	for part := range strings.SplitSeq(cacheControl, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if !strings.EqualFold(name, "max-age") {
			continue
		}
		if seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil {
			return min(max(time.Duration(seconds)*time.Second, shortestLife), longestLife)
		}
	}
	return shortestLife
}
