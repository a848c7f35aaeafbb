package recovery

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/web"
	"huskyidp/members"
)

// The limits of looking people up (S-52). Beyond them nothing is sent, and nobody is notified.
var (
	lookupSource = ratelimit.Limit{Name: "username_source", Count: 5, Per: time.Hour}
	lookupCard   = ratelimit.Limit{Name: "username_card", Count: 3, Per: 24 * time.Hour} // of a network: others use up their own (S-14)
	lookupAgain  = ratelimit.Limit{Name: "username_again", Count: 1, Per: time.Minute}   // the same card in the same browser: a second tap

	// Twenty of all networks: whoever reads the mailbox sees which card was right.
	lookupShare = accounts.Share{
		First:  ratelimit.Limit{Name: "username_card_first", Count: 1, Per: 24 * time.Hour},
		Firsts: ratelimit.Limit{Name: "username_card_firsts", Count: 16, Per: 24 * time.Hour},
		More:   ratelimit.Limit{Name: "username_card_more", Count: 4, Per: 24 * time.Hour},
	}
)

// Remind mails the username to the address on file of the member whose card this is. A job looks up whose it is, if
// anybody's, so that this request is the same for all (S-12, S-13). The error is a *ratelimit.Exceeded of the source,
// or the database's.
func (s *Service) Remind(ctx context.Context, v Visit, claim members.Claim) error {
	now, id := s.now(), uuid.Must(uuid.NewV7())
	typed, err := json.Marshal(claim)
	if err != nil {
		return err
	}
	asker, err := s.asker(ctx, v, "") // nobody's name: the source
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		err := s.limiter.Take(ctx, lookupAgain, string(v.Browser)+string(typed), now)
		if _, again := errors.AsType[*ratelimit.Exceeded](err); again { // the mail of the first press answers this one too
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.takeSource(ctx, v.Source, now); err != nil {
			return err
		}
		b := &pgx.Batch{}
		started := audit.Event{Kind: audit.RecoveryStarted, At: now, Subject: id.String(), RequestID: v.RequestID, Success: true, Reason: "username"}
		network := accounts.Network(v.Source)
		err = lookupShare.Take(ctx, s.db, s.limiter, now, network, claim.MemberNumber,
			ratelimit.Ask{Limit: lookupSource.Times(web.SourceFactor(ctx)), Key: v.Source}, ratelimit.Ask{Limit: lookupCard, Key: network + " " + claim.MemberNumber})
		if _, over := errors.AsType[*ratelimit.Exceeded](err); over {
			started.Success, started.Reason = false, "lookup_limit"
		} else if err != nil {
			return err
		} else if err := s.store.queueCard(b, id, claim, now); err != nil {
			return err
		} else if err := s.enqueue(ctx, usernameArgs{id, asker}); err != nil {
			return err
		}
		s.audit.Queue(ctx, b, started)
		return s.db.Finish(ctx, b)
	})
}

// SendUsername mails the username to the address on file. It takes part in the transaction of ctx; the error is
// accounts.ErrNotFound, or the database's.
func (s *Service) SendUsername(ctx context.Context, accountID uuid.UUID) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.accounts.Notify(ctx, accountID, "username", nil); err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Event{
			Kind: audit.UsernameSent, At: s.now(), AccountID: accountID.String(), RequestID: web.RequestID(ctx), Success: true,
		})
	})
}
