package web

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/seal"
)

// CSRFField is the name of the hidden field that carries Layout.CSRF.
const CSRFField = "csrf"

const csrfSize = 32 // bytes of mask, and of MAC

// csrfToken is a random mask and the masked MAC over the browser cookie: it differs
// on each page, so that compression cannot leak it, and needs no storage.
func (w *Web) csrfToken(browser []byte) string {
	if browser == nil {
		return ""
	}
	token := make([]byte, 2*csrfSize)
	rand.Read(token[:csrfSize])
	subtle.XORBytes(token[csrfSize:], token[:csrfSize], w.keyring.MAC(seal.CSRF, browser))
	return base64.RawURLEncoding.EncodeToString(token)
}

func (w *Web) validCSRF(token string, browser []byte) bool {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != 2*csrfSize || browser == nil {
		return false
	}
	mac := make([]byte, csrfSize)
	subtle.XORBytes(mac, raw[:csrfSize], raw[csrfSize:])
	return w.keyring.VerifyMAC(seal.CSRF, mac, browser)
}

// checkCSRF lets an unsafe request pass only from a page of ours (S-26).
func (w *Web) checkCSRF(c *gin.Context) {
	switch c.Request.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return
	}
	if err := w.ownForm(c); err != nil {
		w.abort(c, &Error{Status: http.StatusForbidden, Key: KeyCookies, Err: err})
	}
}

// SameOrigin reports whether a request of the Entry group comes from a form of ours,
// as the Pages group demands of each.
func (w *Web) SameOrigin(c *gin.Context) bool { return w.ownForm(c) == nil }

func (w *Web) ownForm(c *gin.Context) error {
	if err := w.sameOrigin(c.Request); err != nil {
		return err
	}
	if !w.validCSRF(Form(c).Get(CSRFField), requestOf(c).browser) {
		return errors.New("no valid form token")
	}
	return nil
}

// sameOrigin judges by Sec-Fetch-Site, and by Origin only where that is missing; see
// the package comment for "null".
func (w *Web) sameOrigin(r *http.Request) error {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return nil
	case "":
	default:
		return errors.New("the request comes from another site")
	}
	switch origin := r.Header.Get("Origin"); {
	case origin == "", origin == "null", strings.EqualFold(origin, w.origin):
		return nil
	}
	return errors.New("the request comes from another origin")
}
