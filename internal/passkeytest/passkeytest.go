// Package passkeytest has a device with a passkey, for tests.
package passkeytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/url"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

// Device holds one passkey.
type Device struct {
	t        testing.TB
	Origin   string
	rpID     string
	id       []byte
	User     []byte
	key      *ecdsa.PrivateKey
	Count    uint32
	Verified bool // the owner gave a finger, a face or a PIN
}

// New returns a device whose browser shows pages of an origin.
func New(t testing.TB, origin string) *Device {
	t.Helper()
	u, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d := &Device{t: t, Origin: origin, rpID: u.Hostname(), id: make([]byte, 32), key: key, Verified: true}
	rand.Read(d.id)
	return d
}

// Options are what a page asks the browser.
type Options struct {
	PublicKey struct {
		Challenge string `json:"challenge"`
		User      struct {
			ID string `json:"id"`
		} `json:"user"`
		UserVerification       string `json:"userVerification"`
		AuthenticatorSelection struct {
			ResidentKey      string `json:"residentKey"`
			UserVerification string `json:"userVerification"`
		} `json:"authenticatorSelection"`
		AllowCredentials []any `json:"allowCredentials"`
	} `json:"publicKey"`
}

// Read parses the JSON of BeginPasskey or BeginNewPasskey.
func (d *Device) Read(options json.RawMessage) (o Options) {
	d.t.Helper()
	if err := json.Unmarshal(options, &o); err != nil {
		d.t.Fatal(err)
	}
	return o
}

func (d *Device) clientData(kind, challenge string) []byte {
	data, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": d.Origin, "crossOrigin": false})
	if err != nil {
		d.t.Fatal(err)
	}
	return data
}

// data is the authenticator data of WebAuthn 6.1.
func (d *Device) data(flags byte) []byte {
	hash := sha256.Sum256([]byte(d.rpID))
	flags |= 0x01 // the owner is present
	if d.Verified {
		flags |= 0x04
	}
	d.Count++
	return binary.BigEndian.AppendUint32(append(hash[:], flags), d.Count)
}

// Create answers navigator.credentials.create.
func (d *Device) Create(options json.RawMessage) string {
	d.t.Helper()
	o := d.Read(options)
	user, err := base64.RawURLEncoding.DecodeString(o.PublicKey.User.ID)
	if err != nil {
		d.t.Fatal(err)
	}
	d.User = user
	point, err := d.key.PublicKey.Bytes()
	if err != nil {
		d.t.Fatal(err)
	}
	public, err := webauthncbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		d.t.Fatal(err)
	}
	data := append(d.data(0x40), make([]byte, 16)...)
	data = append(binary.BigEndian.AppendUint16(data, uint16(len(d.id))), d.id...)
	object, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": append(data, public...)})
	if err != nil {
		d.t.Fatal(err)
	}
	return d.answer(map[string]any{
		"clientDataJSON": base64.RawURLEncoding.EncodeToString(d.clientData("webauthn.create", o.PublicKey.Challenge)), "attestationObject": base64.RawURLEncoding.EncodeToString(object),
	})
}

// Get answers navigator.credentials.get.
func (d *Device) Get(options json.RawMessage) string {
	d.t.Helper()
	client, data := d.clientData("webauthn.get", d.Read(options).PublicKey.Challenge), d.data(0)
	hash := sha256.Sum256(client)
	signed := sha256.Sum256(append(append([]byte(nil), data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, signed[:])
	if err != nil {
		d.t.Fatal(err)
	}
	return d.answer(map[string]any{
		"clientDataJSON": base64.RawURLEncoding.EncodeToString(client), "authenticatorData": base64.RawURLEncoding.EncodeToString(data),
		"signature": base64.RawURLEncoding.EncodeToString(signature), "userHandle": base64.RawURLEncoding.EncodeToString(d.User),
	})
}

func (d *Device) answer(response map[string]any) string {
	id := base64.RawURLEncoding.EncodeToString(d.id)
	text, err := json.Marshal(map[string]any{"id": id, "rawId": id, "type": "public-key", "clientExtensionResults": map[string]any{}, "response": response})
	if err != nil {
		d.t.Fatal(err)
	}
	return string(text)
}
