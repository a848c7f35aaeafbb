package registration

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/templates"
)

// Choice is the form of the credentials page. The secrets are never kept as typed.
type Choice struct {
	Credentials
	Password, Answer string
}

// Longest values, in code points, of what is kept as typed.
const (
	usernameMax = 64
	emailMax    = 254
)

// checkChoice brings a choice into its one form, or says field by field what stands against it. A secret that is left out
// stays as it is, if r has one; an answer belongs to its question.
func checkChoice(r *Registration, c *Choice) problems {
	var p problems
	const key = "registration.credentials."
	username, err := accounts.CheckUsername(c.Username)
	if err != nil {
		p.addFlaw("username", key+"username_", err, nil)
	}
	address := checkEmail(&p, c)
	names := []string{r.Identity.FirstName, r.Identity.LastName, r.Identity.CardID}
	known := append(names, username, address)
	if c.Password != "" || r.PasswordHash == nil {
		if flaws := accounts.CheckPassword(c.Password, known...); len(flaws) > 0 {
			p.addFlaw("new_password", key+"password_", flaws[0], templates.Args{"min": accounts.PasswordMin})
		}
	}
	if !c.Unasked && !slices.Contains(accounts.Questions, c.Question) {
		p.add("question", key+"question_missing")
	}
	if c.Unasked {
		c.Question, c.Answer = "", ""
	} else if strings.TrimSpace(c.Answer) != "" || r.AnswerHash == nil || c.Question != r.Credentials.Answered {
		if err := accounts.CheckAnswer(c.Answer, c.Password, known...); err != nil {
			p.addFlaw("answer", key+"answer_", err, nil)
		}
	}
	if len(p) == 0 {
		c.Username, c.Email, c.EmailAgain, c.Address, c.Checked = username, address, address, address, true
	}
	return p
}

func checkEmail(p *problems, c *Choice) string {
	const key = "registration.credentials.email_"
	address, err := accounts.ParseEmail(c.Email)
	switch {
	case utf8.RuneCountInString(c.Email) > emailMax:
		p.add("email", "web.field.too_long", "max", emailMax)
	case err != nil:
		p.addFlaw("email", key, err, nil)
	default:
		again, err := accounts.ParseEmail(c.EmailAgain)
		if err != nil || !accounts.SameEmail(address, again) {
			p.add("email_again", key+"mismatch")
		}
	}
	return address
}

// addFlaw adds what accounts has against a value.
func (p *problems) addFlaw(field, prefix string, err error, args templates.Args) {
	*p = append(*p, accounts.Problem(field, prefix, err, args))
}

// SubmitCredentials stores a choice that checkChoice passed and mails a code, unless the address is proven or a code is
// still out to it. A username is not reserved. The error is a *resendError where the choice is stored and the code has to wait, a *movedError, errGone, errBusy or
// accounts.ErrBusy.
func (s *Service) SubmitCredentials(ctx context.Context, v Visit, r *Registration, c Choice) (*Registration, error) {
	var password, answer []byte // slow, so before the transaction
	var err error
	if c.Password != "" {
		if password, err = s.Accounts.HashPassword(ctx, r.AccountID, c.Password); err != nil {
			return nil, err
		}
	}
	if strings.TrimSpace(c.Answer) != "" {
		if answer, err = s.Accounts.HashAnswer(ctx, r.AccountID, c.Answer); err != nil {
			return nil, err
		}
	}
	return s.change(ctx, v, stepCredentials, func(ctx context.Context, t *turn) (outcome, err error) {
		if t.AccountID != r.AccountID || (password == nil && t.PasswordHash == nil) || (answer == nil && t.AnswerHash == nil && !c.Unasked) {
			return nil, errGone // begun anew in another tab
		}
		if wait := t.askName(c.Username); wait > 0 {
			return &namesError{wait}, nil
		}
		moved := !accounts.SameEmail(t.Credentials.Address, c.Address)
		if moved {
			t.ProvenAt = noTime
			t.voidCode()
		}
		c.Answered = t.Credentials.Answered
		t.Credentials = c.Credentials
		if password != nil {
			t.PasswordHash = password
		}
		if c.Unasked {
			t.AnswerHash, t.Credentials.Answered = nil, ""
		}
		if answer != nil {
			t.AnswerHash, t.Credentials.Answered = answer, c.Question
		}
		if !t.ProvenAt.IsZero() || t.codeOut() && s.codeMailed(t) == (t.HolderID == uuid.Nil) {
			return nil, nil
		}
		if !moved && t.now.Before(t.CodeSentAt.Add(accounts.MailGap.Per)) {
			return nil, nil // the page of the code says when to ask again
		}
		err = s.mailCode(ctx, t)
		if later, ok := errors.AsType[*resendError](err); ok { // what was typed passed and is kept: the page of the code tells
			return later, nil
		}
		return nil, err
	})
}

// KeepCredentials stores what was typed, secrets apart, while the member goes back to the card: the match is void. What
// has not passed must be submitted again.
func (s *Service) KeepCredentials(ctx context.Context, v Visit, typed Credentials) error {
	_, err := s.change(ctx, v, stepCredentials, func(_ context.Context, t *turn) (outcome, err error) {
		t.voidMatch()
		t.typed(typed)
		return nil, nil
	})
	return err
}

// typed replaces what was typed before; other words have not passed.
func (r *Registration) typed(now Credentials) {
	was := r.Credentials
	now.Address, now.Answered, now.Checked = was.Address, was.Answered, was.Checked
	now.Checked = now == was && was.Checked
	r.Credentials = now
}

// LoadForCredentials is Load; taken says whether somebody has the username, and free are others like it.
func (s *Service) LoadForCredentials(ctx context.Context, v Visit, username string) (r *Registration, taken bool, free []string, err error) {
	r, err = s.Load(ctx, v, func(b *pgx.Batch) {
		s.Accounts.QueueTaken(b, username, &taken)
		s.Accounts.QueueSuggestions(b, username, &free)
	})
	return r, taken, free, err
}

// KeepRefused stores what was typed and did not pass, secrets apart, so that a reload or another language does not lose it,
// unless another request has changed the registration since it was read. The error is a *namesError, and those of change.
func (s *Service) KeepRefused(ctx context.Context, v Visit, r *Registration, typed Credentials) error {
	_, err := s.change(ctx, v, stepCredentials, func(_ context.Context, t *turn) (outcome, err error) {
		wait := t.askName(typed.Username)
		if wait > 0 {
			typed.Username = t.Credentials.Username
		}
		if t.TouchedAt.Equal(r.TouchedAt) {
			t.typed(typed)
		}
		if wait > 0 {
			return &namesError{wait}, nil
		}
		return nil, nil
	})
	return err
}

// With one valid card nobody lists usernames: so many are told apart in a time within one registration (S-52).
const (
	namesMost = 20
	namesPer  = time.Hour
)

// askName counts a username that is not the one of before, on the locked row, before anything is told of it. wait is how long
// until another may be asked for, 0 if this one may.
func (t *turn) askName(typed string) (wait time.Duration) {
	name, err := accounts.CheckUsername(typed)
	if err != nil {
		return 0
	}
	if before, err := accounts.CheckUsername(t.Credentials.Username); err == nil && before == name {
		return 0
	}
	if end := t.NamesSince.Add(namesPer); !t.now.Before(end) {
		t.NamesAsked, t.NamesSince = 0, t.now
	} else if t.NamesAsked >= namesMost {
		return end.Sub(t.now)
	}
	t.NamesAsked++
	return 0
}
