package selfservice

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// notices are what a page reports after an act, by ?note=. {factor} is the word after a dash: "added-totp".
var notices = map[string]string{
	"password": "accounts.password.saved", "password_stopped": "accounts.password.saved_stopped", "question": "accounts.question.saved", "language": "accounts.language.saved",
	"held": "recovery.cancel.done_title", "welcome": "accounts.welcome.done", "proven": "accounts.email.proven", "forgotten": "accounts.remembered.forgotten", "added": "accounts.factors.added", "removed": "accounts.factors.removed",
	"added_only": "accounts.factors.added_only", "removed_only": "accounts.factors.removed_only",
}

// page answers with a page of the section for a signed-in member.
func (h *Handler) page(c *gin.Context, status int, name string, session accounts.Session, page any, opts ...web.PageOption) error {
	beside, err := h.beside(c, session)
	if err != nil {
		return err
	}
	opts = append([]web.PageOption{web.SignedIn(session.Username), web.OfAccount(beside)}, opts...)
	note, factor, _ := strings.Cut(c.Query("note"), "-")
	key := notices[note]
	if note == "password_stopped" && slices.ContainsFunc(beside.Held, func(c templates.HeldChange) bool { return c.Own }) {
		key = notices["password"] // it would speak of another change than the one that is on hold by now
	}
	args := templates.Args{}
	switch {
	case factor == string(accounts.TOTP), factor == string(accounts.Passkey), factor == string(accounts.SavedCodes):
		args["factor"] = templates.Key("accounts.factor_name." + factor)
	case strings.HasPrefix(key, "accounts.factors."):
		key = "" // without the word that it names
	}
	switch {
	case status != http.StatusOK:
	case key != "" && h.web.JustDone(c):
		opts = append(opts, web.WithNotice("ok", key, args))
	case h.web.Cookie(c, staysCookie) == session.SID:
		h.web.ClearCookie(c, staysCookie)
		opts = append(opts, web.WithNotice("ok", "accounts.close.stopped", nil))
	}
	return h.web.Page(c, status, "accounts/"+name, page, opts...)
}

// back leads to a page of the section with a notice; the pending request is kept.
func (h *Handler) back(c *gin.Context, path, note string) error {
	sep := "?"
	if flow := web.Flow(c); flow != "" {
		path += "?flow=" + flow
		sep = "&"
	}
	if note == "" {
		return web.SeeOther(c, path)
	}
	return h.web.SeeDone(c, path+sep+"note="+note)
}

// alive marks the session as used: the member answered the warning of its end.
func (h *Handler) alive(c *gin.Context) error {
	_, ok, err := h.Lookup(c)
	switch {
	case err != nil:
		return err
	case !ok:
		c.Status(http.StatusForbidden)
	default:
		c.Status(http.StatusNoContent)
	}
	return nil
}

// left tells the timer of an open page how long the session lasts without use.
func (h *Handler) left(c *gin.Context) error {
	session, ok, err := h.Peek(c)
	if err != nil {
		return err
	}
	var end time.Time
	if ok {
		end = h.service.SessionEnd(session)
	}
	return h.web.SessionLeft(c, end)
}

// showEnded is where a page goes by itself if it could not ask, or if another session has replaced its own. If its own is
// open after all, it leads back; another's owner is named.
func (h *Handler) showEnded(c *gin.Context) error {
	session, ok, err := h.Peek(c)
	switch {
	case err != nil:
		return err
	case ok && web.OfThisSession(c):
		if back := accounts.ReturnPath(c.Query("return")); back != "" {
			return web.SeeOther(c, withFlow(back, web.Flow(c)))
		}
		return web.SeeOther(c, h.wayOn(c))
	case ok:
		return web.ForeignForm(session.Username, "/account")
	case web.Kiosk(c): // whoever was there has gone
		return h.clear(c)
	}
	why, err := h.ended(c, h.web.Cookie(c, sessionCookie)) // the page went here by itself
	if err != nil {
		return err
	}
	return h.web.SeeDone(c, "/login?note="+string(why))
}

// next returns where a member continues after adding a second step: the app that required it, or the list.
func (h *Handler) next(c *gin.Context) string {
	if flow := web.Flow(c); flow != "" && h.resume != nil {
		return h.resume(flow)
	}
	return "/account/factors"
}
