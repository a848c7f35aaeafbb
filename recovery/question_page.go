package recovery

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// questionPage asks all questions of the account, by their keys.
type questionPage struct{ Asked []asked }

// asked is a question and the field of its answer.
type asked struct{ Field, Question string }

func fields(questions []string) (all []asked) {
	for i, question := range questions {
		field := "answer"
		if i > 0 {
			field += "_" + strconv.Itoa(i+1)
		}
		all = append(all, asked{field, question})
	}
	return all
}

// closedPage says until when no question is asked.
type closedPage struct {
	Reference string
	Until     time.Time
}

func (h *Handler) showQuestion(c *gin.Context) error {
	ctx := c.Request.Context()
	r, err := h.service.at(ctx, h.visit(c), stepQuestion)
	if err != nil {
		return err
	}
	until, err := h.service.accounts.AnswersClosed(ctx, r.AccountID)
	if err != nil {
		return err
	}
	if !until.IsZero() {
		return h.closed(c, until)
	}
	questions, err := h.service.accounts.Questions(ctx, r.AccountID)
	if err != nil {
		return err
	}
	person, err := h.person(c, stepQuestion)
	if err != nil {
		return err
	}
	return h.page(c, http.StatusOK, "recovery/question", questionPage{fields(questions)}, person...)
}

func (h *Handler) submitQuestion(c *gin.Context) error {
	form := web.Form(c)
	if form.Get("act") == "forgotten" {
		return h.toSupport(c, "password", stepQuestion)
	}
	ctx, v := c.Request.Context(), h.visit(c)
	questions, err := h.service.AskedQuestions(ctx, v)
	if err != nil {
		return err
	}
	page := questionPage{fields(questions)}
	person, err := h.person(c, stepQuestion)
	if err != nil {
		return err
	}
	answers, missing := typedAnswers(page.Asked, form)
	if len(missing) > 0 {
		return h.page(c, http.StatusUnprocessableEntity, "recovery/question", page, append(person, web.WithProblems(missing...))...)
	}
	r, left, err := h.service.SubmitAnswers(ctx, v, answers)
	closed, isClosed := errors.AsType[*accounts.ClosedError](err)
	switch {
	case err == nil:
		return h.to(c, paths[r.Step])
	case errors.Is(err, accounts.ErrWrongAnswer):
		field := ""
		if len(page.Asked) == 1 { // with several, none is singled out (S-59)
			field = page.Asked[0].Field
		}
		return h.page(c, http.StatusUnprocessableEntity, "recovery/question", page, append(person, web.WithProblems(problem(field, "recovery.question.wrong", templates.Args{"n": left})))...)
	case isClosed:
		return h.closed(c, closed.Until)
	case errors.Is(err, ErrEnded): // the member may start again, or ask for help
		return h.toDesk(c, "ended")
	case errors.Is(err, ErrQuestionClosed):
		return h.toDesk(c, "question")
	}
	return err
}

// closed says that no answer is judged now: before one is typed for nothing, too.
func (h *Handler) closed(c *gin.Context, until time.Time) error {
	reference, err := h.refer(c, "password")
	if err != nil {
		return err
	}
	return h.page(c, http.StatusForbidden, "recovery/closed", closedPage{reference, until})
}

// typedAnswers are the answers by the keys of their questions.
func typedAnswers(all []asked, form url.Values) (answers map[string]string, missing []templates.Problem) {
	answers = map[string]string{}
	for _, a := range all {
		if answers[a.Question] = form.Get(a.Field); strings.TrimSpace(answers[a.Question]) == "" {
			missing = append(missing, problem(a.Field, "recovery.question.missing", nil))
		}
	}
	return answers, missing
}
