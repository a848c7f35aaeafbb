package admin

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/internal/cardform"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/members"
	"huskyidp/templates"
)

var zeroID uuid.UUID

// memberPage is a member: the summary, and what the person may do.
type memberPage struct {
	Summary
	MayVerify bool
	Now       time.Time
	Next      Act // the plausible one after what was just done; "" for none
}

// sequels are what a caller usually needs next.
var sequels = map[Act]Act{ReleaseLock: StartReset, SendUsername: StartReset, EndSessions: StartReset, StopChange: EndSessions, Enable: StartReset, Disable: EndSessions}

const recentShown = 5 // moments of the timeline that are not folded

// Recent and Earlier are the two parts of the timeline.
func (p memberPage) Recent() []Moment  { return p.Timeline[:min(len(p.Timeline), recentShown)] }
func (p memberPage) Earlier() []Moment { return p.Timeline[len(p.Recent()):] }

// offer is an act with what it needs before and after: for each proof a text of the catalog, "" for none.
type offer struct {
	Act    Act
	Needs  string // proof of the caller
	Second bool   // approval by another person
}

// Ready and Waiting are the acts that can be asked for now, and those that need another proof of the caller first.
func (p memberPage) Ready() []offer   { return p.offered(func(o offer) bool { return o.Needs == "" }) }
func (p memberPage) Waiting() []offer { return p.offered(func(o offer) bool { return o.Needs != "" }) }

func (p memberPage) offered(which func(offer) bool) (some []offer) {
	v := p.Verification
	for _, act := range p.Acts {
		lock := ""
		if i := slices.IndexFunc(p.Obstacles, func(o Obstacle) bool { return o.Lock != "" }); act == ReleaseLock && i >= 0 {
			lock = p.Obstacles[i].Lock
		}
		r := ruleOf(act, lock)
		o := offer{Act: act, Second: needsSecond(act, r, v.Method, map[bool]int{true: helpAlone}[p.NeedsSecond])}
		switch {
		case r.verified && !v.Verified:
			o.Needs = "verified"
		case r.verified && slices.Contains(r.unproven, v.Method):
			o.Needs = "better"
		}
		if which(o) {
			some = append(some, o)
		}
	}
	return some
}

func (h *Console) showMember(c *gin.Context, v visit) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	sum, err := h.service.Look(c.Request.Context(), v.Person, id)
	if errors.Is(err, ErrStaff) {
		return ErrForbidden
	}
	if err != nil {
		return err
	}
	page := memberPage{Summary: sum, MayVerify: v.may(Verify), Now: h.service.now()}
	if h.web.JustDone(c) {
		page.Next = sequels[Act(c.Query("done"))]
	}
	return h.page(c, v, http.StatusOK, "admin/member", page, h.justDone(c)...)
}

// justDone reports what was just done for the member.
func (h *Console) justDone(c *gin.Context) (opts []web.PageOption) {
	if !h.web.JustDone(c) {
		return nil
	}
	if act := Act(c.Query("done")); rules[act].onMember {
		opts = append(opts, web.WithNotice("ok", "admin.act.done", templates.Args{"act": templates.Key("admin.act." + string(act))}))
	}
	if act := Act(c.Query("asked")); rules[act].onMember {
		opts = append(opts, web.WithNotice("info", "admin.act.asked", templates.Args{"act": templates.Key("admin.act." + string(act))}))
	}
	switch c.Query("caller") {
	case "match":
		opts = append(opts, web.WithNotice("ok", "admin.verify.match", nil))
	case "saved":
		opts = append(opts, web.WithNotice("ok", "admin.verify.saved", nil))
	}
	return opts
}

// Shown describes the fields that differ in the words of the member's form.
func (o Obstacle) Shown() []string {
	labels := map[string]string{
		members.FieldFirstName: "registration.personal.first", members.FieldLastName: "registration.personal.last", members.FieldSuffix: "registration.personal.suffix",
		members.FieldBirthDate: "registration.personal.birth", members.FieldMemberNumber: "registration.personal.card_id",
	}
	var keys []string
	for _, field := range o.Fields {
		keys = append(keys, labels[field])
	}
	return keys
}

// Open reports whether the obstacle does not end on its own.
func (o Obstacle) Open() bool { return o.Until.IsZero() }

// verifyPage records how a caller was verified.
type verifyPage struct {
	ID       string
	Key      string // of the submission
	Methods  []string
	Method   string
	CodeSent bool
	Language string // of the caller, in which the script is read aloud
	Card     members.Card
	Suffixes []string
}

func (h *Console) newVerifyPage(sum Subject) verifyPage {
	p := verifyPage{ID: sum.ID.String(), Key: seal.NewToken(), Suffixes: members.Suffixes(), Language: sum.Account.Language}
	for _, m := range Methods() {
		if m != SpokenCode || sum.hasAccount() {
			p.Methods = append(p.Methods, string(m))
		}
	}
	p.Method = p.Methods[0]
	return p
}

// caller is the member on the phone.
func (h *Console) caller(c *gin.Context, v visit) (*Subject, error) {
	id, err := pathID(c)
	if err != nil {
		return nil, err
	}
	u, err := h.service.subject(c.Request.Context(), id)
	if err != nil {
		return nil, err
	}
	if err := h.service.allow(v.Person, Verify, u); err != nil {
		return nil, ErrForbidden
	}
	return u, nil
}

func (h *Console) showVerify(c *gin.Context, v visit) error {
	u, err := h.caller(c, v)
	if err != nil {
		return err
	}
	return h.page(c, v, http.StatusOK, "admin/verify", h.newVerifyPage(*u))
}

// verify handles the form: it mails the code, compares code or card, or records what the person saw.
func (h *Console) verify(c *gin.Context, v visit) error {
	u, err := h.caller(c, v)
	if err != nil {
		return err
	}
	ctx, form := c.Request.Context(), web.Form(c)
	page := h.newVerifyPage(*u)
	if m := form.Get("method"); slices.Contains(page.Methods, m) {
		page.Method = m
	}
	page.Card = cardform.Clip(cardform.Read(form))
	var outcome Verification
	if Method(page.Method) == SpokenCode && form.Get("do") != "send" {
		outcome, err = h.service.CheckCode(ctx, v.Person, onceOf(c), u.ID, form.Get("code"))
	} else {
		outcome, err = h.service.Check(ctx, v.Person, onceOf(c), u.ID, Method(page.Method), cardform.Read(form))
	}
	page.CodeSent = form.Get("sent") != "" || outcome.CodeSent
	problems, err := verifyProblems(page, outcome, err)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return h.page(c, v, http.StatusUnprocessableEntity, "admin/verify", page, web.WithProblems(problems...))
	}
	if outcome.CodeSent {
		return h.page(c, v, http.StatusOK, "admin/verify", page)
	}
	said := "saved"
	if outcome.Method == Facts || outcome.Method == SpokenCode {
		said = "match"
	}
	return h.web.SeeDone(c, "/members/"+u.ID.String()+"?caller="+said)
}

// verifyProblems maps the expected outcomes to form messages; other errors are returned.
func verifyProblems(page verifyPage, outcome Verification, err error) ([]templates.Problem, error) {
	limit, isLimit := errors.AsType[*LimitError](err)
	card, isCard := errors.AsType[*CardError](err)
	_, isInvalid := errors.AsType[Invalid](err)
	spoken := Method(page.Method) == SpokenCode
	switch {
	case isLimit && limit.Limit == factTries.Name:
		return []templates.Problem{{Field: "first_name", Key: "admin.verify.closed"}}, nil
	case isLimit:
		return []templates.Problem{{Field: "method", Key: "registration.code.resend_wait", Args: templates.Args{"time": max(limit.Wait, time.Second)}}}, nil
	case isCard:
		return card.Problems, nil
	case isInvalid, errors.Is(err, ErrConflict):
		return []templates.Problem{{Field: "code", Key: "admin.verify.no_match"}}, nil
	case err != nil:
		return nil, err
	case outcome.Verified, outcome.CodeSent, outcome.Method == NoneWorked:
		return nil, nil
	case spoken:
		return []templates.Problem{{Field: "code", Key: "admin.verify.no_match"}}, nil
	}
	return []templates.Problem{{Field: "first_name", Key: "admin.verify.no_match"}}, nil
}
