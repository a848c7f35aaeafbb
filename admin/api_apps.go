package admin

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/internal/web"
	"huskyidp/partners"
)

type appsReply struct {
	Apps []appReply `json:"apps" doc:"what waits first, the oldest of it first"`
}

type appReply struct {
	ID           uuid.UUID         `json:"id"`
	Organisation string            `json:"organisation"`
	Name         string            `json:"name"`
	State        partners.State    `json:"state" enum:"draft sent taken approved refused"`
	Version      int               `json:"version"`
	SentAt       time.Time         `json:"sent_at,omitzero"`
	Mine         bool              `json:"mine" doc:"you have taken it"`
	Production   string            `json:"production_client_id,omitempty"`
	Test         string            `json:"test_client_id,omitempty"`
	Suspended    bool              `json:"suspended" doc:"not in the list"`
	Criteria     []criterionReply  `json:"criteria"`
	Reason       string            `json:"reason,omitempty" doc:"of the decision"`
	Values       map[string]string `json:"values,omitempty" doc:"what was filled in, by field; not in the list"`
	Complaints   []complaintReply  `json:"complaints,omitempty" doc:"of members about the app, the newest first; not in the list"`
}

type complaintReply struct {
	Number string    `json:"number" doc:"that the member was given"`
	Kind   string    `json:"kind" enum:"more shared lasting false other"`
	Text   string    `json:"text,omitempty"`
	At     time.Time `json:"at"`
}

type criterionReply struct {
	Name string `json:"name"`
	Met  bool   `json:"met"`
	Note string `json:"note,omitempty"`
}

type appBody struct {
	Version int    `json:"version" doc:"of the request, as you have seen it"`
	Reason  string `json:"reason,omitempty" doc:"which the partner reads, 10 characters or more; none to take it"`

	Although bool `json:"although,omitempty" doc:"to approve although a criterion is not met"`
}

type appStateReply struct {
	State partners.State `json:"state" enum:"draft sent taken approved refused"`
}

func appOf(a partners.Application, p Person) appReply {
	r := appReply{ID: a.ID, Organisation: a.Organisation, Name: a.Name(), State: a.State, Version: a.Version, SentAt: a.SentAt, Mine: a.State == partners.Taken && a.TakenBy == p.ID,
		Production: a.Production, Test: a.Test, Criteria: []criterionReply{}, Reason: a.Reason}
	for _, c := range a.Criteria {
		r.Criteria = append(r.Criteria, criterionReply(c))
	}
	return r
}

func (h *API) apps(c *gin.Context, p Person) error {
	list, err := h.service.Apps(c.Request.Context(), p)
	if err != nil {
		return err
	}
	out := appsReply{[]appReply{}}
	for _, a := range list {
		out.Apps = append(out.Apps, appOf(a, p))
	}
	return reply(c, http.StatusOK, nil, out)
}

func (h *API) app(c *gin.Context, p Person) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	a, suspended, err := h.service.App(c.Request.Context(), p, id)
	if err != nil {
		return err
	}
	out := appOf(a, p)
	out.Suspended, out.Values = suspended, a.Values
	for _, said := range a.Complaints {
		out.Complaints = append(out.Complaints, complaintReply(said))
	}
	return reply(c, http.StatusOK, nil, out)
}

func (h *API) changeApp(c *gin.Context, p Person, act Act) error {
	var in appBody
	o, err := readOnce(c, &in)
	if err != nil {
		return err
	}
	id, err := pathID(c)
	if err != nil {
		return err
	}
	state, err := h.service.ChangeApp(c.Request.Context(), p, o, id, AppChange{act, in.Version, in.Reason, in.Although})
	if broken, ok := errors.AsType[partners.Invalid](err); ok {
		rule, _ := broken[0].Args["rule"].(string)
		web.WriteProblem(c, web.Problem{Type: problemType + "rule", Title: "The app breaks a rule of the registry", Status: http.StatusConflict, Detail: rule})
		return nil
	}
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, o, appStateReply{state})
}
