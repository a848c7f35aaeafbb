package accounts

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"huskyidp/internal/argon2"
	"huskyidp/internal/seal"

	"github.com/google/uuid"
)

// HashParams are the parameters of Argon2id (RFC 9106). The zero value means those of S-04: 46 MiB, one pass, one lane.
// They are stored in each hash, so that they can be raised: an older hash is replaced at the next sign-in.
type HashParams struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
}

var defaultParams = HashParams{MemoryKiB: 47104, Passes: 1, Lanes: 1}

const (
	saltSize     = 16
	hashSize     = 32
	argonVersion = 0x13
)

// hasher computes slow hashes, few at a time, since each occupies memory and a core (S-05). Its results are sealed and
// bound to one account.
type hasher struct {
	*slots
	params  HashParams
	keyring *seal.Keyring
	dummy   []byte // sealed for uuid.Nil; of a random password
	compute func(secret string, salt []byte, p HashParams) []byte
	foreign atomic.Pointer[map[string]foreignSample] // one example of each scheme in use
}

func newHasher(params HashParams, keyring *seal.Keyring) *hasher {
	if params == (HashParams{}) {
		params = defaultParams
	}
	var memory argon2.Pool
	h := &hasher{params: params, keyring: keyring, compute: func(secret string, salt []byte, p HashParams) []byte {
		return memory.IDKey([]byte(secret), salt, p.Passes, p.MemoryKiB, p.Lanes, hashSize)
	}}
	began := time.Now()
	h.dummy = h.seal(seal.PepperPassword, passwordPlace(uuid.Nil), rand.Text())
	h.slots = newSlots(time.Since(began))
	memory.Release() // the first sign-in may be hours away
	return h
}

// hash combines enter, seal and leave.
func (h *hasher) hash(ctx context.Context, p seal.Purpose, at seal.Place, secret string) ([]byte, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return h.seal(p, at, secret), nil
}

// seal hashes with a new salt and seals the PHC string. The caller has a slot.
func (h *hasher) seal(p seal.Purpose, at seal.Place, secret string) []byte {
	salt := make([]byte, saltSize)
	rand.Read(salt)
	return h.keyring.Seal(p, at, []byte(encodePHC(h.params, salt, h.compute(secret, salt, h.params))))
}

// verify compares in constant time. stale reports that parameters were raised since, so that a new hash is due. The
// caller has a slot. An error means that the stored value is damaged.
func (h *hasher) verify(p seal.Purpose, at seal.Place, sealed []byte, secret string) (ok, stale bool, err error) {
	plain, err := h.keyring.Open(p, at, sealed)
	if err != nil {
		return false, false, fmt.Errorf("opening a hash: %w", err)
	}
	return h.compare(string(plain), secret)
}

func (h *hasher) compare(phc, secret string) (ok, stale bool, err error) {
	params, salt, want, err := decodePHC(phc)
	if err != nil {
		return false, false, err
	}
	got := h.compute(secret, salt, params)
	return subtle.ConstantTimeCompare(got, want) == 1, params != h.params, nil
}

func encodePHC(p HashParams, salt, hash []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argonVersion, p.MemoryKiB, p.Passes, p.Lanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(hash))
}

var errPHC = errors.New("accounts: not an Argon2id hash")

func decodePHC(s string) (p HashParams, salt, hash []byte, err error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argonVersion) {
		return p, nil, nil, errPHC
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.MemoryKiB, &p.Passes, &p.Lanes); err != nil || n != 3 {
		return p, nil, nil, errPHC
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	hash, hashErr := base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || hashErr != nil || len(salt) < saltSize || len(hash) != hashSize || p.Passes == 0 || p.Lanes == 0 {
		return p, nil, nil, errPHC
	}
	return p, salt, hash, nil
}

func passwordPlace(account uuid.UUID) seal.Place {
	return seal.Place{Table: "accounts", Column: "password_sealed", Row: account.String()}
}

func answerPlace(account uuid.UUID) seal.Place {
	return seal.Place{Table: "account_questions", Column: "answer_sealed", Row: account.String()}
}

// HashPassword hashes a validated password for the account with this ID, which need not exist yet (S-04). The error is
// ErrBusy, or ctx's.
func (s *Service) HashPassword(ctx context.Context, account uuid.UUID, password string) ([]byte, error) {
	return s.hasher.hash(ctx, seal.PepperPassword, passwordPlace(account), normalize(password))
}

// HashAnswer is HashPassword for the answer to the secret question (S-58).
func (s *Service) HashAnswer(ctx context.Context, account uuid.UUID, answer string) ([]byte, error) {
	return s.hasher.hash(ctx, seal.PepperAnswer, answerPlace(account), normalizeAnswer(answer))
}

// HashSecrets is HashPassword and HashAnswer in one slot, so that neither is computed in vain; nil for an empty one.
func (s *Service) HashSecrets(ctx context.Context, account uuid.UUID, password, answer string) (passwordHash, answerHash []byte, err error) {
	answer = normalizeAnswer(answer)
	if password == "" && answer == "" {
		return nil, nil, nil
	}
	leave, err := s.hasher.enter(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer leave()
	if password != "" {
		passwordHash = s.hasher.seal(seal.PepperPassword, passwordPlace(account), normalize(password))
	}
	if answer != "" {
		answerHash = s.hasher.seal(seal.PepperAnswer, answerPlace(account), answer)
	}
	return passwordHash, answerHash, nil
}
