package accounts

import (
	"context"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/internal/web"
)

// ErrNoCard is a Cards' answer for a member whom the roster no longer knows.
var ErrNoCard = errors.New("accounts: no such card")

// Card is what the account page shows of the member's card, in part.
type Card struct {
	Name         string
	BirthYear    int
	MemberNumber string
}

// Cards reads the card of a member. The error is ErrNoCard, or the roster's.
type Cards interface {
	Card(ctx context.Context, memberID uuid.UUID) (Card, error)
}

// homePage is the template accounts/home; it masks what is personal.
type homePage struct {
	Name, Username, Email, MemberNumber string
	BirthYear                           int
	App, AppURI                         string
}

func (h *Handler) showHome(c *gin.Context) error {
	session, ok, err := h.Require(c)
	if !ok {
		return err
	}
	ctx := c.Request.Context()
	account, err := h.service.Get(ctx, session.AccountID)
	if err != nil {
		return err
	}
	card, err := h.cards.Card(ctx, account.MemberID)
	if err != nil && !errors.Is(err, ErrNoCard) {
		return err
	}
	page := homePage{
		Name: card.Name, Username: account.Username, Email: account.Email, MemberNumber: card.MemberNumber, BirthYear: card.BirthYear,
		App: h.app.Name, AppURI: h.app.URI,
	}
	return h.web.Page(c, http.StatusOK, "accounts/home", page, web.SignedIn(account.Username))
}
