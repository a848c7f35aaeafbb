package provider

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/ory/fosite"

	"huskyidp/internal/seal"
)

// issue makes the code and sends it. The grant is written after fosite has succeeded and before the answer.
func (h *Handler) issue(ctx context.Context, c *gin.Context, f facts, i *interaction) error {
	r, now := f.request, h.now()
	g := newGrant(f, now)
	if err := h.service.store.sealLaunch(g, r.launched); err != nil {
		return err
	}
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
	err = h.service.store.saveGrant(ctx, g, session.made, r, flowHash, now)
	if errors.Is(err, errLostRace) {
		return h.refuse(c, r, worded(fosite.ErrInvalidRequestURI, "The pushed request has been answered already."))
	}
	if errors.Is(err, errLaunchUsed) {
		return h.refuse(c, r, h.service.refuseHandle(ctx, r, "used", usedLaunch))
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
