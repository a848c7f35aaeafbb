package registration

import (
	"errors"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// credentialsPage asks for the credentials.
type credentialsPage struct {
	Username, Email, EmailAgain, Question string
	Questions, Suggestions                []string
	KeptPassword, KeptAnswer              bool // they are set, and may stay
	MinLength                             int
}

func (h *Handler) newCredentialsPage(c Credentials, r *Registration) credentialsPage {
	page := credentialsPage{
		Username: c.Username, Email: c.Email, EmailAgain: c.EmailAgain, Question: c.Question, Questions: accounts.Questions,
		KeptPassword: r.PasswordHash != nil, KeptAnswer: r.AnswerHash != nil && r.Credentials.Answered == c.Question, MinLength: accounts.PasswordMin,
	}
	if h.service.NoQuestions {
		page.Questions = nil
	}
	return page
}

func (h *Handler) showCredentials(c *gin.Context) error {
	r, err := h.at(c, stepCredentials)
	if err != nil {
		return err
	}
	page := h.newCredentialsPage(r.Credentials, r)
	if r.Credentials.Username == "" || r.Credentials.Checked {
		return h.page(c, http.StatusOK, "registration/credentials", page, person(r))
	}
	taken, err := h.service.Accounts.UsernameTaken(c.Request.Context(), r.Credentials.Username)
	if err != nil {
		return err
	}
	if taken { // since it was chosen, because somebody else finished first
		if page.Suggestions, err = h.service.Accounts.SuggestUsernames(c.Request.Context(), page.Username); err != nil {
			return err
		}
		return h.usernameTaken(c, http.StatusOK, r, page, nil)
	}
	return h.page(c, http.StatusOK, "registration/credentials", page, person(r))
}

// usernameTaken shows the page with other usernames that are free.
func (h *Handler) usernameTaken(c *gin.Context, status int, r *Registration, page credentialsPage, wrong problems) error {
	taken := problems{}
	taken.add("username", "registration.credentials.username_taken")
	return h.refused(c, status, "registration/credentials", page, append(taken, wrong...), person(r))
}

func (h *Handler) submitCredentials(c *gin.Context) error {
	ctx, v, form := c.Request.Context(), h.visit(c), web.Form(c)
	choice := Choice{
		Credentials: Credentials{
			Username: form.Get("username"), Email: form.Get("email"), EmailAgain: form.Get("email_again"), Question: form.Get("question"), Unasked: h.service.NoQuestions,
		},
		Secrets: Secrets{Password: form.Get("new_password"), Answer: form.Get("answer")},
	}
	switch act(c, "next") {
	case "leave":
		return h.leave(c, "left", "")
	case "previous":
		if err := h.service.KeepCredentials(ctx, v, choice.Credentials.clipped()); err != nil {
			return err
		}
		h.keep(c)
		return web.SeeOther(c, withFlow(stepPersonal.Path, v.Flow))
	}
	r, taken, free, err := h.service.LoadForCredentials(ctx, v, choice.Username)
	if err != nil {
		return err
	}
	if now := h.service.Now(); !open(r, stepCredentials, now) {
		return &movedError{next(r, now)}
	}
	typed := choice.Credentials
	wrong := checkChoice(r, &choice)
	if len(wrong) == 0 && !taken {
		var submitted *Registration
		if submitted, err = h.service.SubmitCredentials(ctx, v, r, choice); err == nil {
			h.keep(c)
			return web.SeeOther(c, withFlow(next(submitted, h.service.Now()), v.Flow))
		}
		if later, ok := errors.AsType[*resendError](err); ok {
			h.keep(c)
			return web.SeeOther(c, noted(stepCode.Path, v.Flow, later.note()))
		}
	} else {
		var kept *Registration
		if kept, err = h.service.KeepRefused(ctx, v, r, typed.clipped(), choice.good(wrong)); kept != nil {
			r = kept
		}
	}
	page := h.newCredentialsPage(typed, r)
	if names, ok := errors.AsType[*ratelimit.Exceeded](err); ok { // this does not reveal whether the username is taken
		wrong = slices.DeleteFunc(wrong, func(p templates.Problem) bool { return p.Field == "username" })
		wrong.add("username", "registration.credentials.username_wait", "time", names.RetryAfter())
		return h.refused(c, http.StatusTooManyRequests, "registration/credentials", page, wrong, person(r))
	}
	if busy, ok := web.Busy(err); ok {
		return h.refused(c, http.StatusServiceUnavailable, "registration/credentials", page, problems{busy}, person(r))
	}
	if err != nil {
		return err
	}
	if taken {
		page.Suggestions = free
		return h.usernameTaken(c, http.StatusUnprocessableEntity, r, page, wrong)
	}
	return h.refused(c, http.StatusUnprocessableEntity, "registration/credentials", page, wrong, person(r))
}

// clipped bounds a form that was not checked.
func (c Credentials) clipped() Credentials {
	c.Username, c.Email, c.EmailAgain = web.Clip(c.Username, usernameMax), web.Clip(c.Email, emailMax), web.Clip(c.EmailAgain, emailMax)
	if !slices.Contains(accounts.Questions, c.Question) {
		c.Question = ""
	}
	return c
}

// key is the sentence that says when the next code can be requested.
func (e *resendError) key() string {
	if e.limit {
		return "registration.code.resend_limit"
	}
	return "registration.code.resend_wait"
}

// note is the sentence on the code page if no code could be sent.
func (e *resendError) note() string {
	if e.limit {
		return "later_limit"
	}
	return "later_wait"
}
