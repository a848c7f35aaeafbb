package selfservice

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// questionPage sets another secret question and its answer.
type questionPage struct {
	Question  string
	Questions []string
}

func (h *Handler) showQuestion(c *gin.Context) error {
	session, ok, err := h.requireQuestion(c)
	if !ok {
		return err
	}
	set, err := h.service.Questions(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	page := questionPage{Questions: accounts.Questions}
	if len(set) > 0 {
		page.Question = set[0]
	}
	return h.page(c, http.StatusOK, "question", session, page)
}

// requireQuestion is RequireFresh for those who have a question: staff recover without one.
func (h *Handler) requireQuestion(c *gin.Context) (accounts.Session, bool, error) {
	session, ok, err := h.RequireFresh(c, accounts.Fresh)
	if ok && (session.MemberID == uuid.Nil || h.noQuestions) {
		return session, false, web.SeeOther(c, "/account")
	}
	return session, ok, err
}

func (h *Handler) changeQuestion(c *gin.Context) error {
	session, ok, err := h.requireQuestion(c)
	if !ok {
		return err
	}
	proof := h.passwordProof(c, session)
	question, answer := web.Form(c).Get("question"), web.Form(c).Get("answer")
	account, err := h.service.Get(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	known, err := h.known(c, account)
	if err != nil {
		return err
	}
	var problems []templates.Problem
	if proof.Current == "" {
		problems = append(problems, templates.Problem{Field: "password", Key: "provider.login.password_missing"})
	}
	if !accounts.KnownQuestion(question) {
		question = ""
		problems = append(problems, templates.Problem{Field: "question", Key: "registration.credentials.question_missing"})
	}
	if err := accounts.CheckAnswer(answer, proof.Current, known...); err != nil {
		problems = append(problems, accounts.Problem("answer", "registration.credentials.answer_", err, nil))
	}
	status := http.StatusUnprocessableEntity
	if len(problems) == 0 {
		err := h.service.ChangeQuestion(c.Request.Context(), accounts.QuestionChange{PasswordProof: proof, Question: question, Answer: answer})
		if flow := web.Flow(c); err == nil && flow != "" && h.resume != nil { // an app waits
			return web.SeeOther(c, h.resume(flow))
		}
		if err == nil {
			return h.back(c, "/account", "question")
		}
		refused, problem, ok := proofProblem(err)
		if !ok {
			return err
		}
		status, problems = refused, append(problems, problem)
	}
	return h.page(c, status, "question", session, questionPage{question, accounts.Questions}, web.WithProblems(problems...))
}
