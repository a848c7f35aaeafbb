package admin

import (
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/postgres"
)

type peopleReply struct {
	People []personReply `json:"people" doc:"who works at the desk, the oldest first"`
	Former []personReply `json:"former" doc:"who left, the last first"`
}

type personReply struct {
	ID         uuid.UUID       `json:"id"`
	Name       string          `json:"name"`
	Username   string          `json:"username,omitempty"`
	Email      string          `json:"email,omitempty"`
	Status     accounts.Status `json:"status,omitempty" doc:"of the account"`
	Roles      []Role          `json:"roles"`
	Emergency  bool            `json:"emergency" doc:"an emergency account, which is the operator's"`
	CreatedAt  time.Time       `json:"created_at"`
	RemovedAt  time.Time       `json:"removed_at,omitzero"`
	Asked      *askedReply     `json:"asked,omitempty" doc:"what waits for another administrator"`
	AskedEnded bool            `json:"asked_ended" doc:"that ended with the role of who asked: it can be refused"`
}

type askedReply struct {
	Act       Act       `json:"act" enum:"set_roles reset_person"`
	Roles     []Role    `json:"roles"`
	By        string    `json:"by,omitempty" doc:"name"`
	Own       bool      `json:"own" doc:"your own: another person must confirm it"`
	ExpiresAt time.Time `json:"expires_at"`
	Reason    string    `json:"reason,omitempty" doc:"of one colleague alone, not in the list"`
	Ticket    string    `json:"ticket,omitempty"`
}

// personOf describes a colleague as a person of the desk sees them.
func personOf(r StaffRow, p Person, now time.Time) personReply {
	out := personReply{ID: r.ID, Name: r.Name, Username: r.Username, Email: r.Email, Status: r.Status, Roles: append([]Role{}, r.Roles...), Emergency: r.BreakGlass,
		CreatedAt: r.CreatedAt.UTC(), RemovedAt: r.RemovedAt}
	expires := r.Asked.At.Add(requestLife)
	out.AskedEnded = r.Asked.Ended && now.Before(expires)
	if r.Asked.Open(now) {
		act := SetRoles
		if r.Asked.Reset {
			act = ResetPerson
		}
		out.Asked = &askedReply{act, r.Asked.Roles, r.Asked.Name, r.Asked.By == p.ID, expires, r.Asked.Reason, r.Asked.Ticket}
	}
	return out
}

func (h *API) people(c *gin.Context, p Person) error {
	people, former, err := h.service.Colleagues(c.Request.Context(), p)
	if err != nil {
		return err
	}
	out, now := peopleReply{[]personReply{}, []personReply{}}, h.service.now()
	for _, r := range people {
		out.People = append(out.People, personOf(r, p, now))
	}
	for _, r := range former {
		out.Former = append(out.Former, personOf(r, p, now))
	}
	return reply(c, http.StatusOK, nil, out)
}

type colleagueReply struct {
	Person  personReply  `json:"person"`
	Version string       `json:"version" doc:"to be sent with an act: it fails when somebody else was faster"`
	Entries []lineReply  `json:"entries" doc:"what they did, saw and were denied in seven days, of who left in the last ones; the newest first"`
	Traces  []traceReply `json:"traces" doc:"what of theirs is on hold or was asked for"`
}

type traceReply struct {
	Act         Act        `json:"act"`
	State       TraceState `json:"state" enum:"on_hold approved asked ended"`
	MemberID    *uuid.UUID `json:"member_id,omitempty"`
	ColleagueID *uuid.UUID `json:"colleague_id,omitempty"`
	Name        string     `json:"name,omitempty" doc:"username or masked name of the member, or name of the colleague"`
	At          time.Time  `json:"at,omitzero" doc:"when it is made, expires, or ended"`
}

func (h *API) colleague(c *gin.Context, p Person) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	now := h.service.now()
	who, err := h.service.Colleague(c.Request.Context(), p, id, now.Add(-bookShown))
	if err != nil {
		return err
	}
	out := colleagueReply{personOf(who.StaffRow, p, now), who.Version(), linesOf(who.Lines), []traceReply{}}
	for _, t := range who.Traces {
		out.Traces = append(out.Traces, traceReply{t.Act, t.State, postgres.Nullable(t.SubjectID), postgres.Nullable(t.PersonID), t.Name, t.At})
	}
	return reply(c, http.StatusOK, nil, out)
}

type newPersonBody struct {
	Name     string `json:"name"`
	Username string `json:"username"`
	Email    string `json:"email" doc:"where the code for the first password goes"`
	Language string `json:"language,omitempty" doc:"of their mails; the first of the service if absent"`
	Roles    []Role `json:"roles"`
	Reason   string `json:"reason" doc:"10 to 500 letters"`
	Ticket   string `json:"ticket" doc:"case number"`
}

type (
	rolesBody struct {
		Roles   []Role `json:"roles" doc:"all that the person shall have"`
		Reason  string `json:"reason" doc:"10 to 500 letters"`
		Ticket  string `json:"ticket" doc:"case number"`
		Version string `json:"version" doc:"of the person as you saw them"`
	}
	colleagueBody struct {
		Reason  string `json:"reason" doc:"10 to 500 letters"`
		Ticket  string `json:"ticket" doc:"case number"`
		Version string `json:"version" doc:"of the person as you saw them"`
	}
	confirmBody struct {
		Version string `json:"version" doc:"of the person as you saw them"`
	}
)

// changeReply comes with 202 while another administrator has to confirm something.
type changeReply struct {
	ID    uuid.UUID `json:"id" doc:"of the person"`
	State State     `json:"state" enum:"done awaiting_approval taken_asked" doc:"taken_asked: what is taken away ended at once, the rest waits"`

	Replaced bool `json:"replaced" doc:"roles that waited no longer do"`
}

func changed(c *gin.Context, o *Once, id uuid.UUID, state State) error {
	status := http.StatusAccepted
	replaced := state == Replaced
	if replaced {
		state = Done
	}
	if state == Done {
		status = http.StatusOK
	}
	return reply(c, status, o, changeReply{id, state, replaced})
}

func (h *API) addPerson(c *gin.Context, p Person) error {
	var in newPersonBody
	o, err := readOnce(c, &in)
	if err != nil {
		return err
	}
	languages := h.web.Languages()
	if in.Language == "" {
		in.Language = languages[0]
	}
	if !slices.Contains(languages, in.Language) {
		return Invalid{"language": "unknown"}
	}
	id, err := h.service.AddColleague(c.Request.Context(), p, o, AskPerson{Reason: in.Reason, Ticket: in.Ticket,
		NewPerson: NewPerson{Username: in.Username, Email: in.Email, Name: in.Name, Language: in.Language, Roles: in.Roles}})
	if err != nil {
		return err
	}
	return changed(c, o, id, Asked)
}

// changePerson does an act on a colleague.
func (h *API) changePerson(c *gin.Context, p Person, act Act) error {
	var in rolesBody
	o, err := readChange(c, act, &in)
	if err != nil {
		return err
	}
	id, err := pathID(c)
	if err != nil {
		return err
	}
	ctx, state := c.Request.Context(), Done
	a := AskPerson{NewPerson: NewPerson{Roles: in.Roles}, Reason: in.Reason, Ticket: in.Ticket, Seen: in.Version}
	switch act {
	case SetRoles:
		state, err = h.service.SetColleague(ctx, p, o, id, a)
	case ResetPerson:
		state, err = Asked, h.service.ResetColleague(ctx, p, o, id, a)
	case RemovePerson:
		err = h.service.RemoveColleague(ctx, p, o, id, a)
	default:
		err = h.service.ConfirmColleague(ctx, p, o, id, a.Seen, act == ConfirmPerson)
	}
	if err != nil {
		return err
	}
	return changed(c, o, id, state)
}

// readChange reads the body of an act on a colleague.
func readChange(c *gin.Context, act Act, in *rolesBody) (o *Once, err error) {
	switch act {
	case SetRoles:
		return readOnce(c, in)
	case ResetPerson, RemovePerson:
		var body colleagueBody
		o, err = readOnce(c, &body)
		*in = rolesBody{Reason: body.Reason, Ticket: body.Ticket, Version: body.Version}
		return o, err
	}
	var body confirmBody
	o, err = readOnce(c, &body)
	in.Version = body.Version
	return o, err
}
