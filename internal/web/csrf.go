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

const (
	csrfSize  = 32                   // bytes of the MAC
	tokenSize = csrfSize + ownerSize // and of the mask
	ownerSize = 16
)

// owner identifies whose form it is: a kind and a digest of an ID. The zero owner is nobody, as on the sign-in page.
type owner [ownerSize]byte

// OwnerKind is the kind of thing that a form belongs to.
type OwnerKind byte

// The kinds of owners.
const (
	OfSession OwnerKind = iota + 1
	OfRegistration
	OfRecovery
	OfSignIn    // that waits for its second step; the ID is the account's
	OfDevice    // a screen's code that was typed
	OfReference // a reference number for support
)

func ownerOf(kind OwnerKind, id string) (o owner) {
	o[0] = byte(kind)
	copy(o[1:], seal.Digest(id))
	return o
}

// Belongs declares the owner of the request: pages in the response are rendered for it, and a form rendered for another
// owner of the same kind makes it return false. The one function that finds a request's session (or registration, …)
// calls it.
func Belongs(c *gin.Context, kind OwnerKind, id string) bool {
	r := requestOf(c)
	r.owner = ownerOf(kind, id)
	r.owners = append(r.owners, r.owner)
	return !OfAnother(c, kind, id)
}

// OfAnother reports whether the posted form was rendered for another owner of this kind.
func OfAnother(c *gin.Context, kind OwnerKind, id string) bool {
	r := requestOf(c)
	return OwnerKind(r.formOwner[0]) == kind && r.formOwner != ownerOf(kind, id)
}

// Owned reports whether the posted form, if any, was rendered for an owner of this kind: a page that acts on a session
// does not accept forms of the sign-in page or of a registration.
func Owned(c *gin.Context, kind OwnerKind) bool {
	return c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead || OwnerKind(requestOf(c).formOwner[0]) == kind
}

// csrfToken is a random mask and, masked by it, the owner and a MAC over browser cookie and owner. It differs on each
// page, so that compression cannot leak it, and needs no storage.
func (w *Web) csrfToken(browser []byte, o owner) string {
	if browser == nil {
		return ""
	}
	token := make([]byte, 2*tokenSize)
	rand.Read(token[:tokenSize])
	subtle.XORBytes(token[tokenSize:], token[:tokenSize], append(w.keyring.MAC(seal.CSRF, browser, o[:]), o[:]...))
	return base64.RawURLEncoding.EncodeToString(token)
}

func (w *Web) readCSRF(token string, browser []byte) (o owner, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != 2*tokenSize || browser == nil {
		return o, false
	}
	subtle.XORBytes(raw[:tokenSize], raw[:tokenSize], raw[tokenSize:])
	copy(o[:], raw[csrfSize:tokenSize])
	return o, w.keyring.VerifyMAC(seal.CSRF, raw[:csrfSize], browser, o[:])
}

// checkCSRF accepts unsafe requests only from our own pages (S-26).
func (w *Web) checkCSRF(c *gin.Context) {
	switch c.Request.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		if w.keepsNoCookies(c) {
			w.abort(c, &Error{Status: http.StatusForbidden, Key: KeyCookies})
			return
		}
		if f := w.openRefused(c); f != nil && f.Error != nil && c.Query(againQuery) == "" && f.age(w.now()) <= refusedError {
			c.Abort()
			w.showError(c, f)
		}
		return
	}
	err := w.ownForm(c)
	if answered := w.switchLanguage(c, err == nil); answered {
		c.Abort()
		return
	}
	if err != nil {
		w.testCookies(c)
		w.abort(c, &Error{Status: http.StatusForbidden, Key: KeyStale, Err: err})
		return
	}
	requestOf(c).ours = true
	if w.guard != nil && OwnerKind(requestOf(c).formOwner[0]) == OfSession {
		if err := w.guard(c); err != nil {
			w.abort(c, err)
		}
	}
}

// GuardForms runs guard before the handler of every form on a signed-in page: the current session must be the form's,
// see Belongs.
func (w *Web) GuardForms(guard func(*gin.Context) error) { w.guard = guard }

// SameOrigin reports whether a request of the Entry group comes from our own form, as the Pages group requires.
func (w *Web) SameOrigin(c *gin.Context) bool { return w.ownForm(c) == nil }

func (w *Web) ownForm(c *gin.Context) error {
	if err := w.sameOrigin(c.Request); err != nil {
		return err
	}
	r, ok := requestOf(c), false
	if r.formOwner, ok = w.readCSRF(Form(c).Get(CSRFField), r.browser); !ok {
		return errors.New("no valid form token")
	}
	return nil
}

// sameOrigin decides by Sec-Fetch-Site, or by Origin where that is missing; the package comment explains "null".
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
