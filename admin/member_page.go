package admin

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
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
	Disabled  bool
	MayEnable bool
	Enablers  string // names of those who can open a closed account again, if the viewer cannot
}

// sequels are what a caller usually needs next.
var sequels = map[Act]Act{ReleaseLock: StartReset, SendUsername: StartReset, EndSessions: StartReset, StopChange: EndSessions, Enable: StartReset}

const recentShown = 5 // moments of the timeline that are not folded

// Recent and Earlier are the two parts of the timeline.
func (p memberPage) Recent() []Moment  { return p.Timeline[:min(len(p.Timeline), recentShown)] }
func (p memberPage) Earlier() []Moment { return p.Timeline[len(p.Recent()):] }

// actKeys are the keys of the acts on the member's page, the same whatever else is offered there: fingers remember them.
var actKeys = map[Act]string{
	ReleaseLock: "1", SendUsername: "2", StartReset: "3", ChangeEmail: "4", ResetFactor: "5", ResetQuestion: "6", ChangeMember: "7", EndSessions: "8", StopChange: "9",
	Disable: "0", Enable: "0",
}

// Key is that of the keyboard.
func (o offer) Key() string { return actKeys[o.Act] }

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
		o := offer{Act: act, Needs: r.needs(v), Second: needsSecond(act, r, v.Method, map[bool]int{true: helpAlone}[p.NeedsSecond])}
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
	if page.Disabled = sum.Status == string(accounts.Disabled); page.Disabled {
		page.MayEnable = v.may(Enable)
		if page.Enablers, err = h.service.enablers(c.Request.Context()); err != nil {
			return err
		}
	}
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
	case "unverified":
		opts = append(opts, web.WithNotice("warn", "admin.verify.unverified", nil))
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
	Attempts
	ID       string
	Key      string // of the submission
	Methods  []string
	Method   string
	Language string     // of the caller, in which the script is read aloud
	Act      string     // to go on to once the caller is verified; "" for none
	said     url.Values // with the ticks of the sentences
	Card     members.Card
	Suffixes []string
}

// Ticked reports whether a sentence, by its ID, was ticked.
func (p verifyPage) Ticked(id string) bool { return p.said.Get(id) == "yes" }

func (h *Console) newVerifyPage(c *gin.Context, v visit, u *Subject) (p verifyPage, err error) {
	p = verifyPage{ID: u.ID.String(), Key: seal.NewToken(), Suffixes: members.Suffixes(), Language: u.Account.Language}
	for _, m := range Methods() {
		if m != SpokenCode || u.hasAccount() {
			p.Methods = append(p.Methods, string(m))
		}
	}
	p.Method = p.Methods[0]
	if act := cmp.Or(c.Query("act"), web.Form(c).Get("act")); rules[Act(act)].onMember && v.may(Act(act)) {
		p.Act = act
	}
	p.Attempts, err = h.service.Attempts(c.Request.Context(), v.Person, u.ID)
	return p, err
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
	page, err := h.newVerifyPage(c, v, u)
	if err != nil {
		return err
	}
	return h.page(c, v, http.StatusOK, "admin/verify", page)
}

// verify handles the form: it mails the code, compares code or card, or records what the person saw.
func (h *Console) verify(c *gin.Context, v visit) error {
	u, err := h.caller(c, v)
	if err != nil {
		return err
	}
	ctx, form := c.Request.Context(), web.Form(c)
	method := Method(form.Get("method"))
	var outcome Verification
	switch {
	case method == SpokenCode && form.Get("do") != "send":
		outcome, err = h.service.CheckCode(ctx, v.Person, onceOf(c), u.ID, form.Get("code"))
	case unread(method, form):
		err = errUnread
	default:
		outcome, err = h.service.Check(ctx, v.Person, onceOf(c), u.ID, method, cardform.Read(form))
	}
	page, pageErr := h.newVerifyPage(c, v, u)
	if pageErr != nil {
		return pageErr
	}
	if slices.Contains(page.Methods, string(method)) {
		page.Method = string(method)
	}
	page.Card, page.said = cardform.Clip(cardform.Read(form)), form
	if limit, ok := errors.AsType[*LimitError](err); ok && limit.Limit == factTries.Name { // perhaps used up on another page of this person
		page.FactsUntil = h.service.now().Add(limit.Wait)
	}
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
	switch outcome.Method {
	case Facts, SpokenCode:
		said = "match"
	case NoneWorked:
		said = "unverified"
	}
	to := "/members/" + u.ID.String()
	if page.Act != "" && outcome.Verified {
		to += "/acts/" + page.Act
	}
	return h.web.SeeDone(c, to+"?caller="+said)
}

var errUnread = errors.New("admin: not every sentence is ticked")

// unread reports whether a way of which only the agent's word is recorded lacks a tick: a slip of the Enter key verifies nobody.
func unread(method Method, form url.Values) bool {
	if method != CallBack && method != InPerson {
		return false
	}
	return form.Get("say-"+string(method)+"-1") != "yes" || form.Get("say-"+string(method)+"-2") != "yes"
}

// verifyProblems maps the expected outcomes to form messages; other errors are returned.
func verifyProblems(page verifyPage, outcome Verification, err error) ([]templates.Problem, error) {
	limit, isLimit := errors.AsType[*LimitError](err)
	card, isCard := errors.AsType[*CardError](err)
	invalid, isInvalid := errors.AsType[Invalid](err)
	switch {
	case errors.Is(err, errUnread):
		return []templates.Problem{{Field: "method", Key: "admin.verify.unread"}}, nil
	case isLimit && limit.Limit == factTries.Name:
		return []templates.Problem{{Field: "method", Key: "admin.verify.closed", Args: templates.Args{"datetime": page.FactsUntil}}}, nil
	case isLimit:
		return []templates.Problem{{Field: "method", Key: "registration.code.resend_wait", Args: templates.Args{"time": max(limit.Wait, time.Second)}}}, nil
	case isCard:
		return card.Problems, nil
	case isInvalid && invalid["method"] != "", errors.Is(err, ErrOtherBody):
		return []templates.Problem{{Field: "method", Key: "admin.verify.lead"}}, nil
	case isInvalid && page.CodeWaits():
		return []templates.Problem{{Field: "code", Key: "admin.verify.code_missing"}}, nil
	case (isInvalid || errors.Is(err, ErrNoCode)) && page.CodeSent.IsZero():
		return []templates.Problem{{Field: "code", Key: "admin.verify.code_none"}}, nil
	case isInvalid, errors.Is(err, ErrNoCode):
		return []templates.Problem{{Field: "code", Key: "admin.verify.code_over"}}, nil
	case err != nil:
		return nil, err
	case outcome.Verified, outcome.CodeSent, outcome.Method == NoneWorked:
		return nil, nil
	}
	field, words := "method", "admin.verify.facts_" // whichever of them is wrong
	if outcome.Method == SpokenCode {
		field, words = "code", "admin.verify.code_"
	}
	if outcome.Moved {
		return []templates.Problem{{Field: "code", Key: "admin.verify.code_moved"}}, nil
	}
	if *outcome.TriesLeft == 0 {
		return []templates.Problem{{Field: field, Key: words + "last"}}, nil
	}
	return []templates.Problem{{Field: field, Key: words + "no_match", Args: templates.Args{"n": *outcome.TriesLeft}}}, nil
}
