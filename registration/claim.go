package registration

import (
	"context"
	"crypto/hmac"
	"errors"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
)

// Errors of somebody who says that a registration is theirs.
var (
	errOtherCard = errors.New("registration: not the number of its card")
	errErased    = errors.New("registration: erased after three numbers that are not its card's")
)

// GoOn continues the registration that was begun in this browser, at its current step. Whoever says that it is theirs
// types the number of the matched card; until then nothing of the registration is shown, and three wrong numbers erase
// it. If no card was matched, there is nothing to compare with: what was typed of the card is cleared, and no number is
// needed. number is a member number, or "". The error is errOtherCard, errErased, a *movedError, errGone or errBusy.
func (s *Service) GoOn(ctx context.Context, v Visit, number string) (*Registration, error) {
	v.Another = false
	return s.change(ctx, v, stepAgreement, func(_ context.Context, t *turn) (outcome, err error) {
		t.Veiled = true
		if !t.matched() {
			t.Identity = Identity{}
			return nil, nil
		}
		card, err := s.Roster.ParseMemberNumber(t.Identity.CardID)
		if err != nil {
			return nil, err // it was matched
		}
		if hmac.Equal([]byte(number), []byte(card)) {
			t.Failures, t.Refused = 0, nil
			return nil, nil
		}
		typed := s.Keyring.MAC(seal.Index, []byte("claimed card"), t.ID[:], []byte(number))
		if hmac.Equal(t.Refused, typed) { // a double click or a reload does not count as a second mistake
			return errOtherCard, nil
		}
		t.Refused = typed
		t.Failures++
		t.record(audit.IdentityRefused, "other_card")
		if t.Failures < maxFailures {
			return errOtherCard, nil
		}
		left := v.event(t.Registration, audit.RegistrationLeft, t.now, "")
		left.Reason = "other_cards"
		t.events = append(t.events, left)
		s.store.queueRemove(t.batch, t.ID)
		return errErased, nil
	})
}
