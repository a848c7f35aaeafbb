package registration

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/web"
)

// reviewPage shows everything for a last look: secrets as set, birth date and number masked.
type reviewPage struct {
	FirstName, LastName, Suffix, MemberNumber string
	BirthYear                                 int
	Username, Email, Question                 string
	AgreedAt                                  time.Time
	Certification                             Document
}

func (h *Handler) reviewPage(c *gin.Context, r *Registration) reviewPage {
	card, _ := r.Identity.Parse(h.service.Now(), h.service.Roster.ParseMemberNumber) // it was matched
	return reviewPage{
		FirstName: r.Identity.FirstName, LastName: r.Identity.LastName, Suffix: r.Identity.Suffix, MemberNumber: card.MemberNumber, BirthYear: card.BirthDate.Year,
		Username: r.Credentials.Username, Email: r.Credentials.Address, Question: r.Credentials.Question, AgreedAt: r.AgreedAt,
		Certification: h.service.Legal.Certification(h.service.Now(), web.Lang(c)),
	}
}

func (h *Handler) showReview(c *gin.Context) error {
	r, err := h.at(c, stepReview)
	if err != nil {
		return err
	}
	return h.review(c, http.StatusOK, r, nil)
}

func (h *Handler) review(c *gin.Context, status int, r *Registration, wrong problems) error {
	flow, err := h.flow(c, r)
	if err != nil {
		return err
	}
	return h.web.Page(c, status, "registration/review", h.reviewPage(c, r),
		web.WithApp(flow.App), web.WithProblems(wrong...), person(r))
}

func (h *Handler) submitReview(c *gin.Context) error {
	switch act(c, "finish") {
	case "leave":
		return h.leave(c, "left", "")
	case "previous":
		return web.SeeOther(c, withFlow(stepCredentials.Path, web.Flow(c)))
	}
	var wrong problems
	if web.Form(c).Get("certify") != "yes" {
		r, err := h.at(c, stepReview)
		if err != nil {
			return err
		}
		wrong.add("certify", "registration.review.certify_missing")
		return h.review(c, http.StatusUnprocessableEntity, r, wrong)
	}
	var opened func()
	r, err := h.service.Finish(c.Request.Context(), h.visit(c), web.Form(c).Get("certification"), func(b *pgx.Batch, account accounts.Account) {
		opened = h.sessions.QueueSignIn(c, b, account, []string{"pwd"})
	})
	switch {
	case errors.Is(err, ErrUsernameTaken):
		return web.SeeOther(c, withFlow(stepCredentials.Path, web.Flow(c)))
	case errors.Is(err, ErrHasAccount):
		wrong.add("", "registration.review.card_taken")
		return h.review(c, http.StatusConflict, r, wrong)
	case errors.Is(err, ErrNoMatch):
		return h.web.SeeRefused(c, stepPersonal.Path, http.StatusUnprocessableEntity, noMatch(r)...)
	case err != nil:
		return err
	}
	opened()
	flow, err := h.flow(c, r)
	if err != nil {
		return err
	}
	h.web.ClearCookie(c, cookie)
	h.web.SetCookie(c, finishedCookie, url.QueryEscape(r.owner()), repeat)
	if flow.Live {
		return web.SeeOther(c, h.service.Resume(flowID(c, r)))
	}
	return web.SeeOther(c, withFlow(pathDone, flowID(c, r)))
}

// initiateLogin is the address at which an app starts a sign-in with this provider (OpenID Connect Core 4), or "".
func initiateLogin(uri, issuer string) string {
	u, err := url.Parse(uri)
	if uri == "" || err != nil {
		return ""
	}
	query := u.Query()
	query.Set("iss", issuer)
	u.RawQuery = query.Encode()
	return u.String()
}

// donePage is shown at the end if no app is waiting.
type donePage struct{ Username, AppURI string }

func (h *Handler) showDone(c *gin.Context) error {
	session, ok := h.sessions.Current(c)
	if !ok {
		return web.SeeOther(c, withFlow("/login", web.Flow(c)))
	}
	if session.Unsettled { // from another system, and not in this browser
		return web.SeeOther(c, withFlow("/account", web.Flow(c)))
	}
	flow, err := h.flow(c, nil)
	if err != nil {
		return err
	}
	if flow.Live {
		return web.SeeOther(c, h.service.Resume(web.Flow(c)))
	}
	return h.web.Page(c, http.StatusOK, "registration/done", donePage{session.Username, initiateLogin(flow.InitiateLoginURI, h.service.Issuer)},
		web.WithApp(flow.App), web.SignedIn(session.Username))
}
