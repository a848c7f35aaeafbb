package registration

import (
	"cmp"
	"context"
	"crypto/hmac"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/mail"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

const (
	codeLife  = 15 * time.Minute
	codeTries = 5
)

// holderNotice limits the mails to the owner of a card that somebody else has found.
var holderNotice = ratelimit.Limit{Name: "already_member", Count: 1, Per: 24 * time.Hour}

// What one source may cause in an hour (S-09). A registration that is completed returns what it took, because many
// people share the address of a mobile carrier.
const (
	mailSource  = "mail_source"
	beginSource = "registration"
)

// Wrong codes for one card, whoever types them and wherever: beyond them each ends its code, so that guessing gains nothing by
// what other askers may have mailed, and whoever has the right one is not kept out (S-14).
var (
	wrongHourly = ratelimit.Limit{Name: "wrong_codes_hour", Count: 25, Per: time.Hour}
	wrongDaily  = ratelimit.Limit{Name: "wrong_codes_day", Count: 50, Per: 24 * time.Hour}
)

// cardSource is how many codes one source gets with one card, for whatever mailboxes: of what strangers may use of the card
// together, it leaves some to others.
var cardSource = ratelimit.Limit{Name: "mail_card_source", Count: 8, Per: time.Hour}

var noTime time.Time

// codeOut reports whether a code can still be entered.
func (t *turn) codeOut() bool { return t.CodeMAC != nil && t.now.Before(t.CodeExpiresAt) }

// codeMailed reports whether the current code went to the address typed; see mailCode.
func (s *Service) codeMailed(t *turn) bool {
	return t.codeOut() && !s.Keyring.VerifyMAC(seal.PepperCode, t.CodeMAC, []byte("registration"), t.ID[:], nil)
}

// codeMAC binds a code to its registration (S-49).
func (s *Service) codeMAC(id uuid.UUID, code string) []byte {
	return s.Keyring.MAC(seal.PepperCode, []byte("registration"), id[:], []byte(code))
}

// mailCode makes a code, which voids the previous one, and queues its mail. If the member already has an account,
// everything is the same except that no code is sent: the mailbox on file is notified instead (S-52). The error is a
// *resendError.
func (s *Service) mailCode(ctx context.Context, t *turn) error {
	holder, before, err := s.takeMail(ctx, t)
	if err != nil {
		return err
	}
	code, err := accounts.NewCode()
	if err != nil {
		return err
	}
	mac := code
	if t.HolderID != uuid.Nil {
		mac = "" // no six digits are that
	}
	t.CodeMAC, t.CodeSentAt, t.CodeExpiresAt, t.CodeTries = s.codeMAC(t.ID, mac), t.now, t.now.Add(codeLife), 0
	t.record(audit.CodeSent, "")
	content, err := s.Mails.Mail(t.visit.Language, "verify", templates.Args{"username": t.Credentials.Username, "code": code})
	if err != nil {
		return err
	}
	notice, err := s.holderMail(t, holder) // also without a holder: one of the two mails is prepared in vain, so that both cases take the same time (S-13)
	if err != nil {
		return err
	}
	if t.HolderID != uuid.Nil {
		return s.queueHolderMail(ctx, t, holder, notice, before)
	}
	return s.Outbox.Queue(ctx, t.batch, mail.Message{
		Kind: "verify", To: t.Credentials.Address, Lang: t.visit.Language, AccountID: t.AccountID, Content: content, NotAfter: t.CodeExpiresAt,
	})
}

// holderMail is the mail to the mailbox on file.
func (s *Service) holderMail(t *turn, holder accounts.Account) (templates.Mail, error) {
	args := templates.Args{"username": cmp.Or(holder.Username, t.Credentials.Username), "at": t.now}
	if !holder.ClosesAt.IsZero() {
		args["closes"] = holder.ClosesAt
	}
	return s.Mails.Mail(cmp.Or(holder.Language, t.visit.Language), "already_member", args)
}

// takeMail takes one mail from the limits of the member, the address and the source, and reads the account that the
// member already has. Anybody may have the card: who asks elsewhere, or for another mailbox, uses up their own (S-14).
// recent reports that its mailbox was notified of this within a day. For a member without an account the
// database is asked for just as much (S-13).
func (s *Service) takeMail(ctx context.Context, t *turn) (holder accounts.Account, recent bool, err error) {
	whom := t.HolderID
	if whom == uuid.Nil {
		whom = t.ID
	}
	source := ratelimit.Limit{Name: mailSource, Count: s.Mailed, Per: time.Hour}.Times(web.SourceFactor(ctx))
	var limited, noticeLimited error
	b := &pgx.Batch{}
	asks := accounts.MailAsks("verify", t.MemberID, t.visit.Source+" "+strings.ToLower(t.Credentials.Address), t.Credentials.Address)
	accounts.QueueStrangers(s.Limiter, b, &limited, t.now, accounts.Network(t.visit.Source), []string{"verify " + t.MemberID.String(), strings.ToLower(t.Credentials.Address)},
		append(asks, ratelimit.Ask{Limit: source, Key: t.visit.Source}, ratelimit.Ask{Limit: cardSource, Key: t.visit.Source + " " + t.MemberID.String()})...)
	s.Limiter.Queue(b, &noticeLimited, t.now, ratelimit.Ask{Limit: holderNotice, Key: whom.String()})
	s.Accounts.QueueGet(b, t.HolderID, &holder)
	if err := s.DB.From(ctx).SendBatch(ctx, b).Close(); err != nil {
		return holder, false, err
	}
	if exceeded, ok := errors.AsType[*ratelimit.Exceeded](limited); ok {
		return holder, false, &resendError{wait: exceeded.RetryAfter(), limit: exceeded.Limit != accounts.MailGap.Name}
	}
	return holder, noticeLimited != nil, nil
}

// queueHolderMail notifies the mailbox on file that somebody tried to register again, at most once a day. A mail that must
// not be sent is queued already expired and under the registration's own ID, so that both cases cost the same (S-13).
func (s *Service) queueHolderMail(ctx context.Context, t *turn, holder accounts.Account, content templates.Mail, recent bool) error {
	m := mail.Message{Kind: "already_member", To: holder.Email, Lang: holder.Language, AccountID: holder.ID, Content: content}
	if recent {
		m.AccountID, m.NotAfter = t.AccountID, t.now
	}
	return s.Outbox.Queue(ctx, t.batch, m)
}

// ResendCode mails another code. The error is a *resendError, *movedError, errGone or errBusy.
func (s *Service) ResendCode(ctx context.Context, v Visit) (*Registration, error) {
	return s.change(ctx, v, stepCode, func(ctx context.Context, t *turn) (outcome, err error) {
		if !t.ProvenAt.IsZero() {
			return nil, nil
		}
		t.Credentials.Doubted = false
		return nil, s.mailCode(ctx, t)
	})
}

// SettleEmail answers the question about a doubted address: mend takes the likely one in its place. Then the code is
// mailed. The errors are those of ResendCode.
func (s *Service) SettleEmail(ctx context.Context, v Visit, mend bool) (*Registration, error) {
	return s.change(ctx, v, stepCode, func(ctx context.Context, t *turn) (outcome, err error) {
		if !t.Credentials.Doubted {
			return nil, nil // pressed twice
		}
		if likely := accounts.LikelyEmail(t.Credentials.Address); mend {
			t.Credentials.Address, t.Credentials.Email, t.Credentials.EmailAgain = likely, likely, likely
		}
		t.Credentials.Doubted = false
		err = s.mailCode(ctx, t)
		if later, ok := errors.AsType[*resendError](err); ok { // the answer is stored, and the code page says when the code comes
			return later, nil
		}
		return nil, err
	})
}

// SubmitCode compares a code of six digits. The error is ErrCode, ErrCodeExpired, ErrCodeEnded, errManyCodes, a *movedError, errGone
// or errBusy. The try is counted before it is judged, on the locked row (S-10); the same wrong code again is counted
// once.
func (s *Service) SubmitCode(ctx context.Context, v Visit, code string) (*Registration, error) {
	return s.change(ctx, v, stepCode, func(ctx context.Context, t *turn) (outcome, err error) {
		if !t.ProvenAt.IsZero() {
			return nil, nil
		}
		if !t.codeOut() {
			t.record(audit.CodeRefused, "expired")
			return ErrCodeExpired, nil
		}
		typed := s.Keyring.MAC(seal.PepperCode, []byte("refused code"), t.ID[:], []byte(code))
		again := hmac.Equal(t.Refused, typed)
		if !again {
			t.CodeTries++
			t.Refused = typed
		}
		right := s.Keyring.VerifyMAC(seal.PepperCode, t.CodeMAC, []byte("registration"), t.ID[:], []byte(code))
		if right && t.HolderID == uuid.Nil {
			t.voidCode()
			t.ProvenAt = t.now
			t.record(audit.EmailProven, "")
			s.Limiter.QueueReturn(t.batch, mailSource, v.Source) // a mail whose code was entered does not count
			return nil, nil
		}
		if again {
			return ErrCode, nil
		}
		t.record(audit.CodeRefused, "wrong")
		if t.CodeTries >= codeTries {
			outcome = ErrCodeEnded
		}
		key := t.MemberID.String()
		err = s.Limiter.TakeAll(ctx, t.now, ratelimit.Ask{Limit: wrongDaily, Key: key}, ratelimit.Ask{Limit: wrongHourly, Key: key})
		if _, many := errors.AsType[*ratelimit.Exceeded](err); many {
			outcome, err = errManyCodes, nil
		}
		if outcome == nil {
			return ErrCode, err
		}
		t.voidCode()
		return outcome, err
	})
}
