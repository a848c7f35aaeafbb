package admin

import (
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/internal/web"
)

type alertsBody struct {
	Show string `json:"show,omitempty" enum:"open handled all" doc:"open (not handled) unless said otherwise"`
	Area string `json:"area,omitempty" enum:"desk members apps system" doc:"of the service; absent for all"`
	Page int    `json:"page,omitempty" doc:"of 50, from 0"`
}

type alertsReply struct {
	Total  int          `json:"total"`
	Alerts []alertReply `json:"alerts" doc:"of 90 days, the newest first; those of one kind about the same account, app and person are one"`
}

type alertReply struct {
	ID        uuid.UUID  `json:"id" doc:"of the newest event"`
	Name      string     `json:"name" doc:"as in logs and metrics"`
	Count     int        `json:"count"`
	First     time.Time  `json:"first"`
	Last      time.Time  `json:"last"`
	AccountID *uuid.UUID `json:"account_id,omitempty" doc:"whom it concerns"`
	Colleague bool       `json:"colleague" doc:"that is an account of the desk"`
	ClientID  string     `json:"client_id,omitempty"`
	ActorID   *uuid.UUID `json:"actor_id,omitempty" doc:"the person of the desk who set it off"`
	Who       string     `json:"who,omitempty" doc:"name of that person, or of the account if that is a colleague's"`
	Own       bool       `json:"own" doc:"set off by yourself: another person must take care of it"`
	State     AlertState `json:"state,omitempty" enum:"seen handled" doc:"absent while nobody took care of it"`
	By        string     `json:"by,omitempty"`
	At        time.Time  `json:"at,omitzero"`
}

func (b alertsBody) filter() (f AlertFilter, err error) {
	f = AlertFilter{b.Show, b.Area, min(max(b.Page, 0), 1000)}
	if f.Show == "open" {
		f.Show = ""
	}
	invalid := Invalid{}
	if !slices.Contains([]string{"", "handled", "all"}, f.Show) {
		invalid["show"] = "unknown"
	}
	if f.Area != "" && audit.AlertAreas()[f.Area] == nil {
		invalid["area"] = "unknown"
	}
	if len(invalid) > 0 {
		return f, invalid
	}
	return f, nil
}

func (h *API) alerts(c *gin.Context, p Person) error {
	var in alertsBody
	if _, err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	f, err := in.filter()
	if err != nil {
		return err
	}
	found, err := h.service.Alerts(c.Request.Context(), p, f)
	if err != nil {
		return err
	}
	out := alertsReply{found.Total, []alertReply{}}
	for _, a := range found.Rows {
		out.Alerts = append(out.Alerts, alertReply{a.ID, a.Name, a.N, a.First, a.Last, postgres.Nullable(a.Account), a.Colleague, a.Client, postgres.Nullable(a.Actor), a.Who,
			a.ownOf(p), a.State, a.By, a.At})
	}
	return reply(c, http.StatusOK, nil, out)
}

type takenReply struct {
	State AlertState `json:"state,omitempty" enum:"seen handled" doc:"absent while nobody took care of it"`
}

func (h *API) takeAlert(c *gin.Context, p Person, act Act) error {
	o, err := readOnce(c, &emptyBody{})
	if err != nil {
		return err
	}
	id, err := pathID(c)
	if err != nil {
		return err
	}
	state, err := h.service.TakeAlert(c.Request.Context(), p, o, id, act)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, o, takenReply{state})
}
