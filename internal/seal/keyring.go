package seal

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"sync"
	"sync/atomic"

	"huskyidp/internal/postgres"
)

// ErrOpen is the only error for a value that was not sealed with a known key for the given purpose and place.
var ErrOpen = errors.New("sealed value does not open at this place")

// Place identifies where a sealed value is stored. The value opens nowhere else.
type Place struct {
	Table, Column, Row string
}

// Keyring seals, opens and authenticates with the data keys of every purpose. It is safe for concurrent use.
type Keyring struct {
	db   *postgres.DB // nil for Ephemeral
	keks []KEK
	ring atomic.Pointer[ring]
	tell func(Purpose, Place) // called with values that do not open; may be nil
}

// ring is an immutable view of all data keys; Refresh replaces it as a whole.
type ring map[Purpose]*versions

type versions struct {
	writing *dataKey
	all     []*dataKey // newest first
}

type dataKey struct {
	version uint16
	aead    cipher.AEAD
	macs    sync.Pool // of hash.Hash: keying HMAC costs as much as a short message
}

// Ephemeral returns a Keyring of random keys that exist nowhere else, for tests.
func Ephemeral() *Keyring {
	r := ring{}
	for _, p := range purposes {
		r.add(p, stateWriting, newDataKey(1, randomKey()))
	}
	k := &Keyring{}
	k.ring.Store(&r)
	return k
}

func newDataKey(version uint16, key []byte) *dataKey {
	macKey := derive(key, "mac")
	return &dataKey{
		version: version,
		aead:    newAEAD(derive(key, "seal")),
		macs:    sync.Pool{New: func() any { return hmac.New(sha256.New, macKey) }},
	}
}

// derive returns separate encryption and MAC keys, so that one data key is never used by two algorithms.
func derive(key []byte, use string) []byte {
	out, err := hkdf.Expand(sha256.New, key, "huskyidp "+use, keySize)
	if err != nil {
		panic(err) // only for more than 255 blocks of output
	}
	return out
}

func (r ring) add(p Purpose, state string, key *dataKey) {
	v := r[p]
	if v == nil {
		v = &versions{}
		r[p] = v
	}
	v.all = append(v.all, key)
	if state == stateWriting {
		v.writing = key
	}
}

func (k *Keyring) versions(p Purpose) *versions {
	v := (*k.ring.Load())[p]
	if v == nil {
		panic(fmt.Sprintf("seal: no such purpose: %q", p))
	}
	return v
}

// Seal encrypts plain with the writing key of p and binds it to its place.
func (k *Keyring) Seal(p Purpose, at Place, plain []byte) []byte {
	key := k.versions(p).writing
	out := make([]byte, 2, 2+key.aead.Overhead()+len(plain))
	binary.BigEndian.PutUint16(out, key.version)
	return key.aead.Seal(out, nil, plain, associated(p, at, key.version))
}

// OnBroken registers fn, before the first use, to be called with each database value that does not open: it was
// tampered with, or its key is gone (S-46, S-74).
func (k *Keyring) OnBroken(fn func(Purpose, Place)) { k.tell = fn }

// Open decrypts what Seal made for the same purpose and place, with whichever version sealed it. The error is ErrOpen.
func (k *Keyring) Open(p Purpose, at Place, sealed []byte) ([]byte, error) {
	plain, err := k.OpenSent(p, at, sealed)
	if err != nil && k.tell != nil {
		k.tell(p, at)
	}
	return plain, err
}

// OpenSent is Open for values that a browser sends back: failures are not reported to OnBroken, since anybody can send
// anything.
func (k *Keyring) OpenSent(p Purpose, at Place, sealed []byte) ([]byte, error) {
	if len(sealed) < 2 {
		return nil, ErrOpen
	}
	version := binary.BigEndian.Uint16(sealed)
	for _, key := range k.versions(p).all {
		if key.version != version {
			continue
		}
		plain, err := key.aead.Open(nil, nil, sealed[2:], associated(p, at, version))
		if err != nil {
			return nil, ErrOpen
		}
		return plain, nil
	}
	return nil, ErrOpen
}

// MAC returns HMAC-SHA-256 (32 bytes) over the parts with the writing key of p.
func (k *Keyring) MAC(p Purpose, parts ...[]byte) []byte { return k.versions(p).writing.mac(parts) }

// MACs returns the MAC under every version, newest first, for look-ups.
func (k *Keyring) MACs(p Purpose, parts ...[]byte) [][]byte {
	all := k.versions(p).all
	macs := make([][]byte, len(all))
	for i, key := range all {
		macs[i] = key.mac(parts)
	}
	return macs
}

// VerifyMAC reports, in constant time, whether mac was made over the parts with any version of p.
func (k *Keyring) VerifyMAC(p Purpose, mac []byte, parts ...[]byte) bool {
	found := false
	for _, want := range k.MACs(p, parts...) {
		found = hmac.Equal(mac, want) || found
	}
	return found
}

func (d *dataKey) mac(parts [][]byte) []byte {
	h := d.macs.Get().(hash.Hash)
	defer d.macs.Put(h)
	h.Reset()
	var size [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write(part)
	}
	return h.Sum(nil)
}

// associated returns the additional authenticated data: length-prefixed parts, so that no two places share it.
func associated(p Purpose, at Place, version uint16) []byte {
	out := make([]byte, 0, 64+len(at.Table)+len(at.Column)+len(at.Row))
	for _, part := range []string{string(p), at.Table, at.Column, at.Row} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(part)))
		out = append(out, part...)
	}
	return binary.BigEndian.AppendUint16(out, version)
}
