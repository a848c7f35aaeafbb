package provider

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-jose/go-jose/v4/jwt"

	"huskyidp/internal/web"
	"huskyidp/templates"
)

// signedResponseLife is the life of a JWT response, which is read immediately (JARM 2.1).
const signedResponseLife = 2 * time.Minute

// answer sends an authorization response to the app (RFC 6749 4.1.2, RFC 9207,
// OAuth 2.0 Form Post Response Mode, JARM).
func (h *Handler) answer(c *gin.Context, r *authorizeRequest, parameters url.Values) error {
	parameters = maps.Clone(parameters)
	parameters.Set("iss", h.service.strategy.issuer)
	parameters.Del("state")
	if state := r.form.Get("state"); state != "" {
		parameters.Set("state", state)
	}
	mode := r.mode()
	if signedMode(mode) {
		response, err := h.service.signResponse(r.client, parameters, h.now())
		if err != nil {
			return err
		}
		parameters = url.Values{"response": {response}}
	}
	if mode == modeFormPost || mode == modeFormPostJWT {
		return h.formPost(c, r, parameters)
	}
	if mode == modeFragment || mode == modeFragmentJWT { // a registered address has no fragment
		c.Redirect(http.StatusSeeOther, r.redirectURI.String()+"#"+parameters.Encode())
		return nil
	}
	target := *r.redirectURI
	target.RawQuery = joinQuery(target.RawQuery, parameters)
	c.Redirect(http.StatusSeeOther, target.String())
	return nil
}

// signResponse puts the parameters into a JWT (JARM 2.1). Its header has no typ, so that it cannot pass for one of our
// tokens (S-40).
func (s *Service) signResponse(client *Client, parameters url.Values, now time.Time) (string, error) {
	claims := map[string]any{"aud": client.ID, "exp": jwt.NewNumericDate(now.Add(signedResponseLife))}
	for name := range parameters {
		claims[name] = parameters.Get(name)
	}
	return s.strategy.sign(client.Metadata.AuthorizationSignedResponseAlg, "", claims)
}

// joinQuery appends parameters to the redirect URI's own query, which is kept byte for byte (RFC 6749 3.1.2).
func joinQuery(own string, parameters url.Values) string {
	if own == "" {
		return parameters.Encode()
	}
	return own + "&" + parameters.Encode()
}

// handoverPage is the form that returns the browser to the app.
type handoverPage struct {
	Action string // the app's redirect_uri
	Fields []templates.Hidden
}

func (h *Handler) formPost(c *gin.Context, r *authorizeRequest, parameters url.Values) error {
	page := handoverPage{Action: r.redirectURI.String()}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		page.Fields = append(page.Fields, templates.Hidden{Name: name, Value: parameters.Get(name)})
	}
	return h.web.Page(c, http.StatusOK, "provider/handover", page,
		web.WithApp(r.client.in(web.Lang(c)).Name), web.AnyFormTarget())
}

// refuse answers an authorization request with an error: to the app if client and redirect_uri are valid, otherwise on
// our own page (RFC 6749 4.1.2.1).
func (h *Handler) refuse(c *gin.Context, r *authorizeRequest, cause error) error {
	oauth := oauthError(cause)
	if oauth == nil {
		return cause
	}
	web.Refused(c, oauth.ErrorField)
	if r != nil {
		h.noteError(c, r.form.Get("client_id"), r.form, oauth)
	}
	if !r.mayAnswer() {
		e := &web.Error{Status: http.StatusBadRequest, Key: addressOrApp(r), Code: oauth.ErrorField,
			Parameter: parameterAtFault(r, oauth.ErrorField), Err: cause}
		if r != nil {
			e.Value = r.form.Get(e.Parameter)
		}
		return e
	}
	parameters := url.Values{"error": {oauth.ErrorField}}
	if text := describe(oauth); text != "" {
		parameters.Set("error_description", text)
	}
	return h.answer(c, r, parameters)
}

// addressOrApp distinguishes an incomplete or garbled link from a mistake of the app.
func addressOrApp(r *authorizeRequest) string {
	if r == nil || r.client == nil {
		return web.KeyAddress
	}
	if uri, err := url.Parse(r.form.Get("redirect_uri")); err != nil || uri.Scheme == "" {
		return web.KeyAddress
	}
	return web.KeyApp
}

// parameterAtFault names the faulty parameter for the app's developer.
func parameterAtFault(r *authorizeRequest, code string) string {
	switch {
	case r == nil || r.client == nil:
		return "client_id"
	case code == "invalid_request_object" || code == "request_not_supported":
		return "request"
	case code == "request_uri_not_supported":
		return "request_uri"
	}
	return "redirect_uri"
}
