package admin

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

const bookShown = 7 * 24 * time.Hour // of what a colleague did

// peoplePage lists who works at the desk.
type peoplePage struct {
	People []personRow
	Former []StaffRow
	MayAdd bool
}

type personRow struct {
	StaffRow
	Me    bool
	Waits bool // roles, for an administrator
}

// personPage is one of them; its form changes the roles or ends the work.
type personPage struct {
	Colleague
	Seen, Denied   int // different members looked at, and calls that reached a limit
	Key, Version   string
	Reason, Ticket string
	Boxes          []roleBox // those that the person has, or that were asked for, are ticked
	Ended          bool      // what was asked for: its asker may not ask any more
	Waits          bool      // roles, for an administrator, until then:
	Expires        time.Time
	MayConfirm     bool
	MayWithdraw    bool
	Nobody         bool // is left to confirm it
	MayChange      bool
	Own            bool
	MayReset       bool // there is two-step verification to remove
	MayStop        bool // changes on hold
	MayLook        bool // at members
}

// newPersonPage is the form for somebody new.
type newPersonPage struct {
	Key, Reason, Ticket   string
	Name, Username, Email string
	Languages             []string
	Language              string
	Boxes                 []roleBox
}

// roleBox is a role that may be ticked.
type roleBox struct {
	ID, Role string
	On       bool
}

// colleaguePath is the page of a colleague.
func colleaguePath(id uuid.UUID) string { return peoplePath + "/" + id.String() }

func boxes(on []Role) (all []roleBox) {
	for _, role := range Roles() {
		all = append(all, roleBox{"role_" + string(role), string(role), slices.Contains(on, role)})
	}
	return all
}

func (h *Console) showPeople(c *gin.Context, v visit) error {
	var opts []web.PageOption
	if done := Act(c.Query("done")); (done == RemovePerson || done == RefusePerson || done == Withdraw) && h.web.JustDone(c) {
		opts = append(opts, web.WithNotice("ok", "admin.people.done_"+string(done), nil))
	}
	return h.peoplePage(c, v, http.StatusOK, opts...)
}

func (h *Console) peoplePage(c *gin.Context, v visit, status int, opts ...web.PageOption) error {
	people, former, err := h.service.Colleagues(c.Request.Context(), v.Person)
	if err != nil {
		return err
	}
	page := peoplePage{Former: former, MayAdd: v.may(AddPerson)}
	for _, who := range people {
		page.People = append(page.People, personRow{who, who.ID == v.ID, who.Asked.Open(h.service.now())})
	}
	return h.page(c, v, status, "admin/people", page, opts...)
}

func (h *Console) newPersonPage(c *gin.Context, v visit, status int, typed func(string) string, opts ...web.PageOption) error {
	page := newPersonPage{
		Key: seal.NewToken(), Languages: h.web.Languages(), Language: cmp.Or(typed("language"), h.web.Languages()[0]), Reason: typed("reason"), Ticket: typed("ticket"),
		Name: typed("name"), Username: typed("username"), Email: typed("email"), Boxes: boxes(ticked(typed)),
	}
	return h.page(c, v, status, "admin/person-new", page, opts...)
}

func (h *Console) showNewPerson(c *gin.Context, v visit) error {
	if !v.may(AddPerson) {
		return ErrForbidden
	}
	kept, opts, err := h.kept(c, v)
	if err != nil {
		return err
	}
	return h.newPersonPage(c, v, http.StatusOK, kept.Get, opts...)
}

func (h *Console) addPerson(c *gin.Context, v visit) error {
	form := web.Form(c)
	a := asked(c)
	a.Username, a.Email, a.Name, a.Language = form.Get("username"), form.Get("email"), form.Get("name"), form.Get("language")
	if !slices.Contains(h.web.Languages(), a.Language) {
		a.Language = h.web.Languages()[0]
	}
	id, err := h.service.AddColleague(c.Request.Context(), v.Person, onceOf(c), a)
	if err == nil {
		return h.web.SeeDone(c, peoplePath+"/"+id.String()+"?done="+string(AddPerson))
	}
	problems, rest := peopleProblems(err)
	if rest != nil {
		return rest
	}
	return h.newPersonPage(c, v, http.StatusUnprocessableEntity, form.Get, web.WithProblems(problems...))
}

// asked reads the fields that all forms about a person have in common.
func asked(c *gin.Context) AskPerson {
	form := web.Form(c)
	return AskPerson{NewPerson: NewPerson{Roles: ticked(form.Get)}, Reason: form.Get("reason"), Ticket: form.Get("ticket"), Seen: form.Get("version")}
}

// ticked are the roles of a form.
func ticked(typed func(string) string) (roles []Role) {
	for _, role := range Roles() {
		if typed("role_"+string(role)) == "yes" {
			roles = append(roles, role)
		}
	}
	return roles
}

func (h *Console) showPerson(c *gin.Context, v visit) error {
	kept, opts, err := h.kept(c, v)
	if err != nil {
		return err
	}
	switch done := Act(c.Query("done")); done {
	case AddPerson, askedRoles, takenAskedRoles: // a reload says it again, though it may be decided
		if id, err := pathID(c); err == nil && h.web.JustDone(c) {
			who, err := h.service.colleague(c.Request.Context(), id)
			if err != nil && !errors.Is(err, ErrNotFound) {
				return err
			}
			if who.Asked.By != v.ID || !who.Asked.Open(h.service.now()) {
				break
			}
			opts = append(opts, web.WithNotice("ok", "admin.people.done_"+string(done), nil))
		}
	case SetRoles, ConfirmPerson, RefusePerson, RemovePerson, Withdraw, replacedRoles:
		if h.web.JustDone(c) {
			opts = append(opts, web.WithNotice("ok", "admin.people.done_"+string(done), nil))
		}
	}
	return h.personPage(c, v, http.StatusOK, kept.Get, opts...)
}

// The notices after roles that wait for another administrator, after others were taken away in the same change, and after a request ended with it.
const (
	askedRoles      Act = "asked_roles"
	takenAskedRoles Act = "taken_asked_roles"
	replacedRoles   Act = "replaced_roles"
)

func (h *Console) personPage(c *gin.Context, v visit, status int, typed func(string) string, opts ...web.PageOption) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	now := h.service.now()
	who, err := h.service.Colleague(c.Request.Context(), v.Person, id, now.Add(-bookShown))
	if err != nil {
		return err
	}
	page := personPage{
		Colleague: who, Key: seal.NewToken(), Version: who.Version(), Reason: typed("reason"), Ticket: typed("ticket"), Boxes: boxes(who.Roles),
		Waits: who.Asked.Open(now), Expires: who.Asked.At.Add(requestLife), Own: id == v.ID,
		Ended: who.Asked.Ended && now.Before(who.Asked.At.Add(requestLife)),
	}
	if page.Waits {
		page.Boxes = boxes(who.Asked.Roles)
	}
	if typed("version") != "" { // a refused form
		page.Boxes = boxes(ticked(typed))
	}
	page.MayStop, page.MayLook = v.may(StopChange), v.may(Look)
	page.MayChange = v.may(SetRoles) && !page.Own && !who.BreakGlass && !who.Former()
	page.MayConfirm = page.MayChange && page.Waits && who.Asked.By != v.ID
	page.MayWithdraw = page.MayChange && page.Waits && !page.MayConfirm
	if page.Waits {
		if page.Nobody, err = h.service.nobodyConfirms(c.Request.Context(), who.StaffRow); err != nil {
			return err
		}
	}
	if page.MayChange && len(who.Roles) > 0 && !page.Waits {
		factors, err := h.service.accounts.EnrolledFactors(c.Request.Context(), id)
		if err != nil {
			return err
		}
		page.MayReset = len(factors) > 0
	}
	members := map[uuid.UUID]bool{}
	for _, line := range who.Lines {
		if line.Act == Look && line.Outcome == outcomeDone {
			members[line.SubjectID] = true
		}
		if line.Outcome == "limit" {
			page.Denied++
		}
	}
	page.Seen = len(members)
	return h.page(c, v, status, "admin/person", page, opts...)
}

// changePerson does what was pressed.
func (h *Console) changePerson(c *gin.Context, v visit) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	ctx, form, a := c.Request.Context(), web.Form(c), asked(c)
	to, act := peoplePath+"/"+id.String(), Act(form.Get("do"))
	switch act {
	case SetRoles:
		var state State
		switch state, err = h.service.SetColleague(ctx, v.Person, onceOf(c), id, a); state {
		case Asked:
			act = askedRoles
		case TakenAsked:
			act = takenAskedRoles
		case Replaced:
			act = replacedRoles
		}
	case ConfirmPerson:
		err = h.service.ConfirmColleague(ctx, v.Person, onceOf(c), id, a.Seen, true)
	case RefusePerson:
		err = h.service.ConfirmColleague(ctx, v.Person, onceOf(c), id, a.Seen, false)
		to = peoplePath
	case Withdraw:
		err = h.service.WithdrawColleague(ctx, v.Person, onceOf(c), id)
		if _, gone := h.service.colleague(ctx, id); errors.Is(gone, ErrNotFound) { // who never had a role
			to = peoplePath
		}
	case ResetPerson:
		err, act = h.service.ResetColleague(ctx, v.Person, onceOf(c), id, a), askedRoles
	case RemovePerson:
		err = h.service.RemoveColleague(ctx, v.Person, onceOf(c), id, a)
		if _, gone := h.service.colleague(ctx, id); errors.Is(gone, ErrNotFound) { // who never had a role
			to = peoplePath
		}
	default:
		return ErrNotFound
	}
	if err == nil {
		return h.web.SeeDone(c, to+"?done="+string(act))
	}
	if errors.Is(err, ErrNotFound) { // the page of somebody who was removed meanwhile, or in another tab
		return h.peoplePage(c, v, http.StatusConflict, web.WithProblems(templates.Problem{Key: "admin.people.gone"}))
	}
	problems, rest := peopleProblems(err)
	if rest != nil {
		return rest
	}
	status := http.StatusUnprocessableEntity
	if problems[0].Field == "" {
		status = http.StatusConflict
	}
	return h.personPage(c, v, status, form.Get, web.WithProblems(problems...))
}

// peopleProblems maps the expected outcomes of a change to form messages; other errors are returned as rest.
func peopleProblems(err error) (problems []templates.Problem, rest error) {
	invalid, ok := errors.AsType[Invalid](err)
	for _, field := range []string{"name", "username", "email", "roles"} {
		word := invalid[field]
		key := map[string]string{"name": "admin.people.", "roles": "admin.people."}[field]
		if word == "email_colleague" {
			key = "admin.people."
		}
		if word != "" {
			problems = append(problems, templates.Problem{Field: field, Key: cmp.Or(key, "registration.credentials.") + word})
		}
	}
	if ok {
		why, _ := actProblems(Invalid{"reason": invalid["reason"], "ticket": invalid["ticket"]})
		return append(problems, why...), nil
	}
	if blocked, ok := errors.AsType[*BlockedError](err); ok {
		problem := blocked.problem()
		problem.Key = "admin.people.ended"
		return []templates.Problem{problem}, nil
	}
	if waits, ok := errors.AsType[*PendingError](err); ok {
		problem := waits.problem()
		problem.Key = "admin.people.pending"
		if waits.Own {
			problem.Key = "admin.people.pending_own"
		}
		return []templates.Problem{problem}, nil
	}
	if nothing, ok := errors.AsType[*NothingError](err); ok {
		return []templates.Problem{{Key: "admin.people.nothing_" + nothing.Why}}, nil
	}
	switch {
	case errors.Is(err, ErrOwn):
		return []templates.Problem{{Key: "admin.people.own"}}, nil
	case errors.Is(err, ErrConflict), errors.Is(err, ErrGone):
		return []templates.Problem{{Key: "admin.people.conflict"}}, nil
	}
	return actProblems(err)
}
