package selfservice

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/members"
)

// Roster has the members' cards; *members.Roster but in tests.
type Roster interface {
	Member(ctx context.Context, id uuid.UUID) (members.Member, error)
}

// homePage is the template accounts/home; it masks what is personal.
type homePage struct {
	Name, Username, Email, MemberNumber string // without a card neither Name nor MemberNumber; no MemberNumber if it was given to another person
	BirthYear                           int
	Factors                             []accounts.Factor // each kind once
	Waits                               time.Time         // until when one of them cannot be used; zero if none waits
	Question                            string            // key of the bank; "" if none is set
	Language                            string            // of the mails
	PageLanguage                        string            // "" unless another one was chosen in this browser
	App, AppURI                         string
	Closes                              bool // the member may close the account
	ChangesEmail, EmailNeedsFactor      bool // the member may change the address, now or soon, or might with a second step
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
	card, err := h.card(c, account.MemberID)
	if err != nil {
		return err
	}
	factors, err := h.service.EnrolledFactors(ctx, account.ID)
	if err != nil {
		return err
	}
	questions, err := h.service.Questions(ctx, account.ID)
	if err != nil {
		return err
	}
	page := homePage{
		Name: card.Name(), Username: account.Username, Email: account.Email, MemberNumber: card.MemberNumber, BirthYear: card.BirthDate.Year,
		Factors: kinds(factors), Waits: waits(factors, h.now()), Language: account.Language, App: h.app.Name, AppURI: h.app.URI,
		Closes: h.closings != nil && !account.Staff(),
	}
	access, err := h.emailAccess(ctx, session)
	if err != nil {
		return err
	}
	page.ChangesEmail, page.EmailNeedsFactor = access.Open || !access.From.IsZero(), access.NeedsFactor
	if lang := web.Lang(c); lang != account.Language {
		page.PageLanguage = lang
	}
	if len(questions) > 0 {
		page.Question = questions[0]
	}
	return h.page(c, http.StatusOK, "home", session, page)
}

// kinds returns the factors' kinds, each once.
func kinds(list []accounts.EnrolledFactor) (kinds []accounts.Factor) {
	for _, kind := range []accounts.Factor{accounts.TOTP, accounts.Passkey, accounts.SavedCodes} {
		for _, f := range list {
			if f.Factor == kind {
				kinds = append(kinds, kind)
				break
			}
		}
	}
	return kinds
}

// waits returns from when all second steps count; zero if they do.
func waits(list []accounts.EnrolledFactor, now time.Time) (from time.Time) {
	for _, f := range list {
		if f.UsableFrom.After(now) && f.UsableFrom.After(from) {
			from = f.UsableFrom
		}
	}
	return from
}

// card is empty for staff, and for a member whom the roster no longer knows.
func (h *Handler) card(c *gin.Context, memberID uuid.UUID) (members.Member, error) {
	if memberID == uuid.Nil {
		return members.Member{}, nil
	}
	card, err := h.roster.Member(c.Request.Context(), memberID)
	if errors.Is(err, members.ErrUnknown) {
		return members.Member{}, nil
	}
	return card, err
}

// languagePage offers the languages of the catalogs.
type languagePage struct {
	Language  string // the account's
	Languages []string
}

func (h *Handler) showLanguage(c *gin.Context) error {
	session, ok, err := h.Require(c)
	if !ok {
		return err
	}
	return h.page(c, http.StatusOK, "language", session, languagePage{session.Language, h.web.Languages()})
}

func (h *Handler) changeLanguage(c *gin.Context) error {
	session, ok, err := h.Require(c)
	if !ok {
		return err
	}
	chosen := web.Form(c).Get("language")
	if !slices.Contains(h.web.Languages(), chosen) {
		chosen = session.Language
	}
	err = h.service.InSession(c.Request.Context(), session, func(ctx context.Context) error {
		return h.service.ChangeLanguage(ctx, session.AccountID, chosen)
	})
	if err != nil {
		return err
	}
	h.web.PreferLanguage(c, chosen)
	return h.back(c, "/account", "language")
}
