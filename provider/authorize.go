package provider

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/ory/fosite"

	"huskyidp/accounts"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// authorize is the authorization endpoint (RFC 6749 3.1, OpenID Connect Core 3.1.2).
// A signed-in member's request is answered without being stored.
func (h *Handler) authorize(c *gin.Context) error {
	if c.Request.Method == http.MethodPost {
		return h.comeBack(c)
	}
	ctx, now := c.Request.Context(), h.now()
	query, err := h.sentParameters(c, ctx, c.Request.URL.Query(), now)
	if err != nil {
		return err
	}
	seen := h.service.clients.seen()
	r, err := h.service.arrivedRequest(ctx, query, now)
	if err != nil && h.service.clients.changedSince(ctx, seen) {
		r, err = h.service.arrivedRequest(ctx, query, now)
	}
	if errors.Is(err, errRequestURI) {
		return h.goneRequestURI(c, query.Get("client_id"), "invalid_request_uri")
	}
	if err != nil {
		return h.refuse(c, r, err)
	}
	h.web.PreferLanguage(c, words(r.form.Get("ui_locales"))...)
	return h.dispatch(c, ctx, r, nil)
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
func (h *Handler) dispatch(c *gin.Context, ctx context.Context, r *authorizeRequest, i *interaction) error {
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
	next, _ := nextStep(f)
	refused := i != nil && f.refused(i)
	switch {
	case i != nil && !leaves(c) && (refused || next == stepNone):
		return h.onward(c, r.client, r.redirectURI.Scheme != "https" && r.redirectURI.Scheme != "http")
	case refused:
		return h.refuse(c, r, f.refusalError(i.refusal))
	case next == stepNone:
		return h.issue(c, ctx, f, i)
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

// current returns the member's session, or nil.
func (h *Handler) current(c *gin.Context) (*accounts.Session, error) {
	return openOf(h.sessions.Lookup(c))
}

func openOf(session accounts.Session, ok bool, err error) (*accounts.Session, error) {
	if err != nil || !ok {
		return nil, err
	}
	return &session, nil
}

// mine is current for a page that changes something of the session; a form rendered for another session is refused.
func (h *Handler) mine(c *gin.Context) (*accounts.Session, error) {
	session, err := h.current(c)
	if session != nil && !web.Owned(c, web.OfSession) {
		return nil, web.ForeignForm(session.Username, "/account")
	}
	return session, err
}

// issue makes the code and sends it. The grant is written after fosite has succeeded and before the answer.
func (h *Handler) issue(c *gin.Context, ctx context.Context, f facts, i *interaction) error {
	r, now := f.request, h.now()
	g := newGrant(f, now)
	session := newTokenSession(r.client, presentedGrant{grant: g}, now)
	if r.wants("id_token") {
		var err error
		if session.terms, err = h.service.frontTerms(ctx, r, g); err != nil {
			return h.refuse(c, r, err)
		}
	}
	answer, err := h.service.fosite.NewAuthorizeResponse(ctx, r.forFosite(g.Scopes), session)
	if err != nil {
		return h.refuse(c, r, err)
	}
	if session.made.code != "" {
		g.CodeHash = seal.Digest(session.made.code)
	} else { // the row requires a code; this one is never sent
		g.CodeHash, g.CodeExpiresAt = seal.Digest(seal.NewToken()), now
	}
	var flowHash []byte
	if i != nil {
		flowHash = seal.Digest(i.flow)
	}
	err = h.service.store.saveGrant(ctx, g, session.made, flowHash, r.pushed, now)
	if errors.Is(err, errLostRace) {
		return h.refuse(c, r, worded(fosite.ErrInvalidRequestURI, "The pushed request has been answered already."))
	}
	if err != nil {
		return err
	}
	return h.answer(c, r, answer.GetParameters())
}

// granted returns the scopes that the answer grants.
func (f facts) granted() []string {
	scopes := f.request.scopes
	if f.consent != nil {
		scopes = f.consent.granted(scopes)
	}
	if !f.request.wants("code") { // OpenID Connect Core 11
		scopes = slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool { return scope == scopeOffline })
	}
	return nonNil(scopes)
}

func newGrant(f facts, now time.Time) *grant {
	r, session := f.request, f.session
	g := &grant{
		ID:            uuid.Must(uuid.NewV7()),
		ClientID:      r.client.ID,
		AccountID:     session.AccountID,
		Subject:       f.subject(),
		SID:           session.SID,
		Scopes:        f.granted(),
		Audience:      nonNil(r.audience),
		AuthTime:      session.AuthTime,
		ACR:           r.assurance.acr(session.ACR),
		AMR:           session.AMR,
		Nonce:         r.form.Get("nonce"),
		RedirectURI:   r.form.Get("redirect_uri"),
		CodeChallenge: r.form.Get("code_challenge"),
		DPoPJKT:       r.form.Get("dpop_jkt"),
		CodeExpiresAt: now.Add(codeLifetime),
		CreatedAt:     now,
		ExpiresAt:     session.AuthTime.Add(refreshAbsolute),
		Claims:        r.claims,
	}
	if f.consent != nil {
		g.Claims = r.claims.within(f.consent.Scopes)
		g.ConsentID = &f.consent.ID
		if f.consent.ExpiresAt.Before(g.ExpiresAt) {
			g.ExpiresAt = f.consent.ExpiresAt
		}
	}
	return g
}

func nonNil(values []string) []string {
	if values == nil {
		return []string{}
	}
	return values
}
