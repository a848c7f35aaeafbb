package members

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// ErrNoMatch is the only answer to a claim that does not match a member's card, whatever the cause (S-52).
var ErrNoMatch = errors.New("no member matches")

// NoMatchError is ErrNoMatch with what support may know about it: the names of the fields that differ, never their
// values. They are not disclosed to the claimant.
type NoMatchError struct{ Fields []string }

func (e *NoMatchError) Error() string        { return ErrNoMatch.Error() }
func (e *NoMatchError) Is(target error) bool { return target == ErrNoMatch }

// ErrUnknown is returned if no member has this ID.
var ErrUnknown = errors.New("no such member")

// ParseMemberNumber reads a number that a person typed or dictated, in the configured format. The error is ErrMemberNumber.
func (r *Roster) ParseMemberNumber(typed string) (string, error) {
	return r.deps.NumberFormat.ParseTyped(typed)
}

// WithZeros is NumberFormat.WithZeros of the configured format.
func (r *Roster) WithZeros(typed string) []string { return r.deps.NumberFormat.WithZeros(typed) }

// Match finds the member whose card the claim describes. It costs one round trip, one decryption and one comparison
// whether or not there is such a member (S-13). The caller decides what an Ended member may do. The error is a
// *NoMatchError, which is ErrNoMatch, or the database's.
func (r *Roster) Match(ctx context.Context, claim Claim) (Member, error) {
	number, parseErr := r.deps.NumberFormat.Parse(claim.MemberNumber)
	claim.MemberNumber = number
	row, findErr := r.store.byNumber(ctx, r.numberMACs(number))
	if findErr != nil && !errors.Is(findErr, ErrUnknown) {
		return Member{}, fmt.Errorf("matching roster: %w", findErr)
	}
	if findErr != nil {
		row = r.dummy
	}
	member, err := r.open(row)
	if err != nil {
		return Member{}, fmt.Errorf("matching roster: %w", err)
	}
	fields := member.differs(claim)
	if findErr != nil || parseErr != nil {
		fields = []string{FieldMemberNumber}
	}
	if len(fields) > 0 {
		return Member{}, &NoMatchError{fields}
	}
	return member, nil
}

// Member reads one member by ID. The error is ErrUnknown, or the database's.
func (r *Roster) Member(ctx context.Context, id uuid.UUID) (Member, error) {
	row, err := r.store.byID(ctx, id)
	if err != nil {
		return Member{}, fmt.Errorf("reading member: %w", err)
	}
	return r.open(row)
}

// MayRegister reports whether a member who was matched before is still on the roster, under that number.
func (r *Roster) MayRegister(ctx context.Context, id uuid.UUID) (bool, error) {
	member, err := r.Member(ctx, id)
	if errors.Is(err, ErrUnknown) {
		return false, nil
	}
	return err == nil && !member.Ended && member.MemberNumber != "", err
}

// Imported reports whether a file was ever applied.
func (r *Roster) Imported(ctx context.Context) (bool, error) {
	return r.store.imported(ctx)
}

// Find reads one member by number, for support staff. The error is ErrUnknown, or the database's.
func (r *Roster) Find(ctx context.Context, number string) (Member, error) {
	row, err := r.store.byNumber(ctx, r.numberMACs(number))
	if err != nil {
		return Member{}, fmt.Errorf("finding member: %w", err)
	}
	return r.open(row)
}
