package selfservice

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// savedPage offers a new list of codes, or shows one, once.
type savedPage struct {
	Codes []string // of the list just made
	Made  time.Time
	Has   bool // there is a list, which a new one voids
	Left  int  // codes of it that still work
	Next  string
	Form  string    // of the button that makes a list
	Waits time.Time // until when a new second step cannot be used; zero if none waits
}

func (h *Handler) showSavedCodes(c *gin.Context) error {
	session, ok, err := h.RequireFresh(c, accounts.Fresh)
	if !ok {
		return err
	}
	list, err := h.service.EnrolledFactors(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	if len(list) == 0 { // they only substitute for another second step
		return web.SeeOther(c, "/account/factors")
	}
	page := savedPage{Next: h.next(c), Form: rand.Text(), Waits: waits(list, h.now())}
	for _, f := range list {
		if f.Factor != accounts.SavedCodes {
			continue
		}
		page.Has, page.Left = true, f.Left
		if made := h.justMade(c, session); made.Made.Equal(f.Since) {
			page.Codes, page.Made = made.Codes, made.Made
		}
	}
	return h.page(c, http.StatusOK, "saved_codes", session, page)
}

// A new list is shown by a page of its own, so that a reload makes no other. The browser keeps it for that long, sealed
// for the session, since the database has only digests. A list that a newer one voids is no longer shown.
//
// A phone loads the page again by itself, such as after the member looked into another app to write the codes down: then they must
// be there, or the list is lost. Somebody who left the page without "I have saved them" may be followed by another
// person: the first other page ends what shows them (web.SavedCodesCookie), and the page says how to make others.
const savedCookieAge = 10 * time.Minute

func savedCookiePlace(sid string) seal.Place {
	return seal.Place{Table: web.SavedCodesCookie, Column: "cookie", Row: sid}
}

func (h *Handler) keepMade(c *gin.Context, session accounts.Session, list accounts.SavedCodeList) error {
	plain, err := json.Marshal(list)
	if err != nil {
		return err
	}
	sealed := h.keyring.Seal(seal.Session, savedCookiePlace(session.SID), plain)
	h.web.SetCookie(c, web.SavedCodesCookie, base64.RawURLEncoding.EncodeToString(sealed), savedCookieAge)
	return nil
}

// justMade reads the list back. It is empty if it is too old or belongs to another session.
func (h *Handler) justMade(c *gin.Context, session accounts.Session) (list accounts.SavedCodeList) {
	sealed, err := base64.RawURLEncoding.DecodeString(h.web.Cookie(c, web.SavedCodesCookie))
	if err != nil {
		return accounts.SavedCodeList{}
	}
	plain, err := h.keyring.OpenSent(seal.Session, savedCookiePlace(session.SID), sealed)
	if err != nil || json.Unmarshal(plain, &list) != nil || h.now().Sub(list.Made) > savedCookieAge {
		return accounts.SavedCodeList{}
	}
	return list
}

func (h *Handler) makeSavedCodes(c *gin.Context) error {
	session, ok, err := h.RequireFresh(c, accounts.Fresh)
	if !ok {
		return err
	}
	var list accounts.SavedCodeList
	err = h.service.InSession(c.Request.Context(), session, func(ctx context.Context) (err error) {
		list, err = h.service.MakeSavedCodes(ctx, session.AccountID, web.Form(c).Get("list"))
		return err
	})
	if errors.Is(err, accounts.ErrNoFactor) {
		return web.SeeOther(c, "/account/factors")
	}
	if err != nil {
		return err
	}
	if err := h.keepMade(c, session, list); err != nil {
		return err
	}
	return h.back(c, "/account/factors/saved-codes", "made")
}

// savedCodesKept ends what shows the list: Back and its address show it no more.
func (h *Handler) savedCodesKept(c *gin.Context) error {
	if _, ok, err := h.Require(c); !ok {
		return err
	}
	h.web.ClearCookie(c, web.SavedCodesCookie)
	return web.SeeOther(c, h.next(c))
}

// savedCodesFile returns the codes that the page shows as a text file. They exist only on that page.
func (h *Handler) savedCodesFile(c *gin.Context) error {
	session, ok, err := h.Require(c)
	if !ok {
		return err
	}
	if web.Kiosk(c) { // a file would stay
		return web.SeeOther(c, "/account/factors/saved-codes")
	}
	codes := strings.Fields(web.Form(c).Get("codes"))
	for _, code := range codes {
		if _, err := accounts.ParseSavedCode(code); err != nil {
			return web.SeeOther(c, "/account/factors")
		}
	}
	if len(codes) != accounts.SavedCodeCount {
		return web.SeeOther(c, "/account/factors")
	}
	brand, title := h.web.Text(c, "web.layout.brand", nil), h.web.Text(c, "accounts.saved.title", nil)
	text := brand + "\r\n" + title + ": " + session.Username + "\r\n\r\n" + strings.Join(codes, "\r\n") + "\r\n"
	c.Header("Content-Disposition", `attachment; filename="husky-codes.txt"`)
	c.Data(http.StatusOK, "text/plain; charset=utf-8", []byte(text))
	return nil
}
