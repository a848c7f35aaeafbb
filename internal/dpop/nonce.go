package dpop

import (
	"encoding/base64"
	"encoding/binary"
	"time"
)

// nonceWindow is how long one nonce is issued; it is accepted for twice as long.
const nonceWindow = 5 * time.Minute

// Nonces makes and checks nonces without storing them (RFC 9449 section 8). MAC signs, and VerifyMAC checks under every
// readable key, the window's number in eight bytes.
type Nonces struct {
	MAC       func(window []byte) []byte
	VerifyMAC func(mac, window []byte) bool
}

// Current returns the nonce for now.
func (n *Nonces) Current(now time.Time) string {
	return base64.RawURLEncoding.EncodeToString(n.MAC(window(now)))
}

func (n *Nonces) check(nonce string, now time.Time) error {
	mac, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(mac) == 0 || !n.VerifyMAC(mac, window(now)) && !n.VerifyMAC(mac, window(now.Add(-nonceWindow))) {
		return ErrNonce
	}
	return nil
}

func window(now time.Time) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(now.Unix()/int64(nonceWindow/time.Second)))
}
