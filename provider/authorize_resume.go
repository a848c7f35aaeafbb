package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/ory/fosite"

	"huskyidp/accounts"
	"huskyidp/internal/web"
)

// ResumePath returns where a page sends the member's browser when it is done.
func ResumePath(flow string) string { return "/authorize/resume?flow=" + url.QueryEscape(flow) }

// leavePath returns the address of the step from our own pages to the app. Browsers apply a page's form-action to every
// redirect after its post, including the app's; so a post ends at ResumePath, whose page navigates here without a form.
func leavePath(flow string) string { return ResumePath(flow) + "&go=1" }

func leaves(c *gin.Context) bool { return c.Query("go") != "" }

// resume continues a stored request: every page of sign-in and registration ends here. A request answered a moment ago
// is checked and answered again, for a second press, a reload, or Back.
func (h *Handler) resume(c *gin.Context) error {
	ctx := c.Request.Context()
	i, err := h.pending(c)
	var r *authorizeRequest
	if err == nil {
		r, err = h.judged(ctx, i)
	}
	if over, ok := errors.AsType[*overError](err); ok {
		return h.resumeOver(c, over)
	}
	if err != nil {
		return err
	}
	return h.dispatch(ctx, c, r, i)
}

// overError is returned if the address names no request that can be answered (again). client is the app that began it,
// if known.
type overError struct{ client *Client }

func (*overError) Error() string { return "provider: the request is over" }

// pending loads the request that the address names. The error is an *overError, or the database's.
func (h *Handler) pending(c *gin.Context) (*interaction, error) {
	i, err := h.service.store.interaction(c.Request.Context(), web.Flow(c), web.Browser(c))
	if errors.Is(err, errNoInteraction) || err == nil && !i.live(h.now()) {
		return nil, h.over(i)
	}
	return i, err
}

// judged checks a pending request as of now: its client may have been changed or disabled. The error is an *overError.
func (h *Handler) judged(ctx context.Context, i *interaction) (*authorizeRequest, error) {
	r, err := h.service.parseAuthorizeRequest(ctx, i.form, i.requestedAt)
	if err != nil {
		return nil, h.over(i)
	}
	r.pushed = i.pushed
	return r, nil
}

func (h *Handler) over(i *interaction) error {
	if i == nil {
		return &overError{}
	}
	client, err := h.service.clients.Get(i.form.Get("client_id"))
	if err != nil {
		return &overError{}
	}
	return &overError{client}
}

// resumeOver redirects a signed-in member to where the app restarts a sign-in, or to the account; others sign in first.
func (h *Handler) resumeOver(c *gin.Context, over *overError) error {
	session, err := h.current(c)
	switch start := h.startOf(over.client); {
	case err != nil:
		return err
	case session == nil:
		return web.SeeOther(c, loginPath(web.Flow(c)))
	case start == "":
		return web.SeeOther(c, "/account")
	case !leaves(c):
		return h.onward(c, over.client, false)
	default:
		c.Redirect(http.StatusSeeOther, start)
		return nil
	}
}

// startOf returns where an app restarts a sign-in; "" if it registered no such address.
func (h *Handler) startOf(client *Client) string {
	if client == nil || client.Metadata.InitiateLoginURI == "" {
		return ""
	}
	return withIssuer(client.Metadata.InitiateLoginURI, h.service.strategy.issuer)
}

// withIssuer adds the iss parameter to an app's address (OpenID Connect Core 4).
func withIssuer(address, issuer string) string {
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + "iss=" + url.QueryEscape(issuer)
}

// onwardPage is shown briefly on the way to the app.
type onwardPage struct {
	Next string
	Held bool // the browser may require a press before it opens an app that is not a web site
}

func (h *Handler) onward(c *gin.Context, client *Client, held bool) error {
	next := leavePath(web.Flow(c))
	return h.web.Page(c, http.StatusOK, "provider/onward", onwardPage{next, held}, web.WithApp(client.in(web.Lang(c)).Name), web.Onward(next, 0))
}

// refused reports whether the member's refusal still applies: later actions override it.
func (f facts) refused(i *interaction) bool {
	switch {
	case i.refusal == "",
		f.session != nil && f.session.AuthTime.After(i.refusedAt),
		f.consent != nil && f.consent.GrantedAt.After(i.refusedAt),
		i.selectedAt != nil && i.selectedAt.After(i.refusedAt):
		return false
	}
	return true
}

// refusalOf returns the error for the app if the answer is no: the member's, or ours to somebody else than the person of
// the launch who has just signed in.
func (f facts) refusalOf(i *interaction) error {
	switch {
	case i != nil && f.refused(i):
		return f.refusalError(i.refusal)
	case f.noMember() && f.fresh():
		return worded(fosite.ErrAccessDenied, "Who signed in works at the support desk: only members let apps have data.")
	case f.stranger && f.fresh():
		return worded(fosite.ErrAccessDenied, "Who signed in is not the person whom the app was launched for.")
	}
	return nil
}

// refusalError is the error for the app (RFC 6749 4.1.2.1).
func (f facts) refusalError(said memberNo) error {
	switch {
	case said == refusedLogin:
		return worded(fosite.ErrAccessDenied, "The member cancelled the sign-in.")
	case said == refusedConsent:
		return worded(fosite.ErrAccessDenied, "The member did not allow it.")
	case f.session != nil && accounts.Rank(f.session.ACR) < f.request.assurance.minimum:
		return errUnmetAuthentication // OpenID Connect Core Error Code unmet_authentication_requirements
	}
	return worded(fosite.ErrAccessDenied, "The member did not continue.")
}
