package selfservice

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// ErrEmailHeld means that a change of the address waits already.
var ErrEmailHeld = errors.New("selfservice: a change of the address is held already")

// Emails holds a member's change of address until the old address has had time to stop it (S-53).
type Emails interface {
	// HoldEmail begins the hold. It takes part in the transaction of ctx. The error is ErrEmailHeld, accounts.ErrNoSession if the
	// session has ended meanwhile, or the database's.
	HoldEmail(ctx context.Context, session accounts.Session, email string) error
	// HeldEmail returns the new address, "" if it is not shown, and when the change will be made, zero if none is on hold.
	HeldEmail(ctx context.Context, accountID uuid.UUID) (email string, until time.Time, err error)
	// StopOwn ends the member's change that is on hold: a new password means that somebody else may have asked for
	// it. It takes part in the transaction of ctx.
	StopOwn(ctx context.Context, accountID uuid.UUID) error
	// StoppedOwn reports whether the password that was set at an instant stopped such a change.
	StoppedOwn(ctx context.Context, accountID uuid.UUID, set time.Time) (bool, error)
}

// emailPage shows the address, and accepts another if members may change it themselves.
type emailPage struct {
	Email, New string
	emailAccess
	Pending            time.Time // when a change on hold will be made; zero if there is none
	Wanted, WantedSame string    // as typed
}

// emailCodePage asks for the code that was mailed to an address.
type emailCodePage struct{ Address string }

func (h *Handler) showEmail(c *gin.Context) error {
	session, _, ok, err := h.emailSession(c)
	if !ok {
		return err
	}
	return h.emailForm(c, session, http.StatusOK, emailPage{})
}

// factorAge is how old a second step must be for a change of address: whoever has found out a password alone could add
// one and then take over the mailbox.
const factorAge = 24 * time.Hour

// emailAccess says whether a member may change the address, and if not, what would help.
type emailAccess struct {
	Open        bool
	NeedsFactor bool      // a second step
	From        time.Time // waiting: the second step is new
}

// emailAccess reads it. The operator vouches for the address of a person of the support desk.
func (h *Handler) emailAccess(ctx context.Context, session accounts.Session) (emailAccess, error) {
	if h.emails == nil || session.MemberID == uuid.Nil {
		return emailAccess{}, nil
	}
	if !h.emailNeedsFactor {
		return emailAccess{Open: true}, nil
	}
	list, err := h.service.EnrolledFactors(ctx, session.AccountID)
	if err != nil {
		return emailAccess{}, err
	}
	from := time.Time{}
	for _, f := range list {
		counts := f.Since.Add(factorAge)
		if f.UsableFrom.After(counts) {
			counts = f.UsableFrom
		}
		if f.Factor != accounts.SavedCodes && (from.IsZero() || counts.Before(from)) {
			from = counts
		}
	}
	switch {
	case from.IsZero():
		return emailAccess{NeedsFactor: true}, nil
	case from.After(h.now()):
		return emailAccess{From: from}, nil
	}
	return emailAccess{Open: true}, nil
}

// emailSession requires a fresh sign-in if something can be changed.
func (h *Handler) emailSession(c *gin.Context) (session accounts.Session, open, ok bool, err error) {
	if session, ok, err = h.Require(c); !ok || err != nil {
		return session, false, false, err
	}
	access, err := h.emailAccess(c.Request.Context(), session)
	if access.Open && err == nil {
		session, ok, err = h.RequireFresh(c, accounts.Fresh)
	}
	return session, access.Open, ok && err == nil, err
}

func (h *Handler) emailForm(c *gin.Context, session accounts.Session, status int, page emailPage, problems ...templates.Problem) error {
	account, err := h.service.Get(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	page.Email = account.Email
	if h.emails != nil {
		if page.New, page.Pending, err = h.emails.HeldEmail(c.Request.Context(), session.AccountID); err != nil {
			return err
		}
	}
	if page.Pending.IsZero() {
		if page.emailAccess, err = h.emailAccess(c.Request.Context(), session); err != nil {
			return err
		}
	}
	opts := []web.PageOption{web.WithProblems(problems...)}
	if !page.Pending.IsZero() { // the page itself says so
		beside, err := h.beside(c, session)
		if err != nil {
			return err
		}
		beside.Held = slices.DeleteFunc(beside.Held, func(held templates.HeldChange) bool { return held.Act == "change_email" })
		opts = append(opts, web.OfAccount(beside))
	}
	return h.page(c, status, "email", session, page, opts...)
}

func (h *Handler) changeEmail(c *gin.Context) error {
	session, open, ok, err := h.emailSession(c)
	if !ok {
		return err
	}
	if !open {
		return web.SeeOther(c, "/account/email")
	}
	page := emailPage{Wanted: web.Form(c).Get("email"), WantedSame: web.Form(c).Get("email_again")}
	_, held, err := h.emails.HeldEmail(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	if !held.IsZero() {
		return web.SeeOther(c, "/account/email")
	}
	address, err := accounts.ParseEmail(page.Wanted)
	if err != nil {
		return h.emailForm(c, session, http.StatusUnprocessableEntity, page, accounts.Problem("email", "registration.credentials.email_", err, nil))
	}
	if again, err := accounts.ParseEmail(page.WantedSame); err != nil || !accounts.SameEmail(address, again) {
		return h.emailForm(c, session, http.StatusUnprocessableEntity, page, templates.Problem{Field: "email_again", Key: "registration.credentials.email_mismatch"})
	}
	address, ask := accounts.MeantEmail(address, web.Form(c).Get("meant"))
	if ask != nil {
		return h.emailForm(c, session, http.StatusUnprocessableEntity, page, *ask)
	}
	account, err := h.service.Get(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	if accounts.SameEmail(address, account.Email) {
		return h.emailForm(c, session, http.StatusUnprocessableEntity, page, templates.Problem{Field: "email", Key: "accounts.email.same"})
	}
	err = h.service.StartEmailProof(c.Request.Context(), account, session.SID, web.Source(c), address)
	if limit, ok := errors.AsType[*ratelimit.Exceeded](err); ok {
		if awaited, _, err := h.service.EmailProof(c.Request.Context(), session.AccountID, session.SID); err == nil && accounts.SameEmail(awaited, address) { // a second press
			return web.SeeOther(c, "/account/email/code")
		}
		return h.emailForm(c, session, http.StatusTooManyRequests, page, codeWait(limit))
	}
	if err != nil {
		return err
	}
	return web.SeeOther(c, "/account/email/code")
}

// emailProofOf returns the address that awaits its code, and how many tries are left. done means that there is none and that the
// member was sent back.
func (h *Handler) emailProofOf(c *gin.Context) (session accounts.Session, address string, left int, done bool, err error) {
	session, open, ok, err := h.emailSession(c)
	if !ok {
		return session, "", 0, true, err
	}
	if !open {
		return session, "", 0, true, web.SeeOther(c, "/account/email")
	}
	address, left, err = h.service.EmailProof(c.Request.Context(), session.AccountID, session.SID)
	if errors.Is(err, accounts.ErrNoPending) {
		return session, "", 0, true, h.emailCodeGone(c, session, err)
	}
	return session, address, left, err != nil, err
}

// emailCodeGone leads back to the form, and explains why a typed code has no effect, unless it already took effect.
func (h *Handler) emailCodeGone(c *gin.Context, session accounts.Session, cause error) error {
	if !web.Form(c).Has("code") {
		return web.SeeOther(c, "/account/email")
	}
	_, held, err := h.emails.HeldEmail(c.Request.Context(), session.AccountID)
	if err != nil || !held.IsZero() {
		return cmp.Or(err, web.SeeOther(c, "/account/email?note=proven")) // which says so after a second press
	}
	return h.web.SeeRefused(c, "/account/email", http.StatusUnprocessableEntity, noCode(cause))
}

func (h *Handler) showEmailCode(c *gin.Context) error {
	session, address, left, done, err := h.emailProofOf(c)
	if done {
		return err
	}
	opts := []web.PageOption{web.TriesLeft("registration.code.wrong", left)}
	if c.Query("note") == "resent" && h.web.JustDone(c) {
		opts = append(opts, web.WithNotice("ok", "registration.code.resent", nil))
	}
	return h.page(c, http.StatusOK, "email_code", session, emailCodePage{address}, opts...)
}

// resendEmail mails another code to the same address, which voids the one before.
func (h *Handler) resendEmail(c *gin.Context, session accounts.Session, address string) error {
	account, err := h.service.Get(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	err = h.service.StartEmailProof(c.Request.Context(), account, session.SID, web.Source(c), address)
	if limit, ok := errors.AsType[*ratelimit.Exceeded](err); ok {
		return h.page(c, http.StatusTooManyRequests, "email_code", session, emailCodePage{address}, web.WithProblems(codeWait(limit)))
	}
	if err != nil {
		return err
	}
	return h.web.SeeDone(c, "/account/email/code?note=resent")
}

// codeWait says how long until another code can be sent.
func codeWait(limit *ratelimit.Exceeded) templates.Problem {
	key := "registration.code.resend_limit"
	if limit.Limit == accounts.MailGap.Name {
		key = "registration.code.resend_wait"
	}
	return templates.Problem{Key: key, Args: templates.Args{"time": limit.RetryAfter()}}
}

func (h *Handler) proveEmail(c *gin.Context) error {
	session, address, _, done, err := h.emailProofOf(c)
	if done {
		return err
	}
	if web.Form(c).Get("act") == "resend" {
		return h.resendEmail(c, session, address)
	}
	typed := web.Form(c).Get("code")
	left, err := h.service.ProveEmail(c.Request.Context(), session.AccountID, session.SID, typed, func(ctx context.Context, email string) error {
		return h.emails.HoldEmail(ctx, session, email)
	})
	problem := templates.Problem{Field: "code", Key: "registration.code.format"}
	switch {
	case err == nil:
		return h.back(c, "/account/email", "proven")
	case errors.Is(err, accounts.ErrNoPending), errors.Is(err, ErrEmailHeld):
		return h.emailCodeGone(c, session, err)
	case errors.Is(err, accounts.ErrCodeFormat) && typed == "":
		problem.Key = "registration.code.missing"
	case errors.Is(err, accounts.ErrCodeFormat):
	case errors.Is(err, accounts.ErrWrongCode) && left == 0: // nothing is asked here any more
		return h.web.SeeRefused(c, "/account/email", http.StatusUnprocessableEntity, templates.Problem{Key: "registration.code.ended"})
	case errors.Is(err, accounts.ErrWrongCode):
		problem.Key, problem.Args = "registration.code.wrong", templates.Args{"n": left}
	default:
		return err
	}
	return h.page(c, http.StatusUnprocessableEntity, "email_code", session, emailCodePage{address}, web.WithProblems(problem))
}
