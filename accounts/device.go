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

const (
	deviceIDSize   = 16
	deviceSize     = deviceIDSize + 8 + 32 // ID, end and MAC
	deviceAccounts = 5                     // a family that takes turns on one phone
)

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
	return s.newDeviceCookie(cookie, account.Username, device.id, now)
}

// OwnBrowser reports whether the device cookie is of a browser that has signed in to this account before, and to no other:
// a family's, a library's or a new one may be anybody's.
func (s *Service) OwnBrowser(account Account, cookie string) bool {
	known := s.readDeviceCookie(cookie, account.Username, s.now()).since(account.CredentialsChangedAt)
	return known.valid && len(deviceEntries(cookie)) == 1
}

// newDeviceCookie returns the former cookie with a new entry of one account, and without its older one: the entries of
// the last five accounts, the newest first. An entry is ID | expiry (Unix seconds) | MAC over both and the username. It
// reveals nothing, and each is valid for one account and ends on its own.
func (s *Service) newDeviceCookie(former, username string, id []byte, now time.Time) string {
	if len(id) != deviceIDSize {
		id = make([]byte, deviceIDSize)
		rand.Read(id)
	}
	raw := binary.BigEndian.AppendUint64(append([]byte(nil), id...), uint64(now.Add(KnownDeviceAge).Unix()))
	entries := [][]byte{append(raw, s.keyring.MAC(seal.Device, raw, []byte(username))...)}
	for _, other := range deviceEntries(former) {
		if len(entries) < deviceAccounts && !s.readDevice(other, username, now).valid && now.Before(deviceEnd(other)) {
			entries = append(entries, other)
		}
	}
	texts := make([]string, len(entries))
	for i, entry := range entries {
		texts[i] = base64.RawURLEncoding.EncodeToString(entry)
	}
	return strings.Join(texts, ".")
}

// deviceEntries returns the well-formed entries of a cookie, whoever made them.
func deviceEntries(cookie string) (entries [][]byte) {
	for _, text := range strings.SplitN(cookie, ".", deviceAccounts+1) {
		if raw, err := base64.RawURLEncoding.DecodeString(text); err == nil && len(raw) == deviceSize && len(entries) < deviceAccounts {
			entries = append(entries, raw)
		}
	}
	return entries
}

func deviceEnd(entry []byte) time.Time {
	return time.Unix(int64(binary.BigEndian.Uint64(entry[deviceIDSize:])), 0)
}

func (s *Service) readDeviceCookie(cookie, username string, now time.Time) (device knownDevice) {
	for _, entry := range deviceEntries(cookie) {
		if d := s.readDevice(entry, username, now); d.valid {
			device = d
		}
	}
	return device
}

func (s *Service) readDevice(raw []byte, username string, now time.Time) knownDevice {
	signed, mac := raw[:deviceIDSize+8], raw[deviceIDSize+8:]
	if !s.keyring.VerifyMAC(seal.Device, mac, signed, []byte(username)) {
		return knownDevice{}
	}
	end := deviceEnd(raw)
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
