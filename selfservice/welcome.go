package selfservice

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// welcomeFresh is longer than a code is valid: a mailbox may be slow.
const welcomeFresh = 20 * time.Minute

// welcomeCodePage asks for the code that proves the address.
type welcomeCodePage struct {
	Address string
	Out     bool // a code can be typed
}

// welcomePage asks for what else registration would have.
type welcomePage struct {
	Username  string
	Questions []string // empty: none is required
	Question  string
	Password  bool // a new one is required
	MinLength int  // of it
}

// welcomed returns whose account is to be completed. done means that the response is written.
func (h *Handler) welcomed(c *gin.Context) (session accounts.Session, d accounts.Due, done bool, err error) {
	session, ok, err := h.RequireFresh(c, welcomeFresh)
	if !ok {
		return session, d, true, err
	}
	d, err = h.service.Due(c.Request.Context(), session.AccountID, !h.noQuestions)
	switch {
	case err != nil:
	case d.Settled:
		err = h.welcomeDone(c, false)
	case d.Agreement:
		err = web.SeeOther(c, withFlow("/login/agreement", web.Flow(c)))
	case d.Address || d.Question || d.Password:
		return session, d, false, nil
	default:
		if err = h.service.Settle(c.Request.Context(), accounts.Settlement{Session: session}); err == nil {
			err = h.welcomeDone(c, true)
		}
	}
	return session, d, true, err
}

// welcomeDone redirects to the app or the page of ours that waits.
func (h *Handler) welcomeDone(c *gin.Context, now bool) error {
	switch back := accounts.ReturnPath(c.Query("return")); {
	case web.Flow(c) != "" && h.resume != nil:
		return web.SeeOther(c, h.resume(web.Flow(c)))
	case back != "":
		return web.SeeOther(c, back)
	case now:
		return h.back(c, "/account", "welcome")
	}
	return web.SeeOther(c, "/account")
}

func (h *Handler) showWelcome(c *gin.Context) error {
	session, d, done, err := h.welcomed(c)
	if done {
		return err
	}
	if d.Address {
		return h.welcomeCode(c, session, http.StatusOK)
	}
	return h.welcomeForm(c, session, d, http.StatusOK, "")
}

func (h *Handler) welcomeCode(c *gin.Context, session accounts.Session, status int, problems ...templates.Problem) error {
	account, err := h.service.Get(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	out, left, err := h.service.WelcomeProofSent(c.Request.Context(), account, session.SID)
	if err != nil {
		return err
	}
	opts := []web.PageOption{web.SignedIn(session.Username), web.WithProblems(problems...), web.TriesLeft("registration.code.wrong", left)}
	if c.Query("note") == "resent" && h.web.JustDone(c) {
		opts = append(opts, web.WithNotice("ok", "registration.code.resent", nil))
	}
	return h.web.Page(c, status, "accounts/welcome_code", welcomeCodePage{account.Email, out}, opts...)
}

func (h *Handler) welcomeForm(c *gin.Context, session accounts.Session, d accounts.Due, status int, question string, problems ...templates.Problem) error {
	page := welcomePage{Username: session.Username, Question: question, Password: d.Password, MinLength: accounts.PasswordMin}
	if d.Question {
		page.Questions = accounts.Questions
	}
	return h.web.Page(c, status, "accounts/welcome", page, web.SignedIn(session.Username), web.WithProblems(problems...))
}

func (h *Handler) submitWelcome(c *gin.Context) error {
	session, d, done, err := h.welcomed(c)
	switch {
	case done:
		return err
	case web.Form(c).Get("act") == "send" && d.Address:
		return h.sendWelcome(c, session)
	case d.Address:
		return h.proveWelcome(c, session)
	case web.Form(c).Has("code"): // of the step before: a second press
		return web.SeeOther(c, c.Request.URL.RequestURI())
	}
	return h.completeWelcome(c, session, d)
}

func (h *Handler) sendWelcome(c *gin.Context, session accounts.Session) error {
	account, err := h.service.Get(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	again, _, err := h.service.WelcomeProofSent(c.Request.Context(), account, session.SID)
	if err != nil {
		return err
	}
	err = h.service.StartWelcomeProof(c.Request.Context(), account, session.SID)
	if limit, ok := errors.AsType[*ratelimit.Exceeded](err); ok {
		return h.welcomeCode(c, session, http.StatusTooManyRequests, codeWait(limit))
	}
	if err != nil {
		return err
	}
	if !again {
		return web.SeeOther(c, c.Request.URL.RequestURI())
	}
	query := c.Request.URL.Query()
	query.Set("note", "resent")
	return h.web.SeeDone(c, accounts.WelcomePath+"?"+query.Encode())
}

func (h *Handler) proveWelcome(c *gin.Context, session accounts.Session) error {
	typed := web.Form(c).Get("code")
	left, err := h.service.ProveEmail(c.Request.Context(), session.AccountID, session.SID, typed, func(ctx context.Context, _ string) error {
		return h.service.SettleAddress(ctx, session)
	})
	if err == nil {
		return web.SeeOther(c, c.Request.URL.RequestURI())
	}
	problem := templates.Problem{Field: "code", Key: "registration.code.format"}
	switch {
	case errors.Is(err, accounts.ErrCodeFormat) && strings.TrimSpace(typed) == "":
		problem.Key = "registration.code.missing"
	case errors.Is(err, accounts.ErrCodeFormat):
	case errors.Is(err, accounts.ErrNoPending):
		if d, err := h.service.Due(c.Request.Context(), session.AccountID, !h.noQuestions); err != nil || !d.Address { // the first of two presses was faster
			return cmp.Or(err, web.SeeOther(c, c.Request.URL.RequestURI()))
		}
		problem = noCode(err)
	case errors.Is(err, accounts.ErrWrongCode) && left == 0: // there is no field any more
		problem = templates.Problem{Key: "registration.code.ended"}
	case errors.Is(err, accounts.ErrWrongCode):
		problem.Key, problem.Args = "registration.code.wrong", templates.Args{"n": left}
	default:
		return err
	}
	return h.welcomeCode(c, session, http.StatusUnprocessableEntity, problem)
}

// noCode explains why a page awaits no code: it expired, or a later one was requested elsewhere.
func noCode(err error) templates.Problem {
	if errors.Is(err, accounts.ErrCodeElsewhere) {
		return templates.Problem{Key: "accounts.email.elsewhere"}
	}
	return templates.Problem{Key: "registration.code.expired"}
}

func (h *Handler) completeWelcome(c *gin.Context, session accounts.Session, d accounts.Due) error {
	ctx, form := c.Request.Context(), web.Form(c)
	question, answer, password := form.Get("question"), form.Get("answer"), form.Get("new_password")
	account, err := h.service.Get(ctx, session.AccountID)
	if err != nil {
		return err
	}
	known, err := h.known(c, account)
	if err != nil {
		return err
	}
	var problems []templates.Problem
	if d.Password {
		if flaws := accounts.CheckPassword(password, known...); len(flaws) > 0 {
			problems = append(problems, accounts.PasswordProblem(flaws))
		}
	} else {
		password = ""
	}
	if d.Question {
		if !accounts.KnownQuestion(question) {
			question = ""
			problems = append(problems, templates.Problem{Field: "question", Key: "registration.credentials.question_missing"})
		}
		if err := accounts.CheckAnswer(answer, password, known...); err != nil {
			problems = append(problems, accounts.Problem("answer", "registration.credentials.answer_", err, nil))
		}
	} else {
		answer = ""
	}
	if len(problems) > 0 {
		return h.welcomeForm(c, session, d, http.StatusUnprocessableEntity, question, problems...)
	}
	passwordHash, answerHash, err := h.service.HashSecrets(ctx, session.AccountID, password, answer)
	if busy, ok := web.Busy(err); ok {
		return h.welcomeForm(c, session, d, http.StatusServiceUnavailable, question, busy)
	}
	if err != nil {
		return err
	}
	if err := h.service.Settle(ctx, accounts.Settlement{Session: session, Question: question, AnswerHash: answerHash, PasswordHash: passwordHash}); err != nil {
		return err
	}
	if passwordHash != nil {
		if err := h.staySignedIn(c, session, account); err != nil {
			return err
		}
	}
	return h.welcomeDone(c, true)
}

// welcomeFirst sends the member of an incomplete account to the page for that, which leads back to this one.
func (h *Handler) welcomeFirst(c *gin.Context) error {
	path := withFlow(accounts.WelcomePath, web.Flow(c))
	if back := accounts.ReturnPath(c.Request.URL.Path); path == accounts.WelcomePath && back != "" && back != "/account" {
		path += "?return=" + back
	}
	return web.SeeOther(c, path)
}

// withFlow keeps the pending request in a path of ours.
func withFlow(path, flow string) string {
	if flow == "" {
		return path
	}
	return path + "?flow=" + flow
}
