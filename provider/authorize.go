package provider

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
)

// authorize is the authorization endpoint (RFC 6749 3.1, OpenID Connect Core 3.1.2).
// A signed-in member's request is answered without being stored.
func (h *Handler) authorize(c *gin.Context) error {
	if c.Request.Method == http.MethodPost {
		return h.comeBack(c)
	}
	ctx, now := c.Request.Context(), h.now()
	query, err := h.sentParameters(ctx, c, c.Request.URL.Query(), now)
	if err != nil {
		return err
	}
	seen := h.service.clients.seen()
	r, err := h.service.arrivedRequest(ctx, query, now)
	if err != nil && h.service.clients.changedSince(ctx, seen) {
		r, err = h.service.arrivedRequest(ctx, query, now)
	}
	if err == nil {
		err = h.service.freshHandle(ctx, r)
	}
	if errors.Is(err, errRequestURI) {
		return h.goneRequestURI(c, query.Get("client_id"), "invalid_request_uri")
	}
	if err != nil {
		return h.refuse(c, r, err)
	}
	h.web.PreferLanguage(c, words(r.form.Get("ui_locales"))...)
	return h.dispatch(ctx, c, r, nil)
}

// goneRequestURI shows the page for a request_uri, or a kept post, that is not valid or no longer valid. If somebody is
// signed in, it has most likely been answered already.
func (h *Handler) goneRequestURI(c *gin.Context, clientID, code string) error {
	session, err := h.current(c)
	if err != nil {
		return err
	}
	e := &web.Error{Status: http.StatusBadRequest, Key: web.KeyExpired, Code: code, Href: "/account"}
	if code != "" {
		e.Parameter = "request_uri"
	}
	if session != nil {
		e.Key = web.KeyAnswered
	}
	if client, err := h.service.clients.Get(clientID); err == nil {
		e.Href = cmp.Or(h.startOf(client), e.Href)
	}
	return e
}

// dispatch is the only place that decides the next step. i is nil for a request that has just arrived.
func (h *Handler) dispatch(ctx context.Context, c *gin.Context, r *authorizeRequest, i *interaction) error {
	find := h.sessions.Lookup
	if r.asks("none") { // apps send this without an action of the member
		find = h.sessions.Peek
	}
	session, err := openOf(find(c))
	if err != nil {
		return err
	}
	f := facts{request: r, session: session}
	if i != nil {
		f.selectedAt, f.heldFor = i.selectedAt, i.heldFor
	}
	if session != nil && i != nil && !session.AuthTime.Before(r.requestedAt) { // signed in for this request
		due, at, err := h.atSignIn(c, session)
		if err != nil {
			return err
		}
		f.agreement, f.question, f.passkey = due != nil, at.Question, at.Passkey
	}
	if session != nil && accounts.Rank(session.ACR) < r.assurance.wish {
		factors, err := h.accounts.Factors(c.Request.Context(), session.AccountID)
		if err != nil {
			return err
		}
		f.best = factors.Best()
	}
	if session != nil && r.client.needsConsent() {
		if f.consent, err = h.service.store.consentOf(ctx, session.AccountID, r.client.ID, h.now()); err != nil {
			return err
		}
	}
	if f.stranger, err = h.service.stranger(ctx, r, session); err != nil {
		return err
	}
	next, _ := nextStep(f)
	refusal := f.refusalOf(i)
	switch {
	case i != nil && !leaves(c) && (refusal != nil || next == stepNone):
		return h.onward(c, r.client, r.redirectURI.Scheme != "https" && r.redirectURI.Scheme != "http")
	case refusal != nil:
		return h.refuse(c, r, refusal)
	case next == stepNone:
		if session.AuthTime.Before(r.requestedAt) && !r.asks("none") {
			h.web.SessionUsed(c)
		}
		return h.issue(ctx, c, f, i)
	case r.asks("none"):
		return h.refuse(c, r, next.silentError())
	}
	flow := ""
	if i != nil {
		flow = i.flow
	} else if flow, err = h.service.store.keep(ctx, r, web.Browser(c)); err != nil {
		return err
	}
	target := url.URL{Path: next.path(), RawQuery: url.Values{"flow": {flow}}.Encode()}
	return web.SeeOther(c, target.String())
}
