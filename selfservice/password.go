package selfservice

import (
	"context"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// passwordPage asks for the current password and another.
type passwordPage struct {
	Username  string
	MinLength int
}

func (h *Handler) showPassword(c *gin.Context) error {
	session, ok, err := h.RequireFresh(c, accounts.Fresh)
	if !ok {
		return err
	}
	return h.page(c, http.StatusOK, "password", session, passwordPage{session.Username, accounts.PasswordMin})
}

func (h *Handler) changePassword(c *gin.Context) error {
	if done, err := h.changedAgain(c); done || err != nil {
		return err
	}
	session, ok, err := h.RequireFresh(c, accounts.Fresh)
	if !ok {
		return err
	}
	ctx := c.Request.Context()
	current, wanted := web.Form(c).Get("password"), web.Form(c).Get("new_password")
	account, err := h.service.Get(ctx, session.AccountID)
	if err != nil {
		return err
	}
	known, err := h.known(c, account)
	if err != nil {
		return err
	}
	var problems []templates.Problem
	if current == "" {
		problems = append(problems, templates.Problem{Field: "password", Key: "provider.login.password_missing"})
	}
	if flaws := accounts.CheckPassword(wanted, known...); len(flaws) > 0 {
		problems = append(problems, accounts.PasswordProblem(flaws))
	}
	status := http.StatusUnprocessableEntity
	if len(problems) == 0 {
		alsoEnd := func(ctx context.Context) (err error) {
			if h.apps != nil {
				err = h.apps.StopWatched(ctx, account)
			}
			if err == nil && h.emails != nil {
				err = h.emails.StopOwn(ctx, session.AccountID)
			}
			return err
		}
		err := h.service.ChangePassword(ctx, accounts.PasswordChange{PasswordProof: h.passwordProof(c, session), New: wanted, AlsoEnd: alsoEnd})
		switch {
		case err == nil, errors.Is(err, accounts.ErrJustChanged):
			return h.passwordChanged(c, session, account)
		case errors.Is(err, accounts.ErrSamePassword):
			problems = append(problems, templates.Problem{Field: "new_password", Key: "recovery.new_password.same"})
		default:
			refused, problem, ok := proofProblem(err)
			if !ok {
				return err
			}
			status, problems = refused, append(problems, problem)
		}
	}
	return h.page(c, status, "password", session, passwordPage{session.Username, accounts.PasswordMin}, web.WithProblems(problems...))
}

// changedAgain answers the form that has just changed the password and is sent again, as the answer with the session's new
// token was lost: the new password proves who sends it.
func (h *Handler) changedAgain(c *gin.Context) (done bool, err error) {
	if _, current, err := h.Lookup(c); current || err != nil {
		return false, err
	}
	return h.again(c, func(session accounts.Session) (bool, error) {
		just, err := h.service.JustChanged(c.Request.Context(), accounts.PasswordChange{PasswordProof: h.passwordProof(c, session), New: web.Form(c).Get("new_password")})
		if _, _, refused := proofProblem(err); refused {
			return false, nil
		}
		return just, err
	}, func(session accounts.Session) error {
		account, err := h.service.Get(c.Request.Context(), session.AccountID)
		if err != nil {
			return err
		}
		return h.passwordChanged(c, session, account)
	})
}

// passwordChanged continues after a change of the password, also where its form came twice; account is as it was before.
func (h *Handler) passwordChanged(c *gin.Context, session accounts.Session, account accounts.Account) error {
	if err := h.staySignedIn(c, session, account); err != nil {
		return err
	}
	note := "password"
	if h.emails != nil {
		changed, err := h.service.Get(c.Request.Context(), session.AccountID)
		if err != nil {
			return err
		}
		stopped, err := h.emails.StoppedOwn(c.Request.Context(), session.AccountID, changed.CredentialsChangedAt)
		if err != nil {
			return err
		}
		if stopped {
			note = "password_stopped"
		}
	}
	return h.back(c, "/account", note)
}

// passwordProof reads the current password from a form.
func (h *Handler) passwordProof(c *gin.Context, session accounts.Session) accounts.PasswordProof {
	return accounts.PasswordProof{Session: session, Current: web.Form(c).Get("password"), Source: web.Source(c), Device: h.web.Cookie(c, web.DeviceCookie), Browser: web.Browser(c)}
}

// provePassword checks the current password of a form that changes no secret; status is 0 if it is right.
func (h *Handler) provePassword(c *gin.Context, session accounts.Session) (status int, problem templates.Problem, err error) {
	proof := h.passwordProof(c, session)
	if proof.Current == "" {
		return http.StatusUnprocessableEntity, templates.Problem{Field: "password", Key: "provider.login.password_missing"}, nil
	}
	if err = h.service.ProvePassword(c.Request.Context(), proof); err == nil {
		return 0, problem, nil
	}
	status, problem, ok := proofProblem(err)
	if !ok {
		return 0, problem, err
	}
	return status, problem, nil
}

// proofProblem returns the message if the current password was not proven; ok is false for other errors.
func proofProblem(err error) (status int, problem templates.Problem, ok bool) {
	if errors.Is(err, accounts.ErrWrongCredentials) {
		return http.StatusUnprocessableEntity, templates.Problem{Field: "password", Key: "accounts.password.current_wrong"}, true
	}
	if wait, waits := errors.AsType[*accounts.WaitError](err); waits {
		return http.StatusTooManyRequests, templates.Problem{Key: "provider.login.wait", Args: templates.Args{"time": wait.RetryAfter()}}, true
	}
	problem, ok = web.Busy(err)
	return http.StatusServiceUnavailable, problem, ok
}

// known returns the member's details, which neither a password nor an answer may contain.
func (h *Handler) known(c *gin.Context, account accounts.Account) ([]string, error) {
	card, err := h.card(c, account.MemberID)
	return []string{account.Username, account.Email, card.Name(), card.MemberNumber}, err
}
