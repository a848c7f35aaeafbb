package registration

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/web"
	"huskyidp/members"
)

// SubmitPersonal looks up who registers. claim is a form without problems; typed is what to keep of it. The error is
// ErrNoMatch, a *movedError to the locked page, a *sourceError, errGone or errBusy. Whoever goes this way again is matched
// again, whatever the outcome was before.
func (s *Service) SubmitPersonal(ctx context.Context, v Visit, typed Identity, claim members.Claim) (*Registration, error) {
	g := s.guardsOf(v, claim.MemberNumber)
	reserve := func(b *pgx.Batch, now time.Time) { s.store.queueReserve(b, &g, now) }
	return s.changeWith(ctx, v, stepPersonal, reserve, func(ctx context.Context, t *turn) (outcome, err error) {
		t.voidMatch()
		t.Identity = typed
		if reference, until, ok := g.locked(); ok {
			t.Reference, t.LockedUntil = reference, until
			t.record(audit.IdentityRefused, "locked")
			s.store.queueUncount(t.batch, g)
			return &movedError{pathLocked}, nil
		}
		if source := g.found["source"]; source.Failures > s.SourceFailures*web.SourceFactor(ctx) {
			return nil, &sourceError{max(source.OpenedAt.Add(sourceWindow).Sub(t.now), time.Second)}
		}
		member, err := s.Roster.Match(ctx, claim)
		if err == nil && member.Ended { // who is no longer eligible is told no more than others
			err = &members.NoMatchError{Fields: []string{members.FieldMemberNumber}}
		}
		if refused, ok := errors.AsType[*members.NoMatchError](err); ok {
			t.Differs = refused.Fields
			return s.refuse(ctx, t, g)
		}
		if err != nil {
			return nil, err
		}
		return nil, s.accept(ctx, t, g, member)
	})
}

// accept binds the registration to the member, and looks whether they already have an account (S-52).
func (s *Service) accept(ctx context.Context, t *turn, g guards, member members.Member) error {
	holder, err := s.Accounts.IDByMember(ctx, member.ID)
	if err != nil {
		return err
	}
	t.MemberID, t.HolderID, t.Failures, t.Differs = member.ID, holder, 0, nil
	t.Credentials.Checked = false // judged again beside these names
	if t.HolderID != uuid.Nil {
		t.ProvenAt = noTime // nobody gets past the code page
	}
	t.record(audit.IdentityMatched, "")
	s.store.queueSuccess(t.batch, g)
	return nil
}

// refuse counts, and closes the form at the third time in a row.
func (s *Service) refuse(ctx context.Context, t *turn, g guards) (outcome, err error) {
	t.Failures++
	t.record(audit.IdentityRefused, "no_match")
	if max(t.Failures, g.worst()) < maxFailures {
		return ErrNoMatch, nil
	}
	reference, err := s.Desk.Refer(ctx, t.batch, "identity_locked", t.visit.Browser, t.ID, t.visit.Language)
	if err != nil {
		return nil, err
	}
	t.Failures, t.Reference, t.LockedUntil = 0, reference, time.Time{}
	if s.IdentityLock > 0 {
		t.LockedUntil = t.now.Add(s.IdentityLock)
	}
	locked := t.visit.event(t.Registration, audit.IdentityLocked, t.now, "three_failures")
	locked.Data = map[string]string{"reference": reference}
	t.events = append(t.events, locked)
	s.store.queueLockGuards(t.batch, g, reference, t.LockedUntil)
	return &movedError{pathLocked}, nil
}

// KeepIdentity stores what was typed and not judged. Other words void the match that was made with the old ones.
func (s *Service) KeepIdentity(ctx context.Context, v Visit, typed Identity) error {
	_, err := s.change(ctx, v, stepPersonal, func(_ context.Context, t *turn) (outcome, err error) {
		if t.Identity != typed {
			t.voidMatch()
		}
		t.Identity = typed
		return nil, nil
	})
	return err
}

// triesLeft is how many identities this registration may still try before the form closes.
func (r *Registration) triesLeft() int { return maxFailures - r.Failures }
