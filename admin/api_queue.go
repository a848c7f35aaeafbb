package admin

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/internal/postgres"
	"huskyidp/internal/web"
)

type queueBody struct {
	Show   Show   `json:"show,omitempty" enum:"open free mine done" doc:"by who has it: open (not finished) unless said otherwise"`
	Need   string `json:"need,omitempty" doc:"identity_locked, password, username or other; held for changes on hold"`
	Newest bool   `json:"newest,omitempty" doc:"the newest first, else who waits longest"`
	Page   int    `json:"page,omitempty" doc:"of 50, from 0"`
}

type queueReply struct {
	Total int           `json:"total"`
	Cases []matterReply `json:"cases"`
}

type matterReply struct {
	Ref      string    `json:"ref" doc:"reference number, or the ID of a change on hold"`
	Need     string    `json:"need" doc:"what the member asked help for; of a change its act"`
	Held     bool      `json:"held" doc:"a change on hold"`
	Since    time.Time `json:"since"`
	DueAt    time.Time `json:"due_at" doc:"of a change: when it will be made"`
	Language string    `json:"language,omitempty" doc:"of the member"`
	State    CaseState `json:"state,omitempty" enum:"taken handed_over done" doc:"absent while nobody took it"`
	Name     string    `json:"by,omitempty" doc:"who took it, handed it over or finished it"`
	ToName   string    `json:"waits_for,omitempty" doc:"the colleague to whom it was handed over"`
	At       time.Time `json:"at,omitzero"`
	Version  int       `json:"version" doc:"to be sent with an act: it fails when somebody else was faster"`
	Notes    int       `json:"notes"`
	Own      bool      `json:"own" doc:"a change that you asked for or approved: somebody else looks after its case"`
}

func replyOf(m Matter) matterReply {
	return matterReply{m.Ref, m.Need, m.Held(), m.Since, m.DueAt, m.Language, m.State, m.Name, m.ToName, m.At, m.Version, m.Notes, m.Own}
}

func (h *API) queue(c *gin.Context, p Person) error {
	var in queueBody
	if _, err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	q, err := h.service.Queue(c.Request.Context(), p, Filter{in.Show, in.Need, in.Newest, min(max(in.Page, 0), 1000)})
	if err != nil {
		return err
	}
	out := queueReply{q.Total, []matterReply{}}
	for _, m := range q.Matters {
		out.Cases = append(out.Cases, replyOf(m))
	}
	return reply(c, http.StatusOK, nil, out)
}

type caseReply struct {
	Case        matterReply   `json:"case"`
	MemberID    *uuid.UUID    `json:"member_id,omitempty" doc:"where somebody is known"`
	Failed      []time.Time   `json:"failed" doc:"when the registration was refused, the newest first"`
	Differs     []string      `json:"differs" doc:"names of the fields that differed the last time, never values"`
	Agrees      []string      `json:"agrees"`
	Locked      bool          `json:"locked"`
	LockedUntil time.Time     `json:"locked_until,omitzero" doc:"absent if staff have to release it"`
	Notes       []noteReply   `json:"notes" doc:"the oldest first"`
	Helpers     []helperReply `json:"helpers" doc:"to whom you may hand it over; none unless you have it"`
}

type helperReply struct {
	ID   uuid.UUID `json:"id"`
	Name string    `json:"name"`
}

type noteReply struct {
	At   time.Time `json:"at"`
	Name string    `json:"by"`
	Text string    `json:"text"`
}

func (h *API) openCase(c *gin.Context, p Person) error {
	found, err := h.service.OpenCase(c.Request.Context(), p, c.Param("matter"))
	if err != nil {
		return err
	}
	out := caseReply{
		Case: replyOf(found.Matter), MemberID: postgres.Nullable(found.SubjectID), Failed: append([]time.Time{}, found.Failed...), Differs: append([]string{}, found.Differs...),
		Agrees: append([]string{}, found.Agrees...), Locked: found.Locked, LockedUntil: found.LockedUntil, Notes: []noteReply{}, Helpers: []helperReply{},
	}
	for _, n := range found.Written {
		out.Notes = append(out.Notes, noteReply{n.At, n.Name, n.Text})
	}
	for _, h := range found.Helpers {
		out.Helpers = append(out.Helpers, helperReply{h.ID, h.Name})
	}
	return reply(c, http.StatusOK, nil, out)
}

type helpBody struct {
	Version int       `json:"version" doc:"of the case as you saw it"`
	Note    string    `json:"note,omitempty" doc:"kept with it: up to 500 letters; no health data, no member numbers"`
	To      uuid.UUID `json:"to,omitzero" doc:"to hand it over to one of the helpers; absent for whoever takes it next"`
}

type noteBody struct {
	Note string `json:"note" doc:"up to 500 letters; no health data, no member numbers"`
}

func (h *API) help(c *gin.Context, p Person, act Act) error {
	var in helpBody
	o, err := readOnce(c, &in)
	if err != nil {
		return err
	}
	m, err := h.service.HelpWith(c.Request.Context(), p, o, c.Param("matter"), Helping{Act: act, Version: in.Version, To: in.To, Note: in.Note})
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, o, replyOf(m))
}

func (h *API) note(c *gin.Context, p Person) error {
	var in noteBody
	o, err := readOnce(c, &in)
	if err != nil {
		return err
	}
	m, err := h.service.HelpWith(c.Request.Context(), p, o, c.Param("matter"), Helping{Act: NoteCase, Note: in.Note})
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, o, replyOf(m))
}
