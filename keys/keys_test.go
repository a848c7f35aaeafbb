package keys

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
)

var start = time.Date(2026, time.November, 24, 12, 0, 0, 0, time.UTC)

type fixture struct {
	*Service
	db      *postgres.DB
	keyring *seal.Keyring
	now     time.Time
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{db: postgrestest.New(t), keyring: seal.Ephemeral(), now: start}
	f.Service = f.instance(t)
	if err := f.Ensure(t.Context()); err != nil {
		t.Fatalf("Ensure: %v", err)
	}
	return f
}

// instance is another process on the same database.
func (f *fixture) instance(t *testing.T) *Service {
	t.Helper()
	s, err := New(Deps{DB: f.db, Keyring: f.keyring, Audit: audit.New(f.db), Now: func() time.Time { return f.now }})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return s
}

func (f *fixture) advanceTo(t *testing.T, now time.Time) {
	t.Helper()
	f.now = now
	if err := f.Reload(t.Context()); err != nil {
		t.Fatalf("Reload at %v: %v", now, err)
	}
}

func sign(t *testing.T, set *Set, alg, typ string) string {
	t.Helper()
	signer, err := set.Signer(alg, typ)
	if err != nil {
		t.Fatalf("Signer(%q, %q): %v", alg, typ, err)
	}
	token, err := jwt.Signed(signer).Claims(map[string]any{"sub": "abc"}).Serialize()
	if err != nil {
		t.Fatalf("signing with %s: %v", alg, err)
	}
	return token
}

// verify checks a token the way a relying party does: with nothing but the bytes of the JWK Set.
func verify(set *Set, token string) (jose.Header, error) {
	body, _ := set.JWKS()
	var published jose.JSONWebKeySet
	if err := json.Unmarshal(body, &published); err != nil {
		return jose.Header{}, err
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA})
	if err != nil {
		return jose.Header{}, err
	}
	return parsed.Headers[0], parsed.Claims(published, &map[string]any{})
}

func kidOf(t *testing.T, set *Set, alg string) string {
	t.Helper()
	header, err := verify(set, sign(t, set, alg, "JWT"))
	if err != nil {
		t.Fatalf("verifying a fresh %s token: %v", alg, err)
	}
	return header.KeyID
}

func TestSignaturesVerifyWithThePublishedSet(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, alg := range []string{"RS256", "PS256", "ES256"} {
		for _, typ := range []string{"JWT", "at+jwt", "logout+jwt", "something+jwt"} {
			header, err := verify(f.Current(), sign(t, f.Current(), alg, typ))
			if err != nil {
				t.Errorf("%s, %s: the token does not verify: %v", alg, typ, err)
				continue
			}
			if header.Algorithm != alg || header.ExtraHeaders["typ"] != typ {
				t.Errorf("header has alg %s, typ %v, want %s, %s", header.Algorithm, header.ExtraHeaders["typ"], alg, typ)
			}
			if key, ok := f.Current().Key(header.KeyID); !ok || !key.IsPublic() {
				t.Errorf("Key(%q) = public %v, found %v, want a public key", header.KeyID, key.IsPublic(), ok)
			}
		}
	}
	if diff := cmp.Diff([]string{"ES256", "PS256", "RS256"}, f.Current().Algorithms()); diff != "" {
		t.Errorf("Algorithms() (-want +got):\n%s", diff)
	}
	if _, err := f.Current().Signer("HS256", "JWT"); !errors.Is(err, ErrUnknownAlgorithm) {
		t.Errorf("Signer(HS256) = %v, want ErrUnknownAlgorithm", err)
	}
}

func TestJWKSHasPublicMembersOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	body, etag := f.Current().JWKS()
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(body, &set); err != nil {
		t.Fatalf("JWKS is no JSON: %v", err)
	}
	if len(set.Keys) != 2 {
		t.Errorf("JWKS has %d keys, want 2", len(set.Keys))
	}
	for _, key := range set.Keys {
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
			if _, ok := key[private]; ok {
				t.Errorf("key %v publishes member %q", key["kid"], private)
			}
		}
		if key["use"] != "sig" || key["kid"] == "" {
			t.Errorf("key has use %v, kid %v", key["use"], key["kid"])
		}
		if _, hasAlg := key["alg"]; hasAlg == (key["kty"] == "RSA") {
			t.Errorf("key of kty %v: alg present %v; RSA keys serve two algorithms and name none", key["kty"], hasAlg)
		}
	}
	if !strings.HasPrefix(etag, `"`) || !strings.HasSuffix(etag, `"`) || len(etag) < 10 {
		t.Errorf("etag = %s, want a quoted strong tag", etag)
	}
	if err := f.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again, sameTag := f.Current().JWKS(); sameTag != etag || string(again) != string(body) {
		t.Error("a reload without changes gave another document or tag")
	}
}

func TestBeforeTheFirstLoadNothingSigns(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, err := f.instance(t).Current().Signer("RS256", "JWT"); !errors.Is(err, ErrUnknownAlgorithm) {
		t.Errorf("Signer before a load = %v, want ErrUnknownAlgorithm", err)
	}
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	other := f.instance(t)
	if err := other.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	old := kidOf(t, f.Current(), "ES256")
	oldToken := sign(t, f.Current(), "ES256", "JWT")
	if err := f.Revoke(t.Context(), old, "test"); err != nil {
		t.Fatalf("Revoke: %v", err)
	}
	if err := f.Revoke(t.Context(), old, "test"); err != nil {
		t.Errorf("revoking again: %v, want success", err)
	}
	if err := f.Revoke(t.Context(), "nonsense", "test"); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("Revoke(unknown kid) = %v, want ErrUnknownKey", err)
	}
	if err := other.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*Service{"this instance": f.Service, "another instance": other} {
		if _, err := verify(s.Current(), oldToken); err == nil {
			t.Errorf("%s still verifies a token of the revoked key", name)
		}
		if got := kidOf(t, s.Current(), "ES256"); got == old {
			t.Errorf("%s still signs with the revoked key", name)
		}
	}
	keys, err := f.List(t.Context())
	if err != nil || !slices.ContainsFunc(keys, func(k Key) bool { return k.KID == old && k.State == Revoked }) {
		t.Errorf("List = %v, %v, want a record of the revoked key", keys, err)
	}
	var sealed []byte
	err = f.db.From(t.Context()).QueryRow(t.Context(), `SELECT sealed FROM signing_keys WHERE kid = $1`, old).Scan(&sealed)
	if err != nil || sealed != nil {
		t.Errorf("the private key of a revoked key: %d bytes, %v, want it erased", len(sealed), err)
	}
}

func TestRevokedActiveKeyIsFollowedByTheWaitingOne(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	next, err := f.Rotate(t.Context(), "ES256", false)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Revoke(t.Context(), kidOf(t, f.Current(), "ES256"), "test"); err != nil {
		t.Fatal(err)
	}
	if got := kidOf(t, f.Current(), "ES256"); got != next.KID {
		t.Errorf("after the revocation %s signs, want the waiting %s", got, next.KID)
	}
}

func TestFirstStartOfTwoInstancesMakesOneKeyEach(t *testing.T) {
	t.Parallel()
	f := &fixture{db: postgrestest.NewPool(t, 4), keyring: seal.Ephemeral(), now: start}
	services := []*Service{f.instance(t), f.instance(t), f.instance(t)}
	var group sync.WaitGroup
	for _, s := range services {
		group.Go(func() {
			if err := s.Ensure(t.Context()); err != nil {
				t.Errorf("Ensure: %v", err)
			}
		})
	}
	group.Wait()
	want, _ := services[0].Current().JWKS()
	for i, s := range services {
		if got, _ := s.Current().JWKS(); string(got) != string(want) || len(s.Current().Public().Keys) != 2 {
			t.Errorf("instance %d publishes %s, instance 0 %s", i, got, want)
		}
	}
	if n := count(t, f.db, `SELECT count(*) FROM audit_events WHERE kind = 'key.created'`); n != 2 {
		t.Errorf("%d audit events of a first start, want 2", n)
	}
}

func TestKeyCopiedToAnotherRowFailsClosed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, err := f.db.From(t.Context()).Exec(t.Context(), `
		UPDATE signing_keys SET sealed = (SELECT sealed FROM signing_keys WHERE alg = 'ES256') WHERE alg = 'RS256'`); err != nil {
		t.Fatal(err)
	}
	before := f.Current()
	if err := f.Reload(t.Context()); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("Reload with a copied key = %v, want seal.ErrOpen", err)
	}
	if f.Current() != before {
		t.Error("after a failed reload the former set is gone")
	}
}

func TestRevocationAndItsRecordCommitTogether(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.deps.Audit = failingAudit{}
	kid := kidOf(t, f.Current(), "ES256")
	if err := f.Revoke(t.Context(), kid, "test"); err == nil {
		t.Error("Revoke succeeded without its audit event, want an error")
	}
	if n := count(t, f.db, `SELECT count(*) FROM signing_keys WHERE state = 'active'`); n != 2 {
		t.Errorf("%d active keys after the failure, want 2 as before", n)
	}
}

type failingAudit struct{}

func (failingAudit) Record(context.Context, ...audit.Event) error { return errors.New("audit is down") }

func TestNewChecksItsDeps(t *testing.T) {
	t.Parallel()
	if _, err := New(Deps{}); err == nil {
		t.Error("New without deps succeeded, want an error")
	}
	f := newFixture(t)
	deps := f.deps
	deps.RSABits = 1024
	if _, err := New(deps); err == nil {
		t.Error("New with RSA-1024 succeeded, want an error")
	}
}

// The command that revokes a key would take a kid such as -oqBFCU7y5wD4BEZ for flags. One in 64 would be such.
func TestNoKIDBeginsWithAHyphen(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 1000 {
		r, err := f.newKey("EdDSA", Next, f.now, f.now)
		if err != nil || strings.HasPrefix(r.KID, "-") {
			t.Fatalf("newKey = %q, %v", r.KID, err)
		}
	}
}

func count(t *testing.T, db *postgres.DB, sql string) (n int) {
	t.Helper()
	if err := db.From(t.Context()).QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}
