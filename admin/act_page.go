package admin

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// actPage is the form of an act: what will happen, what the member is notified of, and why it is done.
type actPage struct {
	ID                 string
	Name               string // username, "" without an account
	Act                string
	Ends               bool          // it takes something away
	Obstacles          []Obstacle    // for ReleaseLock: what can be released
	Second             bool          // a second person must approve it, because the member was helped often
	Asks               bool          // it is only asked for now
	Needs              string        // verified or better: the caller is not verified, or not well enough
	Nothing            *NothingError // there is nothing to act on
	MayNext            bool          // do what can be done instead
	Pending            *PendingError // such an act waits already
	MayStop, MayDecide bool          // what waits
	Form               bool          // there is something to fill in
	Key                string        // idempotency key of the form
	Version            string
	Lock               string
	Email              string
	Unproven           bool // nobody has confirmed the address on file
	Number             string
	Reason             string
	Ticket             string
}

// subjectOf returns the member that an act concerns, and the act.
func (h *Console) subjectOf(c *gin.Context, v visit) (*Subject, Act, error) {
	act := Act(c.Param("act"))
	if !rules[act].onMember {
		return nil, "", ErrNotFound
	}
	id, err := pathID(c)
	if err != nil {
		return nil, "", err
	}
	u, err := h.service.subject(c.Request.Context(), id)
	if err != nil {
		return nil, "", err
	}
	if !v.may(act) || u.staff() {
		return nil, "", ErrForbidden
	}
	return u, act, nil
}

func (h *Console) newActPage(c *gin.Context, v visit, u *Subject, act Act) (actPage, error) {
	ctx := c.Request.Context()
	st, err := h.service.standing(ctx, v.Person, u)
	if err != nil {
		return actPage{}, err
	}
	p := actPage{ID: u.ID.String(), Name: u.Account.Username, Act: string(act), Ticket: st.ticket, Key: seal.NewToken(), Version: u.version(st.last), Unproven: u.hasAccount() && !u.Account.EmailProven, Ends: act == Disable || act == EndSessions || act == ResetFactor}
	p.Second = rules[act].recovery && st.helped >= helpAlone && !needsSecond(act, rules[act], st.verification.Method, 0)
	if act == ReleaseLock {
		all, err := h.service.obstacles(ctx, u)
		if err != nil {
			return p, err
		}
		for _, o := range all {
			if o.Lock != "" {
				p.Obstacles = append(p.Obstacles, o)
			}
		}
		if len(p.Obstacles) > 0 {
			p.Lock = p.Obstacles[0].Lock
		}
	}
	if p.Asks = needsSecond(act, ruleOf(act, p.Lock), st.verification.Method, st.helped); p.Asks {
		p.Pending, err = h.service.pending(ctx, v.Person, u, act, p.Lock)
	}
	if err != nil {
		return p, err
	}
	if p.Nothing, err = h.service.nothing(ctx, v.ID, act, u); p.Nothing == nil && act == ReleaseLock && len(p.Obstacles) == 0 {
		p.Nothing = &NothingError{Why: "lock"}
	}
	p.Needs = ruleOf(act, p.Lock).needs(st.verification.state())
	p.MayNext = p.Nothing != nil && p.Nothing.Next != "" && v.may(p.Nothing.Next)
	p.MayStop, p.MayDecide = v.may(StopChange), v.may(ApproveAct)
	p.Form = p.Nothing == nil && (p.Pending == nil || len(p.Obstacles) > 1)
	return p, err
}

// fill restores the input.
func (p *actPage) fill(form url.Values) {
	p.Form = p.Nothing == nil
	p.Lock, p.Email, p.Number, p.Reason, p.Ticket = form.Get("lock"), form.Get("email"), form.Get("member_number"), form.Get("reason"), form.Get("ticket")
}

func (h *Console) showAct(c *gin.Context, v visit) error {
	u, act, err := h.subjectOf(c, v)
	if err != nil {
		return err
	}
	page, err := h.newActPage(c, v, u, act)
	if err != nil {
		return err
	}
	kept, opts, err := h.kept(c, v)
	if err != nil {
		return err
	}
	if page.Nothing != nil {
		why := page.Nothing.problem()
		return h.page(c, v, http.StatusOK, "admin/act", page, web.WithNotice("warn", why.Key, why.Args))
	}
	if page.Pending != nil {
		waits := page.Pending.problem()
		opts = append(opts, web.WithNotice("warn", waits.Key, waits.Args))
	}
	if kept != nil {
		page.fill(kept)
	}
	return h.page(c, v, http.StatusOK, "admin/act", page, opts...)
}

func (h *Console) act(c *gin.Context, v visit) error {
	u, act, err := h.subjectOf(c, v)
	if err != nil {
		return err
	}
	form := web.Form(c)
	if form.Get("verify") != "" { // the caller, first; what is typed waits
		if err := h.keepForm(c, v.session); err != nil {
			return err
		}
		return web.SeeOther(c, "/members/"+u.ID.String()+"/verify?act="+string(act))
	}
	email := form.Get("email")
	if address, err := accounts.ParseEmail(email); err == nil && act == ChangeEmail {
		var ask *templates.Problem
		if email, ask = accounts.MeantEmail(address, form.Get("meant")); ask != nil {
			return h.refuseAct(c, v, u, act, *ask)
		}
	}
	out, err := h.service.Do(c.Request.Context(), v.Person, onceOf(c), u.ID, act, Ask{
		Reason: form.Get("reason"), Ticket: form.Get("ticket"), Version: form.Get("version"), Lock: form.Get("lock"), Email: email, Number: form.Get("member_number"),
	})
	if errors.Is(err, ErrUnverified) { // verified meanwhile, the page shows the form again
		if err := h.keepForm(c, v.session); err != nil {
			return err
		}
	}
	problems, err := actProblems(err)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return h.refuseAct(c, v, u, act, problems...)
	}
	if out.State == Asked {
		return h.web.SeeDone(c, "/members/"+u.ID.String()+"?asked="+string(act))
	}
	return h.web.SeeDone(c, "/members/"+u.ID.String()+"?done="+string(act))
}

func (h *Console) refuseAct(c *gin.Context, v visit, u *Subject, act Act, problems ...templates.Problem) error {
	page, err := h.newActPage(c, v, u, act)
	if err != nil {
		return err
	}
	page.fill(web.Form(c))
	return h.page(c, v, http.StatusUnprocessableEntity, "admin/act", page, web.WithProblems(problems...))
}

// actProblems maps the expected outcomes of an act to form messages; other errors are returned as rest.
func actProblems(err error) (problems []templates.Problem, rest error) {
	if invalid, ok := errors.AsType[Invalid](err); ok {
		keys := map[string]string{
			"reason": "admin.act.reason_short", "ticket": "admin.act.ticket_missing", "email": "registration.credentials.email_format", "lock": "admin.act.conflict",
			"member_number": "admin.act.no_row", "although": "admin.apps.not_met",
		}
		for _, field := range []string{"lock", "email", "member_number", "reason", "ticket", "although"} {
			switch invalid[field] {
			case "":
			case "reason_long":
				problems = append(problems, templates.Problem{Field: field, Key: "web.field.too_long", Args: templates.Args{"max": reasonMax}})
			case "same":
				problems = append(problems, templates.Problem{Field: field, Key: "admin.act.email_same"})
			case "reason_number", "ticket_number":
				problems = append(problems, templates.Problem{Field: field, Key: "admin.text.number"})
			default:
				problems = append(problems, templates.Problem{Field: field, Key: keys[field]})
			}
		}
		return problems, nil
	}
	if waits, ok := errors.AsType[*PendingError](err); ok {
		return []templates.Problem{waits.problem()}, nil
	}
	if nothing, ok := errors.AsType[*NothingError](err); ok {
		return []templates.Problem{nothing.problem()}, nil
	}
	if blocked, ok := errors.AsType[*BlockedError](err); ok {
		return []templates.Problem{blocked.problem()}, nil
	}
	if limit, ok := errors.AsType[*LimitError](err); ok {
		return []templates.Problem{{Key: "admin.act.limit", Args: templates.Args{"time": max(limit.Wait, time.Second)}}}, nil
	}
	for _, known := range []struct {
		err error
		key string
	}{{ErrUnverified, "admin.act.need_verify"}, {ErrConflict, "admin.act.conflict"}, {ErrOtherBody, "admin.act.conflict"}, {ErrStaff, "admin.act.self"},
		{ErrGone, "admin.approval.gone"}, {ErrOwn, "admin.approval.own"}} {
		if errors.Is(err, known.err) {
			return []templates.Problem{{Key: known.key}}, nil
		}
	}
	return nil, err
}
