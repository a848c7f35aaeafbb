package provider

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// consentPage shows what an app requests, in plain words. Boxes start ticked; nothing is shared before the member
// presses the button (design.md section 8).
type consentPage struct {
	Username, Operator           string
	Verified                     bool
	Person                       string // whose data
	Groups                       []consentGroup
	All                          bool // the app wants the whole record
	Before                       bool // the app has a permission already
	NewOnly                      bool // some groups were allowed before
	Durations                    []consentDuration
	Offline                      bool
	OnlyHere                     bool // the app asked for access without the member, which a kiosk does not give
	ClientURI, PolicyURI, TosURI string
	Host                         string // of an app that registered itself; "" for one of this device
	LogoURI                      string // our copy
}

// consenting returns what both handlers of the page need; done means that the request was answered because there is
// nothing to ask.
func (h *Handler) consenting(c *gin.Context) (w waiting, session *accounts.Session, done bool, err error) {
	if w, err = h.waiting(c.Request.Context(), c); err != nil {
		return w, nil, true, err
	}
	if session, err = h.mine(c); err != nil {
		return w, nil, true, err
	}
	if w.request != nil { // what the client may request now
		w.request, err = h.judged(c.Request.Context(), w.i)
	}
	if _, over := errors.AsType[*overError](err); err != nil && !over {
		return w, nil, true, err
	}
	if session == nil {
		if err := h.keepOrphan(c, w); err != nil {
			return w, nil, true, err
		}
		if over, err := h.sessionOver(c, w.flow); over || err != nil {
			return w, nil, true, err
		}
	}
	if w.request == nil || session == nil || !w.request.client.needsConsent() {
		return w, nil, true, h.proceed(c, w)
	}
	return w, session, false, nil
}

const consentPath = "/consent"

// consentProven reports whether the session is proven enough to give an app what it did not have: health data and
// lasting access outlive the session, so that a browser found open must not give them (S-20). A sign-in for this very
// request is enough, however long its member reads. Otherwise the browser is sent to prove it, and comes back to the
// form as it was (keepChoice).
func (h *Handler) consentProven(c *gin.Context, w waiting, session *accounts.Session, scopes []string) (bool, error) {
	before, err := h.service.store.consentOf(c.Request.Context(), session.AccountID, w.request.client.ID, h.now())
	if err != nil || !slices.ContainsFunc(scopes, func(scope string) bool {
		return lasting(scope) && (before == nil || !decidedOn(before.Scopes, scope))
	}) {
		return err == nil, err
	}
	most := max(accounts.Fresh, h.now().Sub(w.request.requestedAt)+1)
	if proven, err := h.sessions.Fresh(c, *session, most); proven || err != nil {
		return proven, err
	}
	return false, web.SeeOther(c, "/reauth?"+url.Values{"flow": {w.flow}, "return": {consentPath}}.Encode())
}

// lasting reports whether a scope gives health data, or access without the member.
func lasting(scope string) bool {
	_, record := parseRecordScope(scope)
	return record || scope == "offline_access"
}

func (h *Handler) showConsent(c *gin.Context) error {
	w, session, done, err := h.consenting(c)
	if done || err != nil {
		return err
	}
	if proven, err := h.consentProven(c, w, session, w.request.sharedScopes()); !proven {
		return err
	}
	return h.consentForm(c, w, session, http.StatusOK, nil)
}

// consentForm shows the page with the boxes as in a submitted form; nil ticks them as the member did before, else all.
func (h *Handler) consentForm(c *gin.Context, w waiting, session *accounts.Session, status int, groups []consentGroup, opts ...web.PageOption) error {
	before, err := h.service.store.consentOf(c.Request.Context(), session.AccountID, w.request.client.ID, h.now())
	if err != nil {
		return err
	}
	m, app := w.request.client.Metadata, w.app(c)
	page := consentPage{Username: session.Username, Operator: m.OperatorName, Verified: m.OperatorVerified,
		ClientURI: app.ClientURI, PolicyURI: app.PolicyURI, TosURI: app.TosURI, LogoURI: app.LogoPath, Durations: offered(w.request.client, h.now(), web.Kiosk(c)), OnlyHere: w.request.onlyHere}
	if back := w.request.redirectURI; w.request.client.RegistrationMAC != nil && back != nil && back.Scheme == "https" {
		page.Host = hostOf(back.String())
	}
	if card, err := h.service.claims(c.Request.Context(), &grant{ClientID: w.request.client.ID, AccountID: session.AccountID, Scopes: []string{"profile"}}); err == nil {
		page.Person, _ = card["name"].(string)
	}
	asked := w.request.sharedScopes()
	page.Before = before != nil && before.GrantedAt.Before(w.request.requestedAt)
	page.All, page.Offline = asksForAll(asked), slices.Contains(asked, "offline_access")
	marked := w.choiceOf(session)
	allowed := before != nil && !page.Before // for this very request: who comes back to the page may take it back
	if allowed && groups == nil {
		opts = append(opts, web.WithNotice("info", "provider.consent.given", nil))
	}
	if page.Groups = groups; groups == nil {
		page.Groups = groupsOf(asked)
		for i := range page.Groups {
			if marked == nil {
				page.Groups[i].Ticked = true
			} else {
				page.Groups[i].tick(marked)
			}
		}
		if marked != nil && !allowed {
			opts = append(opts, web.WithNotice("info", "web.form.not_yet", nil))
		}
	}
	for i := range page.Groups {
		group := &page.Groups[i]
		group.New = before != nil && slices.ContainsFunc(group.scopes, func(scope string) bool { return !before.covers([]string{scope}) })
		page.NewOnly = page.NewOnly || group.New
	}
	chosen := cmp.Or(web.Form(c).Get("duration"), marked.Get("duration"), suggested(page.Durations, web.Kiosk(c)))
	for i := range page.Durations {
		page.Durations[i].Chosen = page.Durations[i].Value == chosen
	}
	return h.web.Page(c, status, "provider/consent", page, append(append(w.options(c), web.SignedIn(session.Username)), opts...)...)
}

// takeBack ends a permission that was given for this very request: who comes back to the page and refuses means it.
func (h *Handler) takeBack(c *gin.Context, w waiting, session *accounts.Session) error {
	ctx, client := c.Request.Context(), w.request.client
	before, err := h.service.store.consentOf(ctx, session.AccountID, client.ID, h.now())
	if err != nil || before == nil || before.GrantedAt.Before(w.request.requestedAt) {
		return err
	}
	return h.service.StopApp(ctx, session.AccountID, client.ID)
}

func (h *Handler) decideConsent(c *gin.Context) error {
	w, session, done, err := h.consenting(c)
	if done || err != nil {
		return err
	}
	ctx := c.Request.Context()
	switch web.Form(c).Get("act") {
	case "deny":
		if err := h.takeBack(c, w, session); err != nil {
			return err
		}
		return h.saidNo(c, w, refusedConsent)
	case "other":
		return web.SeeOther(c, "/login/accounts?flow="+w.flow)
	}
	if err := h.keepChoice(c, w, session.AccountID); err != nil {
		return err
	}
	if web.Form(c).Has("keep") { // the page sent it by itself when its session was about to end
		return web.SeeOther(c, withFlow(consentPath, w.flow))
	}
	asked := w.request.sharedScopes()
	groups := groupsOf(asked)
	for i := range groups {
		groups[i].tick(web.Form(c))
	}
	ticked := allowed(asked, groups)
	var until time.Time
	for _, d := range offered(w.request.client, h.now(), web.Kiosk(c)) {
		if d.Value == web.Form(c).Get("duration") {
			until = d.Until
		}
	}
	if i := slices.IndexFunc(groups, partWithoutGroup); i >= 0 {
		return h.consentForm(c, w, session, http.StatusUnprocessableEntity, groups,
			web.WithProblems(templates.Problem{Field: groups[i].ID, Key: "provider.consent.part_alone"}))
	}
	if len(ticked) == 0 || until.IsZero() {
		return h.consentForm(c, w, session, http.StatusUnprocessableEntity, groups,
			web.WithProblems(templates.Problem{Key: "provider.consent.none_selected"}))
	}
	if proven, err := h.consentProven(c, w, session, ticked); !proven {
		return err
	}
	err = h.service.allow(ctx, session, w.request, asked, ticked, until)
	if err != nil && !errors.Is(err, accounts.ErrNoSession) { // ended meanwhile: the request goes on with a sign-in
		return err
	}
	return web.SeeOther(c, ResumePath(w.flow))
}
