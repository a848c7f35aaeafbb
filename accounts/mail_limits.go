package accounts

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/ratelimit"
)

// MailGap is how far apart two mails of a kind to one person are (S-14).
var MailGap = ratelimit.Limit{Name: "mail_gap", Count: 1, Per: time.Minute}

var (
	mailHourly  = ratelimit.Limit{Name: "mail_hour", Count: 5, Per: time.Hour}
	mailDaily   = ratelimit.Limit{Name: "mail_day", Count: 10, Per: 24 * time.Hour}
	mailAddress = ratelimit.Limit{Name: "mail_address", Count: 40, Per: time.Hour} // against flooding alone
)

// MailAsks are what a mail with a code, or of a kind that anybody can set off, takes,
// whichever package sends it (S-14). The limits are those of a kind and a person, so that
// a family on one mailbox, or who needs two kinds, waits for nobody; asker parts those who
// ask for the same person (see Asker), "" where only one can. The address has a wide limit
// that all share. The longest comes first: a full day is not told as a minute's wait.
func MailAsks(kind string, person uuid.UUID, asker, address string) []ratelimit.Ask {
	key := kind + " " + person.String() + " " + asker
	return []ratelimit.Ask{{Limit: mailDaily, Key: key}, {Limit: mailHourly, Key: key}, {Limit: mailAddress, Key: strings.ToLower(address)}, {Limit: MailGap, Key: key}}
}

// Asker is who asks in the name of an account: a browser that has signed in to it before,
// or else a source. A stranger who knows a username uses up their own mails, never those
// of the member (S-11, S-14).
func (s *Service) Asker(username, device, source string) string {
	if known := s.readDeviceCookie(device, signInName(username), s.now()); known.valid {
		return "device " + base64.RawURLEncoding.EncodeToString(known.id)
	}
	return "source " + source
}
