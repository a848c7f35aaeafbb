package registration

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/members"
)

// SubmitPersonal looks up who registers. claim is a form without problems; typed is what is stored of it. The error is
// ErrNoMatch, a *movedError to the locked page, a *slowError, errGone or errBusy. Each submission is matched, whatever
// the outcome before; the same mistake again is counted once.
func (s *Service) SubmitPersonal(ctx context.Context, v Visit, typed Identity, claim members.Claim) (*Registration, error) {
	g := s.guardsOf(v, claim.MemberNumber)
	reserve := func(b *pgx.Batch, now time.Time) { s.store.queueReserve(b, &g, now) }
	return s.changeWith(ctx, v, stepPersonal, reserve, func(ctx context.Context, t *turn) (outcome, err error) {
		if t.Identity != typed && v.isEarly(t.Registration) {
			return nil, &foreignError{t.ID}
		}
		t.voidMatch()
		t.Identity, t.Veiled = typed, false
		if reference, until, ok := g.locked(); ok {
			t.Reference, t.LockedUntil = reference, until
			t.record(audit.IdentityRefused, "locked")
			s.store.queueUncount(t.batch, g)
			return &movedError{pathLocked}, nil
		}
		if wait := t.slow(g.slow(s.SourceFailures * web.SourceFactor(ctx))); wait > 0 {
			s.store.queueUncount(t.batch, g)
			return &slowError{wait}, nil
		}
		member, err := s.Roster.Match(ctx, claim)
		if err == nil && member.Ended { // a former member gets the same answer as an unknown person
			err = &members.NoMatchError{Fields: []string{members.FieldMemberNumber}}
		}
		if refused, ok := errors.AsType[*members.NoMatchError](err); ok {
			t.Differs = refused.Fields
			return s.refuse(ctx, t, g, s.claimMAC(t.ID, claim))
		}
		if err != nil {
			return nil, err
		}
		return nil, s.accept(ctx, t, g, member)
	})
}

// accept binds the registration to the member, and looks up whether they already have an account (S-52).
func (s *Service) accept(ctx context.Context, t *turn, g guards, member members.Member) error {
	holder, err := s.Accounts.IDByMember(ctx, member.ID)
	if err != nil {
		return err
	}
	t.MemberID, t.HolderID, t.Failures, t.CardFailures, t.Differs, t.Refused = member.ID, holder, 0, 0, nil, nil
	if t.Credentials != (Credentials{}) && t.Credentials.For != member.ID {
		t.voidChoice()
	}
	t.Credentials.For, t.Credentials.Checked = member.ID, false // to be checked again with these names
	if t.HolderID != uuid.Nil {
		t.ProvenAt = noTime // nobody gets past the code page
	}
	t.record(audit.IdentityMatched, "")
	s.store.queueSuccess(t.batch, g, t.MatchedAt.IsZero())
	if t.MatchedAt.IsZero() {
		t.MatchedAt = t.now
	}
	return nil
}

// slow starts the wait that a source without room imposes on this registration, and returns what is left of it. After
// it the card is looked up, however many others come from that source.
func (r *turn) slow(wait time.Duration) time.Duration {
	switch {
	case wait == 0:
	case r.SlowUntil.IsZero():
		r.SlowUntil = r.now.Add(wait)
		return wait
	case r.now.Before(r.SlowUntil):
		return r.SlowUntil.Sub(r.now)
	}
	r.SlowUntil = noTime
	return 0
}

// claimMAC recognizes the same claim within one registration, and nothing else.
func (s *Service) claimMAC(id uuid.UUID, c members.Claim) []byte {
	return s.Keyring.MAC(seal.Index, []byte("refused identity"), id[:], fmt.Appendf(nil, "%#v", c.Folded()))
}

// refuse counts a failure, and locks the form at the third in a row. A double click or a reload does not count as a second mistake.
func (s *Service) refuse(ctx context.Context, t *turn, g guards, claim []byte) (outcome, err error) {
	if hmac.Equal(t.Refused, claim) {
		s.store.queueUncount(t.batch, g)
		return ErrNoMatch, nil
	}
	t.Refused = claim
	t.Failures++
	t.CardFailures = g.found["card"].Failures
	t.record(audit.IdentityRefused, "no_match")
	if t.triesLeft() > 0 {
		return ErrNoMatch, nil
	}
	reference, err := s.Recovery.Refer(ctx, t.batch, "identity_locked", t.visit.Browser, t.ID, t.visit.Language)
	if err != nil {
		return nil, err
	}
	t.Failures, t.CardFailures, t.Refused, t.Reference, t.LockedUntil = 0, 0, nil, reference, time.Time{}
	if s.IdentityLock > 0 {
		t.LockedUntil = t.now.Add(s.IdentityLock)
	}
	locked := t.visit.event(t.Registration, audit.IdentityLocked, t.now, "three_failures")
	locked.Data = map[string]string{"reference": reference}
	t.events = append(t.events, locked)
	s.store.queueLockCard(t.batch, g, reference, t.LockedUntil)
	return &movedError{pathLocked}, nil
}

// KeepIdentity stores what was typed and not looked up. Changed values void the match.
func (s *Service) KeepIdentity(ctx context.Context, v Visit, typed Identity) error {
	_, err := s.change(ctx, v, stepPersonal, func(_ context.Context, t *turn) (outcome, err error) {
		if t.Identity != typed {
			if v.isEarly(t.Registration) {
				return nil, &foreignError{t.ID}
			}
			t.voidMatch()
		}
		t.Identity, t.Veiled = typed, false
		return nil, nil
	})
	return err
}

// triesLeft is how many more identities this registration may try, with the number typed last, before the form is locked.
func (r *Registration) triesLeft() int { return maxFailures - max(r.Failures, r.CardFailures) }
