package selfservice

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/web"
)

const (
	sessionCookie    = web.SessionCookie
	rememberedCookie = "remembered"
	// formerCookie has the token of a session that ended by time, or with the closing of its account, and whose cookie was taken
	// away: whoever signs in next replaces it, so that its apps hear of another person.
	formerCookie = "former"
	// staysCookie names the session whose beginning took back the closing of its account, until a page has said so: a sign-in for an
	// app shows none.
	staysCookie = "stays"
)

// lookup is the result of Lookup, kept for the rest of the request.
type lookup struct {
	session accounts.Session
	found   bool
	err     error
}

const lookupKey = "huskyidp/selfservice.lookup"

// Lookup returns the browser's session, with one round trip per request. Having none is not an error. A form that was
// rendered for another session is: it would name one person and change another.
func (h *Handler) Lookup(c *gin.Context) (accounts.Session, bool, error) {
	if kept, ok := c.Get(lookupKey); ok {
		l := kept.(lookup)
		return l.session, l.found, l.err
	}
	return h.lookup(c, h.service.Session)
}

// Peek is Lookup for requests that the browser makes by itself: they do not count as use (S-23).
func (h *Handler) Peek(c *gin.Context) (accounts.Session, bool, error) {
	return h.lookup(c, h.service.Peek)
}

func (h *Handler) lookup(c *gin.Context, find func(ctx context.Context, token string) (accounts.Session, error)) (accounts.Session, bool, error) {
	var l lookup
	if token := h.web.Cookie(c, sessionCookie); token != "" {
		session, err := find(c.Request.Context(), token)
		switch {
		case err == nil && web.Belongs(c, web.OfSession, session.SID):
			l = lookup{session: session, found: true}
			h.web.UseLanguage(c, session.Language)
		case err == nil:
			l = lookup{err: web.ForeignForm(session.Username, h.wayOn(c))}
		case !errors.Is(err, accounts.ErrNoSession):
			return accounts.Session{}, false, err
		}
	}
	c.Set(lookupKey, l)
	return l.session, l.found, l.err
}

// Proving is Lookup for the handler of a form that proves who sends it: it also finds a session whose token was renewed a
// moment ago by the same form, sent twice or sent again after its answer was lost.
func (h *Handler) Proving(c *gin.Context) (accounts.Session, bool, error) {
	session, ok, err := h.Lookup(c)
	if ok || err != nil {
		return session, ok, err
	}
	session, err = h.service.RenewedSession(c.Request.Context(), h.web.Cookie(c, sessionCookie))
	switch {
	case errors.Is(err, accounts.ErrNoSession):
		return session, false, nil
	case err != nil:
		return session, false, err
	case !web.Belongs(c, web.OfSession, session.SID):
		return accounts.Session{}, false, web.ForeignForm(session.Username, h.wayOn(c))
	}
	h.keepLookup(c, session)
	return session, true, nil
}

// wayOn returns where a signed-in member continues after a form that was not theirs.
func (h *Handler) wayOn(c *gin.Context) string {
	if flow := web.Flow(c); flow != "" && h.resume != nil {
		return h.resume(flow)
	}
	return "/account"
}

// Current is Lookup for callers that treat a failure as not signed in.
func (h *Handler) Current(c *gin.Context) (accounts.Session, bool) {
	session, found, err := h.Lookup(c)
	return session, found && err == nil
}

// SignIn starts a session for an account whose every required proof was given, and sets the cookies. The browser's
// former session ends (S-22).
func (h *Handler) SignIn(c *gin.Context, account accounts.Account, amr []string) (accounts.Session, error) {
	started, err := h.service.StartSession(c.Request.Context(), h.start(c, account, amr))
	if err != nil {
		return accounts.Session{}, err
	}
	h.opened(c, started)
	return started.Session, nil
}

// QueueSignIn is SignIn for a batch that is sent later, in the transaction that makes the account. opened sets the
// cookies; call it once that is committed.
func (h *Handler) QueueSignIn(c *gin.Context, b *pgx.Batch, account accounts.Account, amr []string) (opened func()) {
	started := h.service.QueueSession(c.Request.Context(), b, h.start(c, account, amr))
	return func() { h.opened(c, started) }
}

func (h *Handler) start(c *gin.Context, account accounts.Account, amr []string) accounts.SessionStart {
	return accounts.SessionStart{
		Account: account, AMR: amr, UserAgent: c.Request.UserAgent(), Device: h.web.Cookie(c, web.DeviceCookie),
		Replaces: cmp.Or(h.web.Cookie(c, sessionCookie), h.web.Cookie(c, formerCookie)), Browser: web.Browser(c), Kiosk: web.Kiosk(c), RememberedBy: rememberedBy(c), Remembered: h.web.Cookie(c, rememberedCookie),
	}
}

// keepLookup is for a session that this request itself began or renewed.
func (h *Handler) keepLookup(c *gin.Context, session accounts.Session) {
	web.Belongs(c, web.OfSession, session.SID)
	h.web.UseLanguage(c, session.Language)
	c.Set(lookupKey, lookup{session: session, found: true})
}

func (h *Handler) opened(c *gin.Context, started accounts.Started) {
	h.web.SetCookie(c, sessionCookie, started.Token, 0)
	if h.web.Cookie(c, formerCookie) != "" {
		h.web.ClearCookie(c, formerCookie)
	}
	if !web.Kiosk(c) {
		h.web.SetCookie(c, web.DeviceCookie, started.Device, accounts.KnownDeviceAge)
	}
	if value := started.Remembered(); value != "" {
		h.web.SetCookie(c, rememberedCookie, value, h.service.Remembers())
	}
	if started.Session.Kept {
		h.web.SetCookie(c, staysCookie, started.Session.SID, 0)
	}
	h.keepLookup(c, started.Session)
}

// SignOut ends the browser's session, if any, and everything else begun there, and clears its cookie. The device stays
// known.
func (h *Handler) SignOut(c *gin.Context) error {
	session, found, err := h.Lookup(c)
	if err != nil {
		return err
	}
	if found {
		if err := h.service.SignOut(c.Request.Context(), session.SID); err != nil {
			return err
		}
	}
	if err := h.service.EndBrowser(c.Request.Context(), web.Browser(c)); err != nil {
		return err
	}
	h.web.ClearCookie(c, sessionCookie)
	h.web.NextPerson(c)
	c.Set(lookupKey, lookup{})
	return nil
}

// ended takes the token of a session that has ended from the browser, and returns why it ended.
func (h *Handler) ended(c *gin.Context, token string) (accounts.Ending, error) {
	why, err := h.service.WhyEnded(c.Request.Context(), token)
	if err != nil || why == accounts.EndedRenewed { // another answer has the browser's new token
		return why, err
	}
	h.web.SetCookie(c, formerCookie, token, 0)
	h.web.ClearCookie(c, sessionCookie)
	h.web.ForgetTyped(c)
	return why, nil
}

// settled closes the whole account to a session whose account is incomplete.
func (h *Handler) settled(c *gin.Context) error {
	session, ok, err := h.Lookup(c)
	if ok && session.Unsettled {
		c.Abort()
		return h.welcomeFirst(c)
	}
	return err
}

// OverNote is for a page that finds no session: the note of the sign-in page that says why, "" in a browser that had none. It takes
// the token of a session that has ended from the browser.
func (h *Handler) OverNote(c *gin.Context) (string, error) {
	if token := h.web.Cookie(c, sessionCookie); token != "" {
		why, err := h.ended(c, token)
		return string(why), err
	}
	return h.leftNote(c)
}

// FormerMember returns whose form it is that was sent after its session had ended by time; the zero ID for any other form. Whoever
// sent it may be somebody else.
func (h *Handler) FormerMember(c *gin.Context) (uuid.UUID, error) {
	token := cmp.Or(h.web.Cookie(c, sessionCookie), h.web.Cookie(c, formerCookie))
	if token == "" || c.Request.Method != http.MethodPost || !web.Owned(c, web.OfSession) {
		return uuid.Nil, nil
	}
	sid, member, err := h.service.SessionOf(c.Request.Context(), token)
	if errors.Is(err, accounts.ErrNoSession) || err == nil && web.OfAnother(c, web.OfSession, sid) {
		return uuid.Nil, nil
	}
	return member, err
}

// leftNote returns the note for a form of a session that this browser has left since, as in another tab: nothing of it was saved.
// It is "" for any other request. The note tells of a closing, and of no account.
func (h *Handler) leftNote(c *gin.Context) (string, error) {
	if c.Request.Method != http.MethodPost || !web.Owned(c, web.OfSession) || h.web.Cookie(c, sessionCookie) != "" {
		return "", nil
	}
	former := h.web.Cookie(c, formerCookie)
	if former == "" {
		return "left", nil
	}
	if closing, err := h.service.Closing(c.Request.Context(), former); closing || err != nil {
		return "closing", err
	}
	return "left", nil
}

// Require returns the session, or sends the browser to sign in; then ok is false and the response is written.
func (h *Handler) Require(c *gin.Context) (session accounts.Session, ok bool, err error) {
	session, ok, err = h.Lookup(c)
	if ok && !web.Owned(c, web.OfSession) {
		return session, false, web.ForeignForm(session.Username, h.wayOn(c))
	}
	if ok {
		h.web.SessionUsed(c)
	}
	if ok || err != nil {
		return session, ok, err
	}
	var query []string
	note, err := h.OverNote(c)
	if err != nil {
		return session, false, err
	}
	if note == string(accounts.EndedRenewed) && c.Request.Method == http.MethodPost { // the second of two presses
		return session, false, web.SeeOther(c, withFlow(c.Request.URL.EscapedPath(), web.Flow(c)))
	}
	if note != "" {
		query = append(query, "note="+note)
	}
	if back := accounts.ReturnPath(c.Request.URL.Path); back != "" && back != "/account" {
		query = append(query, "return="+back)
	}
	address := "/login"
	if query != nil {
		address += "?" + strings.Join(query, "&")
	}
	if note == "" {
		return session, false, web.SeeOther(c, address)
	}
	return session, false, h.web.SeeDone(c, address)
}
