package admin

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
	"huskyidp/provider"
	"huskyidp/templates"
)

// firstAppYear is before any app was allowed anything.
const firstAppYear = 2000

// AppFigures returns how members let apps of their choice have health data in a calendar year of the pages' time zone.
// The error is Invalid, ErrForbidden, or the database's.
func (s *Service) AppFigures(ctx context.Context, p Person, year int) (access provider.PatientAccess, err error) {
	if year < firstAppYear || year > s.now().In(s.zone).Year() {
		return access, Invalid{"year": "span"}
	}
	err = s.record(ctx, p, entry{act: AppFigures}, func(ctx context.Context, e *entry) (err error) {
		e.data = map[string]string{"year": strconv.Itoa(year)}
		if err := s.allow(p, AppFigures, nil); err != nil {
			return err
		}
		from := time.Date(year, time.January, 1, 0, 0, 0, 0, s.zone)
		access, err = s.clients.PatientAccess(ctx, from, from.AddDate(1, 0, 0))
		return err
	})
	return access, err
}

// appFiguresPage is the figures of a year, and the form for another.
type appFiguresPage struct {
	Year   string
	Last   int  // the current year
	SoFar  bool // the year has not ended
	Shown  bool
	Access provider.PatientAccess
}

func (h *Console) showAppFigures(c *gin.Context, v visit) error {
	now := h.service.now().In(h.service.zone)
	page := appFiguresPage{Year: strconv.Itoa(now.Year()), Last: now.Year()}
	if asked, ok := c.GetQuery("year"); ok {
		page.Year = asked
	}
	year, err := strconv.Atoi(page.Year)
	if err != nil {
		year = -1
	}
	page.SoFar = year == page.Last
	page.Access, err = h.service.AppFigures(c.Request.Context(), v.Person, year)
	if _, invalid := errors.AsType[Invalid](err); invalid && v.may(AppFigures) {
		return h.page(c, v, http.StatusUnprocessableEntity, "admin/app_figures", page, web.WithProblems(templates.Problem{
			Field: "year", Key: "admin.app_figures.year_wrong", Args: templates.Args{"from": strconv.Itoa(firstAppYear), "to": strconv.Itoa(page.Last)}}))
	} else if invalid {
		return ErrForbidden
	}
	if err != nil {
		return err
	}
	page.Shown = true
	return h.page(c, v, http.StatusOK, "admin/app_figures", page)
}
