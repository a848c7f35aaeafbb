package conformance

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
)

// entrance begins the address of authorization requests, the one that browsers open. It is beside Path, below which programs call.
const entrance = "/checking/"

// requests is how often the programs of one run may call in a minute.
const requests = 120

// Handler answers the apps of all runs.
type Handler struct {
	service *Service
	web     *web.Web
	meter   *web.Meter[string]
}

// NewHandler returns the handler.
func NewHandler(s *Service, w *web.Web) *Handler {
	return &Handler{s, w, web.NewMeter[string](requests, time.Minute)}
}

// Mount adds the routes. Apps in browsers call them from origins of their own, without cookies.
func (h *Handler) Mount(r gin.IRouter) {
	h.web.Programs(func(string) string { return "*" }, Path)
	programs := h.web.Protocol(r)
	for path, answer := range map[string]func(*gin.Context, string) error{
		"/.well-known/openid-configuration": h.discovery, "/jwks": h.keySet, "/userinfo": h.userinfo,
	} {
		programs.GET(Path+":run"+path, h.web.Handle(h.limited(answer)))
	}
	for path, answer := range map[string]func(*gin.Context, string) error{"/token": h.token, "/userinfo": h.userinfo} {
		programs.POST(Path+":run"+path, h.web.Handle(h.limited(answer)))
	}
	for _, path := range []string{"/.well-known/openid-configuration", "/jwks", "/userinfo", "/token"} {
		programs.OPTIONS(Path+":run"+path, web.Preflight)
	}
	h.web.Entry(r).GET(entrance+":run", h.web.Handle(h.authorize))
}

// limited bounds the calls of a run, and turns the end of one into an answer.
func (h *Handler) limited(answer func(c *gin.Context, run string) error) func(*gin.Context) error {
	return func(c *gin.Context) error {
		run := c.Param("run")
		if wait := h.meter.Take(web.Source(c)+" "+run, 1, h.service.Now()); wait > 0 {
			return &web.Error{Status: http.StatusTooManyRequests, Key: web.KeyTooMany, Wait: wait}
		}
		err := answer(c, run)
		if errors.Is(err, ErrNotFound) {
			return &web.Error{Status: http.StatusNotFound, Key: web.KeyNotFound, Err: err}
		}
		return err
	}
}

func (h *Handler) discovery(c *gin.Context, run string) error {
	r, err := h.service.known(c.Request.Context(), run)
	if err != nil {
		return err
	}
	issuer := h.service.Issuer(r)
	methods := []string{r.Auth}
	if r.Auth == "client_secret_basic" {
		methods = append(methods, "client_secret_post")
	}
	c.JSON(http.StatusOK, gin.H{
		"issuer": issuer, "authorization_endpoint": h.service.Base + entrance + run, "token_endpoint": issuer + "/token", "userinfo_endpoint": issuer + "/userinfo", "jwks_uri": issuer + "/jwks",
		"response_types_supported": []string{"code"}, "response_modes_supported": []string{"query"}, "grant_types_supported": []string{"authorization_code", "refresh_token"},
		"subject_types_supported": []string{"pairwise"}, "id_token_signing_alg_values_supported": []string{"RS256"}, "scopes_supported": []string{"openid", "profile", "email", "offline_access"},
		"token_endpoint_auth_methods_supported": methods, "token_endpoint_auth_signing_alg_values_supported": assertionAlgs, "code_challenge_methods_supported": []string{"S256"},
		"authorization_response_iss_parameter_supported": true, "backchannel_logout_supported": true, "backchannel_logout_session_supported": true,
	})
	return nil
}

func (h *Handler) keySet(c *gin.Context, run string) error {
	r, err := h.service.known(c.Request.Context(), run)
	if err != nil {
		return err
	}
	keys, err := r.keySet()
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, keys)
	return nil
}

// authorize sends the browser back to the app at once, or, to an address that is not of the developer's own machine, by a page that
// says where to: nobody has looked at these addresses.
func (h *Handler) authorize(c *gin.Context) error {
	to, check, parameter, err := h.service.authorize(c.Request.Context(), c.Param("run"), c.Request.URL.Query())
	switch {
	case errors.Is(err, ErrNotFound):
		return &web.Error{Status: http.StatusNotFound, Key: web.KeyNotFound, Err: err}
	case errors.Is(err, errRequest):
		return &web.Error{Status: http.StatusBadRequest, Key: web.KeyApp, Href: "/", Code: "invalid_request", Parameter: parameter, Value: c.Query(parameter), Err: err}
	case err != nil:
		return err
	}
	if isLoopback(to) {
		c.Redirect(http.StatusSeeOther, to.String())
		return nil
	}
	return h.web.Page(c, http.StatusOK, "partners/checking", checkingPage{to.String(), to.Host, check})
}

// checkingPage leads to the app. Check is "" for a sign-in that meets none.
type checkingPage struct{ To, Host, Check string }

func (h *Handler) token(c *gin.Context, run string) error {
	form := c.Request.PostForm
	q := tokenRequest{form: form}
	q.id, q.secret, q.hasBasic = c.Request.BasicAuth()
	if q.hasBasic = c.GetHeader("Authorization") != ""; q.hasBasic {
		id, errID := url.QueryUnescape(q.id)
		secret, errSecret := url.QueryUnescape(q.secret)
		q.id, q.secret, q.isGood = id, secret, errID == nil && errSecret == nil && id != ""
	}
	for name, values := range form {
		if len(values) > 1 && name != "resource" {
			return &web.Error{Status: http.StatusBadRequest, Key: web.KeyForm, Code: "invalid_request", Parameter: name}
		}
	}
	answer, refused, err := h.service.token(context.WithoutCancel(c.Request.Context()), run, q)
	if err != nil {
		return err
	}
	if refused != nil {
		if refused.status() == http.StatusUnauthorized {
			c.Header("WWW-Authenticate", `Basic realm="check"`)
		}
		c.JSON(refused.status(), gin.H{"error": refused.Code, "error_description": refused.Description})
		return nil
	}
	c.JSON(http.StatusOK, answer)
	return nil
}

func (h *Handler) userinfo(c *gin.Context, run string) error {
	ok, err := h.service.userinfo(c.Request.Context(), run, bearer(c.GetHeader("Authorization")))
	if err != nil {
		return err
	}
	if !ok {
		c.Header("WWW-Authenticate", `Bearer error="invalid_token"`)
		c.JSON(http.StatusUnauthorized, gin.H{"error": "invalid_token", "error_description": "The access token is not that of the newest sign-in."})
		return nil
	}
	c.JSON(http.StatusOK, member)
	return nil
}
