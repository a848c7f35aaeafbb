package accounts

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
)

// savedPage offers a new list of codes, or shows one, this once.
type savedPage struct {
	Codes []string // of the list just made
	Made  time.Time
	Has   bool // there is a list, which a new one voids
	Next  string
}

func (h *Handler) showSavedCodes(c *gin.Context) error {
	session, ok, err := h.RequireFresh(c, Fresh)
	if !ok {
		return err
	}
	list, err := h.service.EnrolledFactors(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	has := kinds(list)
	if len(has) == 0 { // they stand in for another second step
		return web.SeeOther(c, "/account/factors")
	}
	return h.page(c, http.StatusOK, "saved_codes", session, savedPage{Has: slices.Contains(has, SavedCodes), Next: h.next(c)})
}

func (h *Handler) makeSavedCodes(c *gin.Context) error {
	session, ok, err := h.RequireFresh(c, Fresh)
	if !ok {
		return err
	}
	codes, err := h.service.MakeSavedCodes(c.Request.Context(), session.AccountID)
	if errors.Is(err, ErrNoFactor) {
		return web.SeeOther(c, "/account/factors")
	}
	if err != nil {
		return err
	}
	return h.page(c, http.StatusOK, "saved_codes", session, savedPage{Codes: codes, Made: h.service.now(), Has: true, Next: h.next(c)})
}

// savedCodesFile gives the codes that the page shows back as a text. They are nowhere but
// on that page.
func (h *Handler) savedCodesFile(c *gin.Context) error {
	session, ok, err := h.Require(c)
	if !ok {
		return err
	}
	codes := strings.Fields(web.Form(c).Get("codes"))
	for _, code := range codes {
		if _, err := typedSavedCode(code); err != nil {
			return web.SeeOther(c, "/account/factors")
		}
	}
	if len(codes) != savedCodes {
		return web.SeeOther(c, "/account/factors")
	}
	brand, title := h.web.Text(c, "web.layout.brand", nil), h.web.Text(c, "accounts.saved.title", nil)
	text := brand + "\r\n" + title + ": " + session.Username + "\r\n\r\n" + strings.Join(codes, "\r\n") + "\r\n"
	c.Header("Content-Disposition", `attachment; filename="husky-codes.txt"`)
	c.Data(http.StatusOK, "text/plain; charset=utf-8", []byte(text))
	return nil
}
