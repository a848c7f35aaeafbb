package recovery

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/members"
)

// openPage asks who began the recovery in this browser. It shows nothing of it.
type openPage struct{}

// begun is the visit's recovery, nil if there is none in progress.
func (s *Service) begun(ctx context.Context, v Visit) (*Recovery, error) {
	if v.Token == "" {
		return nil, nil
	}
	r, err := s.store.find(ctx, seal.Digest(v.Token))
	if err != nil || r == nil || !bytes.Equal(r.Browser, v.Browser) || !s.now().Before(r.ExpiresAt) {
		return nil, err
	}
	switch r.Step {
	case stepDone, stepEnded:
		return nil, nil
	}
	return r, nil
}

// GoOn continues the visit's recovery for somebody who says that it is theirs. What was proven may have been proven by
// another person, so it is proven again: a new code is mailed, and the question and the second step are asked again.
// The error is a *resendError if no code could be mailed yet, which the page of the code can do later; a
// *ratelimit.Exceeded of the source, a *movedError, or the database's.
func (s *Service) GoOn(ctx context.Context, v Visit) (*Recovery, error) {
	v.Another = false
	r, err := s.begun(ctx, v)
	if err != nil {
		return nil, err
	}
	if r == nil {
		_, err := s.at(ctx, v, stepOpen)
		return nil, err
	}
	return s.change(ctx, v, r.Step, func(ctx context.Context, t *turn) (outcome, error) {
		if t.Step == stepCode {
			t.ExpiresAt = t.now.Add(life)
			return nil, nil
		}
		t.to(stepCode)
		refused, err := s.mailAgain(ctx, t)
		if refused != nil {
			t.CodeMAC = []byte{}
		}
		return refused, err
	})
}

// notAsked reports that no code was asked for since GoOn: its MAC is empty, where one that is on its way has none.
func (r *Recovery) notAsked() bool { return r.CodeMAC != nil && len(r.CodeMAC) == 0 }

// Leave ends the visit's recovery, if there is one: another person begins in this browser.
func (s *Service) Leave(ctx context.Context, v Visit) error {
	v.Another = false
	r, err := s.begun(ctx, v)
	if err != nil || r == nil {
		return err
	}
	return s.giveUp(ctx, v, r.Step, "another_person")
}

// firstName is the first name of an account's member, "" if the roster does not know it.
func (s *Service) firstName(ctx context.Context, id uuid.UUID) (string, error) {
	account, err := s.accounts.Get(ctx, id)
	if err != nil {
		return "", err
	}
	member, err := s.roster.Member(ctx, account.MemberID)
	if errors.Is(err, members.ErrUnknown) {
		return "", nil
	}
	return member.FirstName, err
}

// person names the person that a page after the mailbox is for, who has proven the mailbox, and says how long it waits.
func (h *Handler) person(c *gin.Context, step Step) ([]web.PageOption, error) {
	r, err := h.service.at(c.Request.Context(), h.visit(c), step)
	if err != nil {
		return nil, err
	}
	name, err := h.service.firstName(c.Request.Context(), r.AccountID)
	opts := []web.PageOption{web.WithPerson(name), h.waits(r)}
	if err != nil || step != stepQuestion {
		return opts, err
	}
	left, err := h.service.answersLeft(c.Request.Context(), r)
	return append(opts, web.TriesLeft("recovery.question.wrong", left)), err
}

func (h *Handler) showOpen(c *gin.Context) error {
	v := h.visit(c)
	r, err := h.service.begun(c.Request.Context(), v)
	if err != nil {
		return err
	}
	if r == nil {
		return h.to(c, pathPassword)
	}
	v.Owns(r.ID.String()) // the form is this recovery's
	h.web.AskFirst(c, web.OfRecovery)
	h.web.ForgetRefused(c)
	return h.page(c, http.StatusOK, "recovery/open", openPage{})
}

func (h *Handler) submitOpen(c *gin.Context) error {
	if web.Form(c).Get("act") == "anew" {
		if err := h.service.Leave(c.Request.Context(), h.visit(c)); err != nil {
			return err
		}
		h.web.ClearCookie(c, cookie)
		h.web.NextPerson(c)
		return h.to(c, pathPassword)
	}
	r, err := h.service.GoOn(c.Request.Context(), h.visit(c))
	_, later := errors.AsType[*resendError](err)
	if err != nil && !later {
		return err
	}
	h.web.Began(c, web.OfRecovery) // the page of the code says whether one was asked for
	return h.to(c, paths[r.Step])
}
