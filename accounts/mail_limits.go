package accounts

import (
	"strings"
	"time"

	"huskyidp/internal/ratelimit"
)

// MailGap is how far apart two mails of a kind to one address are (S-14).
var MailGap = ratelimit.Limit{Name: "mail_gap", Count: 1, Per: time.Minute}

var (
	mailHourly = ratelimit.Limit{Name: "mail_hour", Count: 5, Per: time.Hour}
	mailDaily  = ratelimit.Limit{Name: "mail_day", Count: 10, Per: 24 * time.Hour}
)

// MailAsks are what a mail with a code, or of a kind that anybody can set off, takes from
// the limits of its address, whichever package sends it (S-14). All kinds share the hour
// and the day; the minute is that of one kind, so that who needs two waits for neither. The longest
// comes first: a full day is not told as a minute's wait.
func MailAsks(kind, address string) []ratelimit.Ask {
	address = strings.ToLower(address)
	return []ratelimit.Ask{{Limit: mailDaily, Key: address}, {Limit: mailHourly, Key: address}, {Limit: MailGap, Key: kind + " " + address}}
}
