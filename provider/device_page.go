package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/ory/fosite"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// deviceCookie carries the typed user code from the code page through sign-in to the confirm page. It is of the person
// who typed it: whoever comes next is never asked to allow a screen of somebody else's.
const deviceCookie = "device_flow"

// deviceCode returns the code that the person at the browser has typed, "" for none.
func (h *Handler) deviceCode(c *gin.Context) string {
	if h.web.Asks(c, web.OfDevice) {
		return ""
	}
	return h.web.Cookie(c, deviceCookie)
}

// deviceProof requires a fresh proof before a device is approved: its grant outlives the session (S-20).
const deviceProof = "/reauth?return=/device/confirm"

// userCodeTries limits the wrong codes that one person types in a browser (S-30). One that is sent again, by a second tap or a reload, counts
// once.
var (
	userCodeTries = ratelimit.Limit{Name: "user_code", Count: 5, Per: deviceLife}
	userCodeAgain = ratelimit.Limit{Name: "user_code_again", Count: 1, Per: deviceLife}
)

type devicePage struct{ UserCode string }

// deviceConfirmPage names the app; nothing is approved before the button is pressed.
type deviceConfirmPage struct{ App, UserCode, Username string }

type deviceDonePage struct{ Allowed bool }

// showDevice shows the field for the code, prefilled from ?user_code= but never submitted automatically.
func (h *Handler) showDevice(c *gin.Context) error {
	h.web.LinkOpened(c)
	var opts []web.PageOption
	switch note := c.Query("note"); {
	case !h.web.JustDone(c):
	case note == "none", note == "expired":
		opts = append(opts, web.WithNotice("info", "provider.device."+note, nil))
	}
	return h.web.Page(c, http.StatusOK, "provider/device", devicePage{web.Clip(c.Query("user_code"), repeatedMax)}, opts...)
}

func (h *Handler) submitDevice(c *gin.Context) error {
	ctx, typed, person := c.Request.Context(), web.Form(c).Get("user_code"), h.web.Person(c)
	problem := func(status int, key string, args templates.Args) error {
		return h.web.Page(c, status, "provider/device", devicePage{web.Clip(typed, repeatedMax)}, web.WithProblems(templates.Problem{Field: "user_code", Key: key, Args: args}))
	}
	if err := h.service.limiter.Take(ctx, userCodeTries, person, h.now()); err != nil { // reserved, then judged (S-10)
		if exceeded, ok := errors.AsType[*ratelimit.Exceeded](err); ok {
			web.RetryAfter(c, exceeded.RetryAfter())
			return problem(http.StatusTooManyRequests, "provider.device.ended", templates.Args{"time": exceeded.RetryAfter()})
		}
		return err
	}
	request, err := h.service.pendingDevice(ctx, typed)
	wrong := errors.Is(err, fosite.ErrNotFound)
	if err != nil && !wrong {
		return err
	}
	if wrong {
		err = h.service.limiter.Take(ctx, userCodeAgain, person+canonicalUserCode(typed), h.now())
	}
	if _, again := errors.AsType[*ratelimit.Exceeded](err); again || !wrong {
		b := &pgx.Batch{}
		h.service.limiter.QueueReturn(b, userCodeTries.Name, person)
		err = h.service.store.db.From(ctx).SendBatch(ctx, b).Close()
	}
	switch {
	case err != nil:
		return err
	case wrong:
		return problem(http.StatusUnprocessableEntity, "provider.device.wrong", nil)
	case !h.now().Before(request.ExpiresAt) || request.Decision != nil:
		return problem(http.StatusUnprocessableEntity, "provider.device.expired", nil)
	}
	h.web.SetCookie(c, deviceCookie, canonicalUserCode(typed), deviceLife)
	h.web.Began(c, web.OfDevice)
	return web.SeeOther(c, "/device/confirm")
}

func (s *Service) pendingDevice(ctx context.Context, userCode string) (*deviceRequest, error) {
	return s.store.deviceByUserCode(ctx, s.userCodeMAC(userCode))
}

// deviceInHand returns the device request that the browser's cookie names, its client and the member's session; done
// reports that the response has already been written.
func (h *Handler) deviceInHand(c *gin.Context) (request *deviceRequest, client *Client, session *accounts.Session, done bool, err error) {
	if session, err = h.mine(c); err != nil {
		return nil, nil, nil, true, err
	}
	if session == nil {
		if left, err := h.sessionOver(c, ""); left || err != nil {
			return nil, nil, nil, true, err
		}
	}
	code := h.deviceCode(c)
	if code == "" {
		return nil, nil, nil, true, h.web.SeeDone(c, "/device?note=none")
	}
	if session == nil {
		return nil, nil, nil, true, web.SeeOther(c, "/login?back=1") // the same person goes on
	}
	if session.Unsettled {
		return nil, nil, nil, true, web.SeeOther(c, accounts.WelcomePath+"?return=/device/confirm")
	}
	request, err = h.service.pendingDevice(c.Request.Context(), code)
	if err == nil {
		client, err = h.service.clients.Find(c.Request.Context(), request.ClientID)
	}
	switch {
	case err == nil && request.Decision != nil: // a second press
		h.web.ClearCookie(c, deviceCookie)
		return nil, nil, nil, true, h.deviceDone(c, *request.Decision == deviceAllowed)
	case errors.Is(err, fosite.ErrNotFound), errors.Is(err, ErrNoClient), err == nil && !h.now().Before(request.ExpiresAt):
		h.web.ClearCookie(c, deviceCookie)
		return nil, nil, nil, true, h.web.SeeDone(c, "/device?note=expired")
	case err != nil:
		return nil, nil, nil, true, err
	case accounts.Rank(session.ACR) < h.service.minimumACR(client, request.Scopes): // S-19
		factors, err := h.accounts.Factors(c.Request.Context(), session.AccountID)
		if err == nil && factors.Any() {
			return nil, nil, nil, true, web.SeeOther(c, deviceProof)
		}
		if err == nil {
			err = web.SeeOther(c, "/account/factors")
		}
		return nil, nil, nil, true, err
	}
	return request, client, session, false, nil
}

// deviceProven reports whether the sign-in is fresh; otherwise the browser is sent to prove it, and returns.
func (h *Handler) deviceProven(c *gin.Context, session *accounts.Session) (bool, error) {
	fresh, err := h.sessions.Fresh(c, *session, accounts.Fresh)
	if err == nil && !fresh {
		err = web.SeeOther(c, deviceProof)
	}
	return fresh && err == nil, err
}

func (h *Handler) showDeviceConfirm(c *gin.Context) error {
	_, client, session, done, err := h.deviceInHand(c)
	if done || err != nil {
		return err
	}
	if proven, err := h.deviceProven(c, session); !proven {
		return err
	}
	code := h.web.Cookie(c, deviceCookie)
	page := deviceConfirmPage{App: client.in(web.Lang(c)).Name, UserCode: code[:4] + "-" + code[4:], Username: session.Username}
	opts := []web.PageOption{web.SignedIn(session.Username)}
	if c.Query("note") == "other" && h.web.JustDone(c) {
		opts = append(opts, web.WithNotice("warn", "provider.device.other", nil))
	}
	return h.web.Page(c, http.StatusOK, "provider/device_confirm", page, opts...)
}

func (h *Handler) decideDevice(c *gin.Context) error {
	if taken, err := h.takeBackDevice(c); taken || err != nil {
		return err
	}
	request, client, session, done, err := h.deviceInHand(c)
	if done || err != nil {
		return err
	}
	if shown := web.Form(c).Get("user_code"); canonicalUserCode(shown) != h.web.Cookie(c, deviceCookie) { // another device was begun in the meantime
		return h.web.SeeDone(c, "/device/confirm?note=other")
	}
	allowed := web.Form(c).Get("act") == "allow"
	if allowed { // a refusal needs no proof
		if proven, err := h.deviceProven(c, session); !proven {
			return err
		}
	}
	if err := h.service.decideDevice(c.Request.Context(), request, client, session, allowed, h.now()); err != nil {
		return err
	}
	h.web.ClearCookie(c, deviceCookie)
	return h.deviceDone(c, allowed)
}

// takeBackDevice ends what the member allowed the screen of this very page: who comes back to it and refuses means it.
func (h *Handler) takeBackDevice(c *gin.Context) (taken bool, err error) {
	form := web.Form(c)
	if form.Get("act") == "allow" || form.Get("user_code") == "" {
		return false, nil
	}
	session, err := h.mine(c)
	if session == nil || err != nil {
		return false, err
	}
	request, err := h.service.pendingDevice(c.Request.Context(), form.Get("user_code"))
	if err != nil || request.Decision == nil || *request.Decision != deviceAllowed {
		if errors.Is(err, fosite.ErrNotFound) {
			err = nil
		}
		return false, err
	}
	if taken, err = h.service.disconnect(c.Request.Context(), request, session, h.now()); !taken {
		return false, err
	}
	h.web.ClearCookie(c, deviceCookie)
	return true, h.deviceDone(c, false)
}

// disconnect ends the grant that a member gave a device, and reports whether there was one.
func (s *Service) disconnect(ctx context.Context, d *deviceRequest, session *accounts.Session, now time.Time) (ended bool, err error) {
	account, err := s.accounts.Get(ctx, session.AccountID)
	if err != nil {
		return false, err
	}
	err = s.store.db.InTx(ctx, func(ctx context.Context) error {
		tag, err := s.store.db.From(ctx).Exec(ctx, `
			with ended as (
				update grants set revoked_at = $3 where code_hash = $1 and account_id = $2 and revoked_at is null returning id
			)
			update device_codes set decision = $4 where device_hash = $1 and exists (select from ended)`, d.DeviceHash, session.AccountID, now, deviceDenied)
		if ended = tag.RowsAffected() > 0; err != nil || !ended {
			return err
		}
		b := &pgx.Batch{}
		s.store.audit.Queue(ctx, b, audit.Event{Kind: audit.AppStopped, At: now, AccountID: session.AccountID.String(), ClientID: d.ClientID, SessionID: session.SID,
			RequestID: web.RequestID(ctx), Success: true, Data: s.called(d.ClientID)})
		if err := s.accounts.QueueNotice(ctx, b, account, "app_stopped", templates.Args{"at": now, "app": s.appNameIn(account.Language, d.ClientID)}); err != nil {
			return err
		}
		return s.store.db.Finish(ctx, b)
	})
	return ended, err
}

func (h *Handler) deviceDone(c *gin.Context, allowed bool) error {
	if allowed {
		return h.web.SeeDone(c, "/device/done?allowed=1")
	}
	return h.web.SeeDone(c, "/device/done")
}

func (h *Handler) showDeviceDone(c *gin.Context) error {
	if !h.web.JustDone(c) {
		return web.SeeOther(c, "/device")
	}
	return h.web.Page(c, http.StatusOK, "provider/device_done", deviceDonePage{c.Query("allowed") == "1"})
}

// decideDevice records the member's decision once, with the grant that the device will redeem; the member is notified.
func (s *Service) decideDevice(ctx context.Context, d *deviceRequest, client *Client, session *accounts.Session, allowed bool, now time.Time) error {
	decision, kind := deviceDenied, audit.DeviceDenied
	if allowed {
		decision, kind = deviceAllowed, audit.DeviceAllowed
	}
	account, err := s.accounts.Get(ctx, session.AccountID)
	if err != nil {
		return err
	}
	return s.store.db.InTx(ctx, func(ctx context.Context) error {
		tag, err := s.store.db.From(ctx).Exec(ctx, `
			update device_codes set decision = $2 where device_hash = $1 and decision is null and expires_at > $3`, d.DeviceHash, decision, now)
		if err != nil || tag.RowsAffected() == 0 {
			return err // already decided: a second click
		}
		b := &pgx.Batch{}
		if allowed {
			g := &grant{ID: uuid.Must(uuid.NewV7()), ClientID: client.ID, AccountID: session.AccountID, Subject: session.Subject, SID: session.SID,
				Scopes: d.Scopes, Audience: d.Audience, AuthTime: session.AuthTime, ACR: session.ACR, AMR: session.AMR, CodeHash: d.DeviceHash,
				CodeExpiresAt: d.ExpiresAt, CreatedAt: now, ExpiresAt: session.AuthTime.Add(refreshAbsolute)}
			queueGrant(b, g)
			s.store.queueAllowed(ctx, b, session, client, now)
			if err := s.accounts.QueueNotice(ctx, b, account, "device_allowed", templates.Args{"at": now, "app": client.in(account.Language).Name}); err != nil {
				return err
			}
		}
		s.store.audit.Queue(ctx, b, audit.Event{Kind: kind, At: now, AccountID: session.AccountID.String(), ClientID: client.ID,
			SessionID: session.SID, RequestID: web.RequestID(ctx), Success: true})
		if err := s.store.db.From(ctx).SendBatch(ctx, b).Close(); err != nil {
			return fmt.Errorf("recording the member's word: %w", err)
		}
		return nil
	})
}
