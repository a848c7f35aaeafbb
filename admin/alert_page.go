package admin

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/internal/audit"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// alertsPage lists alerts. Each row's buttons post the act and the newest event.
type alertsPage struct {
	AlertFilter
	Alerts
	Now     time.Time
	Me      Person
	MayLook bool // at members
}

// Own reports whether the viewer set the alert off.
func (p alertsPage) Own(a Alert) bool { return a.ownOf(p.Me) }

// Person is the colleague, and Member the account of a member, that an alert is about; nil if nobody.
func (p alertsPage) Person(a Alert) *uuid.UUID {
	if a.Actor != uuid.Nil {
		return &a.Actor
	}
	if a.Colleague {
		return &a.Account
	}
	return nil
}

func (p alertsPage) Member(a Alert) *uuid.UUID {
	if a.Account == uuid.Nil || a.Colleague {
		return nil
	}
	return &a.Account
}

// Tabs and Areas lead to the selections, each with the rest of the filter.
func (p alertsPage) Tabs() (tabs []tab) {
	for _, show := range []string{"", "handled", "all"} {
		tabs = append(tabs, tab{cmp.Or(show, "open"), AlertFilter{show, p.Area, 0}.href(), show == p.AlertFilter.Show})
	}
	return tabs
}

func (p alertsPage) Areas() (tabs []tab) {
	for _, area := range []string{"", "desk", "members", "apps", "system"} {
		tabs = append(tabs, tab{cmp.Or(area, "any"), AlertFilter{p.AlertFilter.Show, area, 0}.href(), area == p.Area})
	}
	return tabs
}

// Empty names the sentence for a selection without alerts.
func (p alertsPage) Empty() string { return cmp.Or(p.AlertFilter.Show, "open") }

// Before and After return the links to the pages around this one, "" if there is none.
func (p alertsPage) Before() string {
	if p.Page == 0 {
		return ""
	}
	return AlertFilter{p.AlertFilter.Show, p.Area, p.Page - 1}.href()
}

func (p alertsPage) After() string {
	if (p.Page+1)*alertPage >= p.Total {
		return ""
	}
	return AlertFilter{p.AlertFilter.Show, p.Area, p.Page + 1}.href()
}

func (f AlertFilter) href() string {
	v := url.Values{}
	if f.Show != "" {
		v.Set("show", f.Show)
	}
	if f.Area != "" {
		v.Set("area", f.Area)
	}
	if f.Page > 0 {
		v.Set("page", strconv.Itoa(f.Page))
	}
	if len(v) == 0 {
		return alertsPath
	}
	return alertsPath + "?" + v.Encode()
}

// alertFilterOf reads the selection from an address or a form; unknown values mean the default.
func alertFilterOf(v url.Values) (f AlertFilter) {
	if show := v.Get("show"); show == "handled" || show == "all" {
		f.Show = show
	}
	if area := v.Get("area"); audit.AlertAreas()[area] != nil {
		f.Area = area
	}
	if page, err := strconv.Atoi(v.Get("page")); err == nil && page > 0 && page < 1000 {
		f.Page = page
	}
	return f
}

func (h *Console) showAlerts(c *gin.Context, v visit) error {
	var opts []web.PageOption
	if act := Act(c.Query("done")); h.web.JustDone(c) && (act == SeeAlert || act == HandleAlert || act == ReopenAlert) {
		opts = append(opts, web.WithNotice("ok", "admin.alert.done_"+string(act), nil))
	}
	return h.alertsPage(c, v, http.StatusOK, alertFilterOf(c.Request.URL.Query()), opts...)
}

func (h *Console) alertsPage(c *gin.Context, v visit, status int, f AlertFilter, opts ...web.PageOption) error {
	found, err := h.service.Alerts(c.Request.Context(), v.Person, f)
	if err != nil {
		return err
	}
	return h.page(c, v, status, "admin/alerts", alertsPage{f, found, h.service.now(), v.Person, v.may(Look)}, opts...)
}

// takeAlert does what was pressed in one row.
func (h *Console) takeAlert(c *gin.Context, v visit) error {
	form := web.Form(c)
	f := alertFilterOf(form)
	act, newest, _ := strings.Cut(form.Get("do"), " ")
	id, err := uuid.Parse(newest)
	if err != nil {
		return ErrNotFound
	}
	_, err = h.service.TakeAlert(c.Request.Context(), v.Person, nil, id, Act(act))
	if handled, ok := errors.AsType[*HandledError](err); ok {
		return h.alertsPage(c, v, http.StatusConflict, f, web.WithProblems(templates.Problem{
			Key: "admin.alert.now_handled", Args: templates.Args{"name": handled.By, "datetime": handled.At}}))
	}
	if errors.Is(err, ErrOwn) {
		return h.alertsPage(c, v, http.StatusConflict, f, web.WithProblems(templates.Problem{Key: "admin.alert.own"}))
	}
	if err != nil {
		return err
	}
	to := f.href()
	if strings.Contains(to, "?") {
		return h.web.SeeDone(c, to+"&done="+act)
	}
	return h.web.SeeDone(c, to+"?done="+act)
}
