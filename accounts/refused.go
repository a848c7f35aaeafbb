package accounts

import (
	"encoding/binary"
	"time"

	"huskyidp/internal/seal"
)

// FactorMAC identifies the same proof of one page, since a double click or a reload costs no second try. place is what
// the page belongs to. An app's code is another guess in every time step. A passkey's answer is never the same.
func (s *Service) FactorMAC(place []byte, f Factor, proof string) []byte {
	if f == Passkey {
		return nil
	}
	var step [8]byte
	if f == TOTP {
		binary.BigEndian.PutUint64(step[:], uint64(s.now().Unix()/int64(totpStep/time.Second)))
	}
	return s.keyring.MAC(seal.PepperCode, []byte("accounts.refused"), place, []byte(f), []byte(proof), step[:])
}
