package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	browserCookie    = "browser"
	browserCookieAge = 180 * 24 * time.Hour
	browserSize      = 32 // bytes
)

func (w *Web) cookieName(name string) string {
	if w.secure {
		return "__Host-" + name
	}
	if w.sandbox { // all ports of localhost share cookies
		return "sandbox_" + name
	}
	return "idp_" + name
}

// SetCookie sets a cookie for this host only (S-24): HttpOnly, SameSite=Lax or Strict, Path=/, no Domain, Secure if the
// issuer is https. maxAge 0 means until the browser closes, as any does at a kiosk.
func (w *Web) SetCookie(c *gin.Context, name, value string, maxAge time.Duration) {
	if Kiosk(c) {
		maxAge = min(maxAge, 0)
	}
	site := http.SameSiteLaxMode
	if w.strict {
		site = http.SameSiteStrictMode
	}
	http.SetCookie(c.Writer, &http.Cookie{
		Name: w.cookieName(name), Value: value, Path: "/", MaxAge: int(maxAge / time.Second),
		Secure: w.secure, HttpOnly: true, SameSite: site,
	})
}

// ClearCookie deletes the cookie in the browser.
func (w *Web) ClearCookie(c *gin.Context, name string) { w.SetCookie(c, name, "", -time.Second) }

// Cookie returns the cookie's value, or "".
func (w *Web) Cookie(c *gin.Context, name string) string {
	cookie, err := c.Request.Cookie(w.cookieName(name))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// Browser returns the SHA-256 digest of the browser cookie, which binds a flow to the browser that began it; nil if the
// browser sent none and this is not a GET.
func Browser(c *gin.Context) []byte {
	secret := requestOf(c).browser
	if secret == nil {
		return nil
	}
	sum := sha256.Sum256(secret)
	return sum[:]
}

// FromElsewhere reports whether another site led the browser here: SameSite=Strict cookies are then missing even if the
// browser has them.
func FromElsewhere(c *gin.Context) bool { return c.GetHeader("Sec-Fetch-Site") == "cross-site" }

// browserCookie reads the browser cookie and sets it on the first GET. A POST from another site comes without cookies
// and must not replace an existing one.
func (w *Web) browserCookie(c *gin.Context) {
	secret, err := base64.RawURLEncoding.DecodeString(w.Cookie(c, browserCookie))
	if err == nil && len(secret) == browserSize {
		requestOf(c).browser = secret
		return
	}
	if c.Request.Method != http.MethodGet || w.strict && FromElsewhere(c) {
		return
	}
	secret = make([]byte, browserSize)
	rand.Read(secret)
	requestOf(c).browser = secret
	w.SetCookie(c, browserCookie, base64.RawURLEncoding.EncodeToString(secret), browserCookieAge)
}

// cookieTest is a cookie, and the mark of an address that is opened after it was set. A form without its cookies tells
// nothing yet: they may have been deleted. A browser that comes back by that address without any keeps none.
const cookieTest = "cookies"

func (w *Web) testCookies(c *gin.Context) {
	if w.sameOrigin(c.Request) == nil {
		w.SetCookie(c, cookieTest, "1", 10*time.Minute)
	}
}

func withCookieTest(u *url.URL) string {
	query := u.Query()
	query.Set(cookieTest, "1")
	u.RawQuery = query.Encode()
	return u.RequestURI()
}

func (w *Web) keepsNoCookies(c *gin.Context) bool {
	return c.Query(cookieTest) != "" && w.Cookie(c, cookieTest) == "" && w.Cookie(c, browserCookie) == "" && !FromElsewhere(c)
}

// DeviceCookie proves an earlier sign-in in this browser (S-11); it changes with each sign-in.
const DeviceCookie = "device"

// passkeyCookie says that a passkey was made or used in this browser, by whomever: the sign-in page offers it among the
// suggestions of the username's field.
const (
	passkeyCookie    = "passkey"
	passkeyCookieAge = 180 * 24 * time.Hour
)

// KnowsPasskey reports whether the browser has the cookie.
func (w *Web) KnowsPasskey(c *gin.Context) bool { return w.Cookie(c, passkeyCookie) != "" }

// RememberPasskey sets or clears the cookie. A kiosk gets none.
func (w *Web) RememberPasskey(c *gin.Context, works bool) {
	switch {
	case works && !Kiosk(c):
		w.SetCookie(c, passkeyCookie, "1", passkeyCookieAge)
	case !works && w.KnowsPasskey(c):
		w.ClearCookie(c, passkeyCookie)
	}
}
