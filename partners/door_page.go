package partners

import (
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

type (
	doorPage struct{ Return string }
	joinPage struct{ Email string }
	sentPage struct{}
	linkPage struct {
		Email, Organisation string // Organisation is "" for a new one
		Name, Token         string // Name as typed
	}
	goneLinkPage struct{}
	signOutPage  struct{}
)

func (h *Handler) showDoor(c *gin.Context) error {
	if _, err := h.service.Who(c.Request.Context(), h.web.Cookie(c, sessionCookie), false); err == nil {
		return web.SeeOther(c, homePath)
	} else if !errors.Is(err, ErrNoSession) {
		return err
	}
	var opts []web.PageOption
	switch said := c.Query("said"); {
	case !h.web.JustDone(c):
	case said == "kept":
		opts = append(opts, web.WithNotice("info", "partners.door.kept", nil))
	case said == "removed":
		opts = append(opts, web.WithNotice("warn", "partners.door.removed", nil))
	}
	return h.door(c, http.StatusOK, opts...)
}

func (h *Handler) door(c *gin.Context, status int, opts ...web.PageOption) error {
	back := c.Query("return")
	if c.Request.Method == http.MethodPost {
		back = web.Form(c).Get("return")
	}
	return h.web.Page(c, status, "partners/door", doorPage{localPath(back)}, append(opts, web.InPlace())...)
}

// localPath keeps redirects on pages of signed-in people: it returns a path of the area, or "".
func localPath(path string) string {
	local, ok := web.LocalPath(path)
	if !ok || strings.Contains(local, "?") || len(local) > 200 || local == doorPath {
		return ""
	}
	return local
}

func (h *Handler) signInOptions(c *gin.Context) error {
	options, err := h.service.BeginSignIn(c.Request.Context(), web.Browser(c), web.Source(c))
	if err != nil {
		return err
	}
	c.Data(http.StatusOK, "application/json", options)
	return nil
}

func (h *Handler) signIn(c *gin.Context) error {
	token, err := h.service.SignIn(c.Request.Context(), web.Browser(c), h.web.Cookie(c, sessionCookie), web.Form(c).Get("credential"))
	if errors.Is(err, ErrPasskey) {
		return h.door(c, http.StatusUnprocessableEntity, web.WithProblems(templates.Problem{Key: "partners.door.wrong"}))
	}
	if err != nil {
		return err
	}
	h.web.SetCookie(c, sessionCookie, token, 0)
	if back := localPath(web.Form(c).Get("return")); back != "" {
		return web.SeeOther(c, back)
	}
	return web.SeeOther(c, homePath)
}

func (h *Handler) showJoin(c *gin.Context) error {
	return h.web.Page(c, http.StatusOK, "partners/join", joinPage{})
}

// join answers the same for every address.
func (h *Handler) join(c *gin.Context) error {
	typed := web.Form(c).Get("email")
	err := h.service.Join(c.Request.Context(), typed, web.Lang(c), web.Source(c))
	if flaw, ok := errors.AsType[accounts.Flaw](err); ok {
		return h.web.Page(c, http.StatusUnprocessableEntity, "partners/join", joinPage{typed}, web.WithProblems(emailProblem(flaw)), web.InPlace())
	}
	if err != nil {
		return err
	}
	return h.web.SeeDone(c, joinPath+"/sent")
}

func emailProblem(flaw accounts.Flaw) templates.Problem {
	key := "partners.wrong.email"
	if flaw == accounts.FlawMissing {
		key = "partners.wrong.missing"
	}
	return templates.Problem{Field: "email", Key: key}
}

func (h *Handler) showSent(c *gin.Context) error {
	if !h.web.JustDone(c) {
		return web.SeeOther(c, joinPath)
	}
	return h.web.Page(c, http.StatusOK, "partners/sent", sentPage{})
}

func (h *Handler) showLink(c *gin.Context) error { return h.linkPage(c, http.StatusOK, "") }

func (h *Handler) linkPage(c *gin.Context, status int, name string, opts ...web.PageOption) error {
	l, err := h.service.Link(c.Request.Context(), c.Query("link"))
	if errors.Is(err, ErrLink) {
		return h.web.Page(c, http.StatusGone, "partners/gone", goneLinkPage{}, web.InPlace())
	}
	if err != nil {
		return err
	}
	return h.web.Page(c, status, "partners/link", linkPage{l.Email, l.Name, name, c.Query("link")}, append(opts, web.InPlace())...)
}

func (h *Handler) linkOptions(c *gin.Context) error {
	options, err := h.service.BeginPasskey(c.Request.Context(), web.Browser(c), c.Query("link"))
	if errors.Is(err, ErrLink) {
		return &web.Error{Status: http.StatusNotFound, Key: web.KeyExpired, Err: err}
	}
	if err != nil {
		return err
	}
	c.Data(http.StatusOK, "application/json", options)
	return nil
}

func (h *Handler) enter(c *gin.Context) error {
	ctx, form, link := c.Request.Context(), web.Form(c), c.Query("link")
	name := strings.Join(strings.Fields(form.Get("name")), " ")
	l, err := h.service.Link(ctx, link)
	if errors.Is(err, ErrLink) {
		return h.linkPage(c, http.StatusGone, "")
	}
	if err != nil {
		return err
	}
	if l.Name == "" && (name == "" || utf8.RuneCountInString(name) > 80) {
		key := "partners.wrong.missing"
		if name != "" {
			key = "partners.wrong.long"
		}
		return h.linkPage(c, http.StatusUnprocessableEntity, name, web.WithProblems(templates.Problem{Field: "name", Key: key, Args: templates.Args{"n": "80"}}))
	}
	token, err := h.service.Enter(ctx, web.Browser(c), link, name, web.Lang(c), h.web.Cookie(c, sessionCookie), form.Get("credential"))
	switch {
	case errors.Is(err, ErrPasskey):
		return h.linkPage(c, http.StatusUnprocessableEntity, name, web.WithProblems(templates.Problem{Key: "partners.door.wrong"}))
	case errors.Is(err, ErrKnown), errors.Is(err, ErrTooMany), errors.Is(err, ErrLink):
		return h.web.Page(c, http.StatusGone, "partners/gone", goneLinkPage{}, web.InPlace())
	case err != nil:
		return err
	}
	h.web.SetCookie(c, sessionCookie, token, 0)
	return web.SeeOther(c, homePath)
}

func (h *Handler) showSignOut(c *gin.Context, v visit) error {
	return h.page(c, v, http.StatusOK, "partners/signout", signOutPage{})
}

func (h *Handler) signOut(c *gin.Context, v visit) error {
	if err := h.service.SignOut(c.Request.Context(), v.token); err != nil {
		return err
	}
	h.web.ClearCookie(c, sessionCookie)
	return web.SeeOther(c, doorPath)
}

// left answers the timer of a page, without using the session.
func (h *Handler) left(c *gin.Context) error {
	p, err := h.service.Who(c.Request.Context(), h.web.Cookie(c, sessionCookie), false)
	if errors.Is(err, ErrNoSession) {
		return h.web.SessionLeft(c, time.Time{})
	}
	if err != nil {
		return err
	}
	web.Belongs(c, web.OfSession, p.Session.String())
	return h.web.SessionLeft(c, p.EndsAt)
}

// showEnded is where a page leads by itself if it could not ask, or if another session has replaced its own.
func (h *Handler) showEnded(c *gin.Context) error {
	p, err := h.service.Who(c.Request.Context(), h.web.Cookie(c, sessionCookie), false)
	if errors.Is(err, ErrNoSession) {
		return web.SeeOther(c, doorPath)
	}
	if err != nil {
		return err
	}
	web.Belongs(c, web.OfSession, p.Session.String())
	if back := localPath(c.Query("return")); back != "" && web.OfThisSession(c) {
		return web.SeeOther(c, back)
	}
	return web.ForeignForm(p.Email, homePath)
}

// alive is a use of the session.
func (h *Handler) alive(c *gin.Context, _ visit) error {
	c.Status(http.StatusNoContent)
	return nil
}
