package accounts

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
	"huskyidp/internal/ratelimit"
)

// MailGap is the minimum interval between two mails of a kind to one person (S-14).
var MailGap = ratelimit.Limit{Name: "mail_gap", Count: 1, Per: time.Minute}

var (
	mailHourly  = ratelimit.Limit{Name: "mail_hour", Count: 5, Per: time.Hour}
	mailDaily   = ratelimit.Limit{Name: "mail_day", Count: 10, Per: 24 * time.Hour}
	mailAddress = ratelimit.Limit{Name: "mail_address", Count: 40, Per: time.Hour} // against flooding alone

	mailShare = Share{
		First:  ratelimit.Limit{Name: "mail_first", Count: 1, Per: time.Hour},
		Firsts: ratelimit.Limit{Name: "mail_first_asks", Count: 16, Per: time.Hour},
		More:   ratelimit.Limit{Name: "mail_more_asks", Count: 12, Per: time.Hour},
	}
)

// A Share is what strangers may use together of something that is not theirs alone: an address, of which the rest is for browsers that
// the account knows, sessions and the desk; a card. First is what a network may ask before it waits for those that ask again, of
// Firsts for all networks; beyond it, of More: one person can have all addresses of a network, but not many networks.
type Share struct{ First, Firsts, More ratelimit.Limit }

const knownAsker = "device "

// MailAsks returns the limits for a mail that carries a code, or that anybody can trigger, from any package (S-14). The
// limits are per kind and person, so that a family that shares a mailbox, or a person who needs two kinds, does not
// wait for anybody else; asker separates those who ask for the same person (see Asker), and is "" if only who has proven to
// be that person can, or the desk. The address has a wide limit shared by all, see QueueStrangers. The longest comes first, so that an exhausted day is not
// reported as a minute's wait.
func MailAsks(kind string, person uuid.UUID, asker, address string) []ratelimit.Ask {
	key := kind + " " + person.String() + " " + asker
	return []ratelimit.Ask{{Limit: mailDaily, Key: key}, {Limit: mailHourly, Key: key}, {Limit: mailAddress, Key: strings.ToLower(address)}, {Limit: MailGap, Key: key}}
}

// Queue adds to a batch what ratelimit.Limiter.Queue does with asks, for somebody of whom nothing is known, in a network
// (see Network), and what strangers may use together of each of shared: whoever knows a username, or has a relative's card, and has
// many sources would otherwise use up its wide limit, so that nothing is left to the owner.
func (s Share) Queue(l *ratelimit.Limiter, b *pgx.Batch, outcome *error, now time.Time, network string, shared []string, asks ...ratelimit.Ask) {
	first, more := []ratelimit.Ask{{Limit: s.First, Key: network + " " + shared[0]}}, []ratelimit.Ask(nil)
	for _, key := range shared {
		first, more = append(first, ratelimit.Ask{Limit: s.Firsts, Key: key}), append(more, ratelimit.Ask{Limit: s.More, Key: key})
	}
	l.QueueElse(b, outcome, now, first, more, asks...)
}

// Take is Queue in a round trip of its own.
func (s Share) Take(ctx context.Context, db *postgres.DB, l *ratelimit.Limiter, now time.Time, network, shared string, asks ...ratelimit.Ask) error {
	var outcome error
	b := &pgx.Batch{}
	s.Queue(l, b, &outcome, now, network, []string{shared}, asks...)
	return cmp.Or(db.From(ctx).SendBatch(ctx, b).Close(), outcome)
}

// QueueStrangers is Share.Queue for mails with a code, or that anybody can trigger.
func QueueStrangers(l *ratelimit.Limiter, b *pgx.Batch, outcome *error, now time.Time, network string, shared []string, asks ...ratelimit.Ask) {
	mailShare.Queue(l, b, outcome, now, network, shared, asks...)
}

// TakeStrangers is QueueStrangers in a round trip of its own.
func TakeStrangers(ctx context.Context, db *postgres.DB, l *ratelimit.Limiter, now time.Time, network, shared string, asks ...ratelimit.Ask) error {
	return mailShare.Take(ctx, db, l, now, network, shared, asks...)
}

// Network returns the network of a source, in the size in which providers give them to one customer: an IPv4 /24, an IPv6 /48.
func Network(source string) string {
	p, err := netip.ParsePrefix(source)
	if err != nil {
		return source
	}
	bits := 24
	if p.Addr().Is6() {
		bits = 48
	}
	return netip.PrefixFrom(p.Addr(), min(bits, p.Bits())).Masked().String()
}

// IsKnown reports whether what Asker returned is a browser that the account knows.
func IsKnown(asker string) bool { return strings.HasPrefix(asker, knownAsker) }

// Asker identifies who asks in the name of an account: a browser that is known to it, or else a source. Anybody else who
// knows a username uses up their own mails, never the member's (S-11, S-14). Only for a browser that has signed in to the
// account before it reads the database, so that others learn nothing by the time that it takes.
func (s *Service) Asker(ctx context.Context, username, device, source string) (string, error) {
	if known := s.readDeviceCookie(device, signInName(username), s.now()); known.valid {
		account, err := s.ByUsername(ctx, username)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return "", err
		}
		if known.since(account.CredentialsChangedAt).valid {
			return knownAsker + base64.RawURLEncoding.EncodeToString(known.id), nil
		}
	}
	return "source " + source, nil
}
