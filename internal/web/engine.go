package web

import (
	"context"
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/postgres"
)

var releaseMode = sync.OnceFunc(func() { gin.SetMode(gin.ReleaseMode) })

// Engine returns a gin engine with the checks that every route needs and without gin's defaults (S-75): gin trusts no
// proxy, fixes or redirects no path, and logs no query string. Unknown addresses and methods get a page.
func (w *Web) Engine() *gin.Engine {
	releaseMode()
	e := gin.New()
	e.RedirectTrailingSlash = false
	e.RedirectFixedPath = false
	e.RemoveExtraSlash = false
	e.HandleMethodNotAllowed = true
	e.ForwardedByClientIP = false
	e.RemoteIPHeaders = nil
	if err := e.SetTrustedProxies(nil); err != nil {
		panic(err) // an empty list always parses
	}
	w.engine.Store(e)
	e.Use(w.begin, w.recoverPanic, w.securityHeaders, w.forPrograms, w.checkHost, w.checkSizes, w.chooseLanguage)
	e.NoRoute(w.Handle(func(*gin.Context) error {
		return &Error{Status: http.StatusNotFound, Key: KeyNotFound}
	}))
	e.NoMethod(w.Handle(func(*gin.Context) error {
		return &Error{Status: http.StatusMethodNotAllowed, Key: KeyNotFound}
	}))
	return e
}

// Pages returns the group for our own pages and forms.
func (w *Web) Pages(r gin.IRouter) gin.IRouter {
	return r.Group("", refusePrefetch, w.limitSource(w.pages, w.exits), w.browserCookie, w.rememberLanguage, w.parseForm(refuseRepeats), finishForms, w.limitTime, w.checkCSRF, w.noteAccepted)
}

// Entry returns the group for pages that other sites link or post to: like Pages, but without the CSRF check. Handlers
// must treat a POST as having no cookies (conformance.md 12.7), must not change anything on behalf of the signed-in
// member, and judge repeated parameters themselves.
func (w *Web) Entry(r gin.IRouter) gin.IRouter {
	return r.Group("", w.limitSource(w.pages, w.exits), w.browserCookie, w.rememberLanguage, w.parseForm(keepRepeats), finishForms, w.limitTime)
}

// Protocol returns the group for endpoints called by programs: no cookies, errors as JSON. Request.Form and PostForm
// are filled; repeated parameters are kept for the endpoint to refuse.
func (w *Web) Protocol(r gin.IRouter) gin.IRouter {
	return r.Group("", speakJSON, w.parseForm(keepRepeats), w.limitTime)
}

// API returns the group for our JSON APIs: no cookies, no forms, errors as problem+json under the prefix of
// Options.Problems.
func (w *Web) API(r gin.IRouter) gin.IRouter { return r.Group("", w.limitTime) }

// finishForms completes what a form asked for although the browser has gone: a second tap drops the answer to the first,
// and what is done in two steps must not stop after one.
func finishForms(c *gin.Context) {
	if c.Request.Method == http.MethodPost {
		c.Request = c.Request.WithContext(context.WithoutCancel(c.Request.Context()))
	}
	c.Next()
}

// limitTime gives the handler its time, counted from when the request was read: slow clients are subject to the
// server's limits. A hanging database is detected by the time of one statement and becomes a 503 within Limits.Answer
// a distant one may take longer in total.
func (w *Web) limitTime(c *gin.Context) {
	ctx, cancel := context.WithTimeout(postgres.WithAnswerTime(c.Request.Context(), w.limits.Answer*2/5), 4*w.limits.Answer)
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	c.Next()
}

func speakJSON(c *gin.Context) { requestOf(c).json = true }
