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
	"huskyidp/internal/ratelimit"
	"huskyidp/templates"
)

// Choice is the form of the credentials page.
type Choice struct {
	Credentials
	Secrets
}

// Secrets are those of the form, "" for none. They are never kept as typed.
type Secrets struct{ Password, Answer string }

// good are those that nothing is wrong with. An answer belongs to its question.
func (s Secrets) good(wrong problems) Secrets {
	for _, p := range wrong {
		switch p.Field {
		case "new_password":
			s.Password = ""
		case "question", "answer":
			s.Answer = ""
		}
	}
	return s
}

// Maximum lengths, in code points, of what is stored as typed.
const (
	usernameMax = 64
	emailMax    = 254
)

// checkChoice normalizes a choice, or reports what is wrong with it field by field. A secret that is left out stays as
// it is if r has one; an answer belongs to its question.
func checkChoice(r *Registration, c *Choice) problems {
	var p problems
	const key = "registration.credentials."
	username, err := accounts.CheckNewUsername(c.Username)
	if err != nil {
		p.addFlaw("username", key+"username_", err, nil)
	}
	address := checkEmail(&p, c)
	names := []string{r.Identity.FirstName, r.Identity.LastName, r.Identity.CardID}
	known := append(names, username, address)
	if c.Password != "" || r.PasswordHash == nil {
		if flaws := accounts.CheckPassword(c.Password, known...); len(flaws) > 0 {
			p = append(p, accounts.PasswordProblem(flaws))
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

// addFlaw adds what accounts finds wrong with a value.
func (p *problems) addFlaw(field, prefix string, err error, args templates.Args) {
	*p = append(*p, accounts.Problem(field, prefix, err, args))
}

// SubmitCredentials stores a choice that passed checkChoice and mails a code, unless the address is proven or has a
// valid code. A username is not reserved. The error is a *resendError if the choice is stored and the code has to wait,
// a *movedError, errGone, errBusy or accounts.ErrBusy.
func (s *Service) SubmitCredentials(ctx context.Context, v Visit, r *Registration, c Choice) (*Registration, error) {
	password, answer, err := s.Accounts.HashSecrets(ctx, r.AccountID, c.Password, c.Answer) // slow, so before the transaction
	if err != nil {
		return nil, err
	}
	var names error
	return s.changeWith(ctx, v, stepCredentials, s.askName(v, r, c.Username, &names), func(ctx context.Context, t *turn) (outcome, err error) {
		if t.AccountID != r.AccountID || t.MemberID != r.MemberID || (password == nil && t.PasswordHash == nil) || (answer == nil && t.AnswerHash == nil && !c.Unasked) {
			return nil, errGone // restarted in another tab
		}
		if names != nil {
			return names, nil
		}
		moved := !accounts.SameEmail(t.Credentials.Address, c.Address)
		c.Doubted = moved && accounts.LikelyEmail(c.Address) != "" // typed again, it is meant
		if moved {
			t.ProvenAt, t.CodeSentAt = noTime, noTime
			t.voidCode()
		}
		c.Answered = t.Credentials.Answered
		t.Credentials = c.Credentials
		t.Credentials.For = t.MemberID
		if c.Unasked {
			t.AnswerHash, t.Credentials.Answered = nil, ""
		}
		t.keepSecrets(password, answer)
		if c.Doubted {
			return nil, nil
		}
		if !t.ProvenAt.IsZero() || t.codeOut() && s.codeMailed(t) == (t.HolderID == uuid.Nil) {
			return nil, nil
		}
		if left := t.CodeSentAt.Add(accounts.MailGap.Per).Sub(t.now); !moved && left > 0 {
			return &resendError{wait: left}, nil
		}
		err = s.mailCode(ctx, t)
		if later, ok := errors.AsType[*resendError](err); ok { // the choice is stored, and the code page says when the code comes
			return later, nil
		}
		return nil, err
	})
}

// keepSecrets replaces the hashes that are not nil; the answer is one to the question that is chosen.
func (r *Registration) keepSecrets(password, answer []byte) {
	if password != nil {
		r.PasswordHash = password
	}
	if answer != nil {
		r.AnswerHash, r.Credentials.Answered = answer, r.Credentials.Question
	}
}

// KeepCredentials stores what was typed, except for secrets, while the member returns to the card: the match is void.
// What has not been checked must be submitted again.
func (s *Service) KeepCredentials(ctx context.Context, v Visit, typed Credentials) error {
	_, err := s.change(ctx, v, stepCredentials, func(_ context.Context, t *turn) (outcome, err error) {
		t.typed(typed)
		t.voidMatch()
		return nil, nil
	})
	return err
}

// typed replaces what was typed before. Changed values have to be checked again.
func (r *Registration) typed(now Credentials) {
	was := r.Credentials
	now.Address, now.Doubted, now.Answered, now.Checked, now.For = was.Address, was.Doubted, was.Answered, was.Checked, r.MemberID
	now.Checked = now == was && was.Checked
	r.Credentials = now
}

// LoadForCredentials is Load; taken reports whether the username belongs to somebody else, and free are similar ones.
func (s *Service) LoadForCredentials(ctx context.Context, v Visit, username string) (r *Registration, taken bool, free []string, err error) {
	r, err = s.Load(ctx, v, func(b *pgx.Batch) {
		s.Accounts.QueueTaken(b, username, &taken)
		s.Accounts.QueueSuggestions(b, username, &free)
	})
	return r, taken, free, err
}

// KeepRefused stores a form that was refused, with the secrets that nothing was wrong with, so that they need not be typed
// again, unless another request has changed the registration since it was read. Of a busy service it stores no secrets. The
// error is a *ratelimit.Exceeded, or one of change; with the former the registration is returned too.
func (s *Service) KeepRefused(ctx context.Context, v Visit, r *Registration, typed Credentials, good Secrets) (*Registration, error) {
	password, answer, err := s.Accounts.HashSecrets(ctx, r.AccountID, good.Password, good.Answer)
	if err != nil && !errors.Is(err, accounts.ErrBusy) {
		return r, err
	}
	var names error
	return s.changeWith(ctx, v, stepCredentials, s.askName(v, r, typed.Username, &names), func(_ context.Context, t *turn) (outcome, err error) {
		if names != nil {
			typed.Username = t.Credentials.Username
		}
		if t.TouchedAt.Equal(r.TouchedAt) {
			t.typed(typed)
			t.keepSecrets(password, answer)
		}
		return names, nil
	})
}

// The owner of one valid card lists no usernames (S-52), not even by restarting the registration or from many sources: 20 an hour from
// a network, 100 in all. Who has a relative's card uses up their own (S-14).
var (
	namesLimit = ratelimit.Limit{Name: "registration_names", Count: 20, Per: time.Hour}
	namesShare = accounts.Share{
		First:  ratelimit.Limit{Name: "registration_names_first", Count: 3, Per: time.Hour},
		Firsts: ratelimit.Limit{Name: "registration_names_firsts", Count: 60, Per: time.Hour},
		More:   ratelimit.Limit{Name: "registration_names_more", Count: 40, Per: time.Hour},
	}
)

// askName counts a username for the member of a registration if it differs from the last one, before the answer is
// known. outcome is nil or a *ratelimit.Exceeded.
func (s *Service) askName(v Visit, r *Registration, typed string, outcome *error) func(*pgx.Batch, time.Time) {
	return func(b *pgx.Batch, now time.Time) {
		name, err := accounts.CheckUsername(typed)
		if err != nil {
			return
		}
		if before, err := accounts.CheckUsername(r.Credentials.Username); err != nil || before != name {
			card, network := r.MemberID.String(), accounts.Network(v.Source)
			namesShare.Queue(s.Limiter, b, outcome, now, network, []string{card}, ratelimit.Ask{Limit: namesLimit, Key: network + " " + card})
		}
	}
}
