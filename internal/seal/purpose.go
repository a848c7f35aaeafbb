package seal

import "slices"

// Purpose separates keys: what is sealed for one purpose cannot be opened or verified for another.
type Purpose string

// The purposes. The values are stored in data_keys and must not change.
const (
	PII            Purpose = "pii"             // names, birth dates, member numbers, e-mail addresses
	Index          Purpose = "index"           // keyed digests under which personal values are found
	TOTP           Purpose = "totp"            // TOTP secrets
	Signing        Purpose = "signing"         // private signing keys
	Client         Purpose = "client"          // shared keys and secrets of clients
	PepperPassword Purpose = "pepper-password" // password hashes
	PepperAnswer   Purpose = "pepper-answer"   // hashes of secret answers
	PepperCode     Purpose = "pepper-code"     // digests of mailed and saved codes
	Queue          Purpose = "queue"           // mails that wait to be sent
	Session        Purpose = "session"         // state of requests and registrations
	TokenMAC       Purpose = "token-mac"       // digests of opaque tokens
	CSRF           Purpose = "csrf"            // form tokens
	Device         Purpose = "device"          // known-device cookies
	AuditSeal      Purpose = "audit-seal"      // chain over the audit rows
)

var purposes = []Purpose{
	PII, Index, TOTP, Signing, Client, PepperPassword, PepperAnswer, PepperCode, Queue, Session, TokenMAC, CSRF, Device, AuditSeal,
}

// Purposes returns all purposes.
func Purposes() []Purpose { return slices.Clone(purposes) }
