package accounts

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
)

// Status says whether an account may be used.
type Status string

const (
	Active    Status = "active"
	Disabled  Status = "disabled"  // by staff
	Protected Status = "protected" // by its owner: the old password is void until recovery sets another
)

// Account is what a member signs in with.
type Account struct {
	ID                   uuid.UUID
	Subject              string // the random sub of the programme's own apps (S-42)
	Username             string // canonical, see CheckUsername
	Email                string // as ParseEmail returns it
	EmailProven          bool   // by the member; not yet of one that support has set
	Language             string
	MemberID             uuid.UUID // on the roster; uuid.Nil for a person of the support desk
	Status               Status
	CreatedAt, UpdatedAt time.Time
	LastSignInAt         time.Time // zero before the first
	CredentialsChangedAt time.Time // what was issued or known before is void
	ClosesAt             time.Time // its member is closing it, unless they sign in before; zero if not
	ClosedAt             time.Time // it is closed for good, and little of it is left; zero if not
	Factors              Factors   // set only by Authenticate and Pending; see Service.Factors
}

// Acceptance is a text that the member agreed to.
type Acceptance struct {
	Version  string
	Language string
	TextHash []byte // SHA-256 of the text as shown
	At       time.Time
}

// NewAccount is a completed registration. ID was chosen when it began, so that the hashes could be bound to it.
type NewAccount struct {
	ID            uuid.UUID
	Username      string // canonical
	Email         string // parsed and proven
	Language      string
	MemberID      uuid.UUID
	PasswordHash  []byte // of HashPassword for this ID
	Question      string // key of the bank; "" where questions are switched off
	AnswerHash    []byte // of HashAnswer for this ID
	Agreement     Acceptance
	Certification Acceptance
}

// QueueCreate adds the account with its question, acceptances and audit rows to a batch that is sent in the transaction
// of ctx. Refused interprets its failure: ErrUsernameTaken, ErrMemberHasAccount or ErrExists.
func (s *Service) QueueCreate(ctx context.Context, b *pgx.Batch, n NewAccount) (Account, error) {
	username, err := CheckUsername(n.Username)
	if err != nil {
		return Account{}, fmt.Errorf("creating an account: %w", err)
	}
	email, err := ParseEmail(n.Email)
	if err != nil {
		return Account{}, fmt.Errorf("creating an account: %w", err)
	}
	now := s.now()
	account := Account{
		ID: n.ID, Subject: rand.Text(), Username: username, Email: email, EmailProven: true, Language: n.Language, MemberID: n.MemberID,
		Status: Active, CreatedAt: now, UpdatedAt: now, CredentialsChangedAt: now,
	}
	id, secrets := n.ID.String(), []secret{passwordSecret(n.ID, n.PasswordHash)}
	if n.Question != "" {
		secrets = append(secrets, answerSecret(n.ID, n.AnswerHash))
	}
	marked, err := s.markOf(nil, secrets...)
	if err != nil {
		return Account{}, err
	}
	s.store.create(b, account, n)
	s.audit.Queue(ctx, b,
		audit.Event{Kind: audit.AccountCreated, At: now, AccountID: id, Success: true, Data: marked},
		audit.Event{Kind: audit.AgreementAccepted, At: n.Agreement.At, AccountID: id, Success: true, Data: n.Agreement.words()},
		audit.Event{Kind: audit.Certified, At: n.Certification.At, AccountID: id, Success: true, Data: n.Certification.words()})
	return account, nil
}

func (a Acceptance) words() map[string]string {
	return map[string]string{"version": a.Version, "language": a.Language}
}

// Get reads an account. The error is ErrNotFound, or the database's.
func (s *Service) Get(ctx context.Context, id uuid.UUID) (Account, error) {
	return s.store.account(ctx, "id = $1", id)
}

// ByUsername reads the account of a username as typed at sign-in. The error is ErrNotFound, also for an account that is
// closed for good, or the database's.
func (s *Service) ByUsername(ctx context.Context, typed string) (Account, error) {
	return s.store.account(ctx, "closed_at is null and a.username = $1", signInName(typed))
}

// ByMember reads the account of a member of the roster. The error is ErrNotFound, or the database's.
func (s *Service) ByMember(ctx context.Context, memberID uuid.UUID) (Account, error) {
	return s.store.account(ctx, "member_id = $1", memberID)
}

// IDByMember returns the ID of the account of a member of the roster, zero if there is none. Both answers cost the same
// (S-13).
func (s *Service) IDByMember(ctx context.Context, memberID uuid.UUID) (id uuid.UUID, err error) {
	err = s.store.db.From(ctx).QueryRow(ctx, `
		select coalesce((select id from accounts where member_id = $1), '00000000-0000-0000-0000-000000000000')`, memberID).Scan(&id)
	return id, err
}

// IDByUsername returns the ID of the account that signs in with a name as typed, zero if there is none. Both answers cost the
// same (S-13).
func (s *Service) IDByUsername(ctx context.Context, typed string) (id uuid.UUID, err error) {
	err = s.store.db.From(ctx).QueryRow(ctx, `
		select coalesce((select id from accounts where closed_at is null and username = $1), '00000000-0000-0000-0000-000000000000')`, signInName(typed)).Scan(&id)
	return id, err
}

// QueueGet is Get for a batch that is sent later. If there is no account, account is left as it is.
func (s *Service) QueueGet(b *pgx.Batch, id uuid.UUID, account *Account) {
	s.store.queueAccount(b, id, account)
}

// AtSignIn is what is examined once a member has signed in.
type AtSignIn struct {
	Agreement string // newest version that the account has accepted, "" if none
	Question  bool   // it has no secret question, and none was asked for recently
	Passkey   bool   // it has no passkey, and none was ever offered
}

// questionAgain is how long a member without a question is left alone after being asked for one.
const questionAgain = 30 * 24 * time.Hour

// AtSignIn reads it in one round trip.
func (s *Service) AtSignIn(ctx context.Context, id uuid.UUID) (AtSignIn, error) {
	return s.store.atSignIn(ctx, id, s.now().Add(-questionAgain))
}

// QuestionAsked records that a sign-in asked for the question.
func (s *Service) QuestionAsked(ctx context.Context, id uuid.UUID) error {
	_, err := s.db.From(ctx).Exec(ctx, `update accounts set question_asked_at = $2 where id = $1`, id, s.now())
	return err
}

// PasskeyOffered records that a sign-in offered a passkey.
func (s *Service) PasskeyOffered(ctx context.Context, id uuid.UUID) error {
	_, err := s.db.From(ctx).Exec(ctx, `update accounts set passkey_offered_at = $2 where id = $1`, id, s.now())
	return err
}

// UsernameTaken reports whether somebody has the username, or one that differs by accents alone. An invalid username is not taken.
func (s *Service) UsernameTaken(ctx context.Context, name string) (bool, error) {
	b, taken := &pgx.Batch{}, false
	if s.QueueTaken(b, name, &taken); b.Len() == 0 {
		return false, nil
	}
	err := s.store.run(ctx, b)
	return taken, err
}

// QueueTaken is UsernameTaken for a batch that is sent later.
func (s *Service) QueueTaken(b *pgx.Batch, name string, taken *bool) {
	if canonical, err := CheckUsername(name); err == nil {
		s.store.queueTaken(b, canonical, taken)
	}
}

// suggestions is the number of free usernames that are offered.
const suggestions = 3

// SuggestUsernames returns up to three free usernames similar to name, in one round trip.
func (s *Service) SuggestUsernames(ctx context.Context, name string) (free []string, err error) {
	b := &pgx.Batch{}
	s.QueueSuggestions(b, name, &free)
	if b.Len() == 0 {
		return nil, nil
	}
	return free, s.store.run(ctx, b)
}

// QueueSuggestions is SuggestUsernames for a batch that is sent later.
func (s *Service) QueueSuggestions(b *pgx.Batch, name string, free *[]string) {
	canonical, err := CheckUsername(name)
	if err != nil {
		return
	}
	if runes := []rune(canonical); len(runes) > usernameMax-4 {
		canonical = string(runes[:usernameMax-4])
	}
	var candidates []string
	for _, digits := range []int{2, 2, 3, 3, 4, 4, 4} {
		candidates = append(candidates, canonical+randomDigits(digits))
	}
	s.store.queueFree(b, candidates, suggestions, free)
}

// randomDigits does not start with zero, which would be hard to remember.
func randomDigits(n int) string {
	low, span := 1, 9
	for range n - 1 {
		low, span = low*10, span*10
	}
	var b [8]byte
	rand.Read(b[:])
	v := 0
	for _, x := range b {
		v = (v*256 + int(x)) % span
	}
	return strconv.Itoa(low + v)
}
