package provider

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// logoutParameters are those of OpenID Connect RP-Initiated Logout 1.0 section 2 that the confirmation page carries
// along.
var logoutParameters = []string{"id_token_hint", "post_logout_redirect_uri", "state", "client_id"}

// logoutRequest is a checked logout request.
type logoutRequest struct {
	client  *Client // nil if no app asks, or none could be proven
	subject string  // sub of the hint
	target  string  // proven post_logout_redirect_uri, with state; "" for our own page
	refused string  // post_logout_redirect_uri that was sent and is not allowed
	fields  []templates.Hidden
	values  url.Values // as they were sent
}

// parseLogout determines where the browser may go afterwards: an address registered by the client that client_id, or
// else the hint, names. The hint is one of our ID tokens, even if expired; without a hint of that client, the request
// relies on the member's confirmation.
func (s *Service) parseLogout(ctx context.Context, values url.Values) logoutRequest {
	r := logoutRequest{values: values}
	for _, name := range logoutParameters {
		if value := values.Get(name); value != "" {
			r.fields = append(r.fields, templates.Hidden{Name: name, Value: value})
		}
	}
	claims, err := s.strategy.parseIDTokenHint(values.Get("id_token_hint"))
	id := values.Get("client_id")
	if err == nil && id == "" {
		id = claims.Audience
	}
	uri := values.Get("post_logout_redirect_uri")
	seen := s.clients.seen()
	client, unknown := s.clients.Get(id)
	if uri != "" && !client.mayLogoutTo(uri) && s.clients.changedSince(ctx, seen) {
		client, unknown = s.clients.Get(id)
	}
	if !client.mayLogoutTo(uri) {
		r.refused = uri
	}
	if unknown != nil {
		return r
	}
	r.client = client
	if err == nil && claims.Audience == client.ID {
		r.subject = claims.Subject
	}
	if uri == "" || r.refused != "" {
		return r
	}
	target, err := url.Parse(uri)
	if err != nil {
		return r
	}
	if state := values.Get("state"); state != "" {
		target.RawQuery = joinQuery(target.RawQuery, url.Values{"state": {state}})
	}
	r.target = target.String()
	return r
}

// logoutPage asks the member to confirm (S-25).
type logoutPage struct {
	Username    string
	OtherPerson bool   // the app means another member than the one signed in
	Stay        string // names of the apps that keep their access
	Open        string // names of the apps that are not notified of the end
	StayURI     string // where whoever stays signed in goes on: at the app that asks, if it says where, else the account
	Hidden      []templates.Hidden
}

// logout is the end_session endpoint, and the page of our own sign-out link.
func (h *Handler) logout(c *gin.Context) error {
	posted := c.Request.Method == http.MethodPost
	act := web.Form(c).Get("act")
	if posted && (act == "" || !h.web.SameOrigin(c)) {
		// An app's cross-site post comes without cookies: show the page by GET.
		values := url.Values{}
		for _, name := range append(logoutParameters, "ui_locales") {
			if value := web.Form(c).Get(name); value != "" {
				values.Set(name, value)
			}
		}
		return web.SeeOther(c, "/logout?"+values.Encode())
	}
	session, err := h.current(c)
	if err != nil {
		return err
	}
	values := c.Request.URL.Query()
	if posted {
		values = web.Form(c)
	}
	r := h.service.parseLogout(c.Request.Context(), values)
	switch {
	case session == nil:
		return h.finishLogout(c, r, logoutResult{})
	case !posted:
		return h.confirmLogout(c, r, session)
	case act != "confirm":
		return web.SeeOther(c, "/account")
	}
	stay, err := h.service.staying(c.Request.Context(), session)
	if err != nil {
		return err
	}
	apps, err := h.endSession(c, session.SID)
	if err != nil {
		return err
	}
	return h.finishLogout(c, r, logoutResult{Stay: strings.Join(stay, ", "), Open: strings.Join(h.service.leftOpen(c.Request.Context(), apps, r.client), ", "), Frames: h.service.frontChannel(session.SID, apps)})
}

// endSession signs out and queues the logout tokens in one transaction. Which grants end with the session is decided by
// accounts.SignOut (voidsOnline) and read from the columns of a grant (grantColumns).
func (h *Handler) endSession(c *gin.Context, sid string) (apps []sessionApp, err error) {
	request := c.Request
	defer func() { c.Request = request }()
	err = h.service.store.db.InTx(request.Context(), func(ctx context.Context) error {
		c.Request = request.WithContext(ctx) // SignOut takes part
		if apps, err = h.service.store.appsOf(ctx, sid); err != nil {
			return err
		}
		if err := h.sessions.SignOut(c); err != nil {
			return err
		}
		return h.service.NotifyApps(ctx)
	})
	return apps, err
}

func (h *Handler) confirmLogout(c *gin.Context, r logoutRequest, session *accounts.Session) error {
	stay, err := h.service.staying(c.Request.Context(), session)
	if err != nil {
		return err
	}
	apps, err := h.service.store.appsOf(c.Request.Context(), session.SID)
	if err != nil {
		return err
	}
	open := h.service.leftOpen(c.Request.Context(), apps, r.client)
	subject := session.Subject
	if r.subject != "" { // sub of the ID token, which is pairwise for a partner
		if subject, err = h.service.store.subjectAt(c.Request.Context(), session, r.client); err != nil {
			return err
		}
	}
	page := logoutPage{Username: session.Username, Stay: strings.Join(stay, ", "), Open: strings.Join(open, ", "), Hidden: r.fields,
		StayURI: cmp.Or(h.startOf(r.client), "/account"), OtherPerson: r.subject != "" && r.subject != subject}
	opts := []web.PageOption{web.SignedIn(session.Username)}
	if r.client != nil {
		opts = append(opts, web.WithApp(r.client.in(web.Lang(c)).Name))
	}
	return h.web.Page(c, http.StatusOK, "provider/logout", page, opts...)
}
