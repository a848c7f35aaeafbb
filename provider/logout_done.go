package provider

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/ory/fosite"

	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// finishLogout redirects to the page that loads the apps' logout addresses and continues to the app whose address is
// proven: browsers apply the form-action of the previous page to redirects after a post.
func (h *Handler) finishLogout(c *gin.Context, r logoutRequest, f logoutResult) error {
	if r.refused != "" {
		f.Refused, f.Number = web.Clip(r.refused, repeatedMax), web.RequestID(c.Request.Context())
		if r.client != nil {
			h.noteError(c, r.client.ID, r.values, worded(fosite.ErrInvalidRequest, "The post_logout_redirect_uri is not registered for this client."))
		}
	}
	if r.target == "" && len(f.Frames) == 0 && f.Stay == "" && f.Open == "" && f.Refused == "" {
		return web.SeeOther(c, "/logout/done")
	}
	f.Target, f.Lang = r.target, web.Lang(c)
	if r.client != nil {
		f.App = r.client.in(web.Lang(c)).Name
	}
	sealed, err := h.service.sealLogoutResult(f)
	if err != nil {
		return err
	}
	return web.SeeOther(c, "/logout/done?r="+sealed)
}

// signedOutPage has neither app nor frames if no app asked.
type signedOutPage struct {
	ToAppURI string
	Stay     string // names of the apps that keep their access
	Open     string // names of the apps that were not notified of the end
	Frames   []string
	Refused  string // the address that was sent and is not registered, for the app's developer
	Number   string // of the request that sent it
}

// frameTime is how long the apps' logout addresses may load; with script the page continues sooner.
const frameTime = 3 * time.Second

func (h *Handler) logoutDone(c *gin.Context) error {
	f := h.service.openLogoutResult(c.Query("r"))
	h.web.UseLanguage(c, f.Lang) // the session that knew it has ended
	if session, err := h.current(c); err != nil {
		return err
	} else if session != nil && f.Until.IsZero() { // opened by its address
		return web.SeeOther(c, "/logout")
	}
	if web.Kiosk(c) {
		web.ClearSite(c)
	}
	opts, wait := []web.PageOption{web.WithApp(f.App)}, time.Duration(0)
	if len(f.Frames) > 0 {
		policy := c.Writer.Header().Get("Content-Security-Policy")
		c.Header("Content-Security-Policy", policy+"; frame-src "+strings.Join(schemes(f.Frames), " ")) // their redirects may go anywhere
		wait = frameTime
	}
	if f.Target != "" {
		opts = append(opts, web.Onward(f.Target, wait))
	}
	return h.web.Page(c, http.StatusOK, "provider/signed_out", signedOutPage{f.Target, f.Stay, f.Open, f.Frames, f.Refused, f.Number}, opts...)
}

// schemes returns the schemes of addresses in the form of a Content-Security-Policy.
func schemes(addresses []string) (all []string) {
	for _, address := range addresses {
		scheme, _, _ := strings.Cut(address, ":")
		if !slices.Contains(all, scheme+":") {
			all = append(all, scheme+":")
		}
	}
	return all
}

// logoutResult is what the signed-out page shows once, sealed in its address.
type logoutResult struct {
	Lang    string    `json:"lang,omitempty"` // of the names
	App     string    `json:"app,omitempty"`
	Target  string    `json:"target,omitempty"`
	Stay    string    `json:"stay,omitempty"`
	Open    string    `json:"open,omitempty"`
	Frames  []string  `json:"frames,omitempty"`
	Refused string    `json:"refused,omitempty"` // post_logout_redirect_uri that is not registered, clipped
	Number  string    `json:"number,omitempty"`  // of the request that sent it
	Until   time.Time `json:"until"`
}

// logoutResultPlace keeps its first name, so that pages sealed before an upgrade can be opened.
var logoutResultPlace = seal.Place{Table: "farewell", Column: "address", Row: "r"}

func (s *Service) sealLogoutResult(f logoutResult) (string, error) {
	f.Until = s.now().Add(5 * time.Minute)
	plain, err := json.Marshal(f)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(s.store.keyring.Seal(seal.Session, logoutResultPlace, plain)), nil
}

// openLogoutResult reads it back; an expired or invalid one is empty.
func (s *Service) openLogoutResult(text string) logoutResult {
	var f logoutResult
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return logoutResult{}
	}
	plain, err := s.store.keyring.OpenSent(seal.Session, logoutResultPlace, sealed)
	if err != nil || json.Unmarshal(plain, &f) != nil || s.now().After(f.Until) {
		return logoutResult{}
	}
	return f
}
