package recovery

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/web"
)

// factorPage is one second step; Others are the account's other ones.
type factorPage struct {
	Method string
	Others []string
}

// factors is the page of the method in the address, or of the best one.
func (h *Handler) factors(c *gin.Context) (page factorPage, err error) {
	factors, err := h.service.FactorsToAsk(c.Request.Context(), h.visit(c))
	if err != nil {
		return page, err
	}
	page.Others = factors.Methods()
	if len(page.Others) > 0 {
		i := max(0, slices.Index(page.Others, c.Param("method")))
		page.Method = page.Others[i]
		page.Others = slices.Delete(page.Others, i, i+1)
	}
	return page, nil
}

func (h *Handler) showFactor(c *gin.Context) error {
	page, err := h.factors(c)
	switch {
	case err != nil:
		return err
	case page.Method == "": // removed meanwhile: the step is no longer needed
		r, err := h.service.advance(c.Request.Context(), h.visit(c), stepFactor)
		if err != nil {
			return err
		}
		return h.to(c, paths[r.Step])
	case page.Method != c.Param("method"):
		return h.to(c, paths[stepFactor]+"/"+page.Method)
	}
	person, err := h.person(c, stepFactor)
	if err != nil {
		return err
	}
	return h.page(c, http.StatusOK, "recovery/factor", page, person...)
}

func (h *Handler) submitFactor(c *gin.Context) error {
	form, v := web.Form(c), h.visit(c)
	if form.Get("act") == "none" {
		return h.toSupport(c, "other", stepFactor)
	}
	factor, field, proof := accounts.TypedFactor(c.Param("method"), form)
	check := h.service.accounts.CheckTOTP
	switch factor {
	case "":
		return h.to(c, paths[stepFactor])
	case accounts.SavedCodes:
		check = func(ctx context.Context, id uuid.UUID, typed string, again bool) error {
			_, err := h.service.accounts.UseSavedCode(ctx, id, typed, again)
			return err
		}
	case accounts.Passkey:
		check = func(ctx context.Context, id uuid.UUID, answer string, _ bool) error {
			_, err := h.service.accounts.FinishPasskey(ctx, v.Browser, id, answer)
			if errors.Is(err, accounts.ErrDisabled) { // a key of the owner's, whose account is protected or closed
				return nil
			}
			return err
		}
	}
	r, err := h.service.SubmitFactor(c.Request.Context(), v, factor, proof, func(ctx context.Context, account accounts.Account, again bool) error {
		return check(ctx, account.ID, proof, again)
	})
	if err == nil {
		return h.to(c, paths[r.Step])
	}
	if errors.Is(err, ErrEnded) {
		return h.toDone(c, pathEnded)
	}
	status, wrong, _ := accounts.FactorProblem(err, field, proof)
	if status == 0 {
		return err
	}
	page, err := h.factors(c)
	if err != nil {
		return err
	}
	person, err := h.person(c, stepFactor)
	if err != nil {
		return err
	}
	return h.page(c, status, "recovery/factor", page, append(person, web.WithProblems(accounts.OrSavedCode(wrong, page.Others)))...)
}

// factorOptions are the options for the account's passkeys.
func (h *Handler) factorOptions(c *gin.Context) error {
	v := h.visit(c)
	r, err := h.service.at(c.Request.Context(), v, stepFactor)
	if err != nil {
		return err
	}
	options, err := h.service.accounts.BeginPasskey(c.Request.Context(), v.Browser, v.Source, r.AccountID)
	if errors.Is(err, accounts.ErrNoFactor) {
		return &web.Error{Status: http.StatusNotFound, Key: web.KeyExpired, Err: err}
	}
	if err != nil {
		return err
	}
	c.Data(http.StatusOK, "application/json", options)
	return nil
}
