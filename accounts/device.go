package accounts

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"

	"huskyidp/internal/seal"
)

// KnownDeviceAge is how long a browser remains known after a sign-in (S-11).
const KnownDeviceAge = 180 * 24 * time.Hour

const deviceIDSize = 16

// knownDevice is what the device cookie proves: that this browser has signed in to the account with one username
// before. Whether that still counts depends on the account, see since.
type knownDevice struct {
	valid  bool
	id     []byte
	issued time.Time // exact to a second
}

// since returns the device if it became known after the account's credentials changed last. A new password, a recovery
// or "this wasn't me" would otherwise leave a browser known whose user may be the reason for it.
func (d knownDevice) since(changed time.Time) knownDevice {
	if d.issued.Before(changed.Truncate(time.Second)) {
		return knownDevice{}
	}
	return d
}

// RenewDevice returns the device cookie of a browser that has just changed the credentials itself and so proved itself:
// it stays known. account is as it was before the change. The result is "" if the browser was not known then.
func (s *Service) RenewDevice(account Account, cookie string) string {
	now := s.now()
	device := s.readDeviceCookie(cookie, account.Username, now).since(account.CredentialsChangedAt)
	if !device.valid {
		return ""
	}
	return s.newDeviceCookie(account.Username, device.id, now)
}

// newDeviceCookie returns ID | expiry (Unix seconds) | MAC over both and the username. It reveals nothing and is valid
// for one account.
func (s *Service) newDeviceCookie(username string, id []byte, now time.Time) string {
	if len(id) != deviceIDSize {
		id = make([]byte, deviceIDSize)
		rand.Read(id)
	}
	raw := binary.BigEndian.AppendUint64(append([]byte(nil), id...), uint64(now.Add(KnownDeviceAge).Unix()))
	return base64.RawURLEncoding.EncodeToString(append(raw, s.keyring.MAC(seal.Device, raw, []byte(username))...))
}

func (s *Service) readDeviceCookie(cookie, username string, now time.Time) knownDevice {
	raw, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil || len(raw) != deviceIDSize+8+32 {
		return knownDevice{}
	}
	signed, mac := raw[:deviceIDSize+8], raw[deviceIDSize+8:]
	if !s.keyring.VerifyMAC(seal.Device, mac, signed, []byte(username)) {
		return knownDevice{}
	}
	end := time.Unix(int64(binary.BigEndian.Uint64(signed[deviceIDSize:])), 0)
	if !now.Before(end) {
		return knownDevice{}
	}
	return knownDevice{valid: true, id: signed[:deviceIDSize], issued: end.Add(-KnownDeviceAge)}
}

// describeAgent returns the browser and the system of a User-Agent in terms that a member would use, "" if unknown. The
// order matters, since each browser also claims to be those after it.
func describeAgent(agent string) (browser, system string) {
	return firstIn(agent, [][2]string{
			{"Edg", "Edge"}, {"OPR", "Opera"}, {"SamsungBrowser", "Samsung Internet"}, {"Firefox", "Firefox"}, {"FxiOS", "Firefox"},
			{"CriOS", "Chrome"}, {"Chrome", "Chrome"}, {"Safari", "Safari"},
		}), firstIn(agent, [][2]string{
			{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"}, {"Windows", "Windows"},
			{"Macintosh", "Mac"}, {"Linux", "Linux"},
		})
}

func firstIn(agent string, names [][2]string) string {
	for _, n := range names {
		if strings.Contains(agent, n[0]) {
			return n[1]
		}
	}
	return ""
}
