package admin

import (
	"cmp"
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
	"huskyidp/templates"
)

// figuresPage is the figures of a span of days, and the form for another.
type figuresPage struct {
	From, To string // as 2006-01-02
	Days     []Day
	File     string // address of the same as CSV, "" for none
	Apps     bool   // the person may see the figures of apps
	Steps    []string
}

// Of returns how many of the day's registrations ended at the step that word names.
func (d Day) Of(word string) int {
	for _, c := range d.Ends {
		if c.Word == word {
			return c.N
		}
	}
	return 0
}

// People returns each person once, with the sums over all days.
func (p figuresPage) People() (people []PersonFigure) {
	for _, d := range p.Days {
		for _, f := range d.People {
			i := slices.IndexFunc(people, func(sum PersonFigure) bool { return sum.ID == f.ID })
			if i < 0 {
				people = append(people, f)
				continue
			}
			sum := &people[i]
			sum.Searches, sum.Looks, sum.Acts = sum.Searches+f.Searches, sum.Looks+f.Looks, sum.Acts+f.Acts
			sum.Asked, sum.Cases, sum.Denied = sum.Asked+f.Asked, sum.Cases+f.Cases, sum.Denied+f.Denied
		}
	}
	slices.SortFunc(people, func(a, b PersonFigure) int { return cmp.Compare(a.Name, b.Name) })
	return people
}

// AnyHelp, AnyLocks and AnyEnds report whether that part has any rows.
func (p figuresPage) AnyHelp() bool  { return p.any(func(d Day) int { return len(d.Help) }) }
func (p figuresPage) AnyLocks() bool { return p.any(func(d Day) int { return len(d.Locks) }) }
func (p figuresPage) AnyEnds() bool  { return p.any(func(d Day) int { return len(d.Ends) }) }

func (p figuresPage) any(rows func(Day) int) bool {
	for _, d := range p.Days {
		if rows(d) > 0 {
			return true
		}
	}
	return false
}

// spanOf reads two dates from an address; without any they are the last seven days.
func (h *Console) spanOf(q url.Values) (p figuresPage, from, to time.Time, ok bool) {
	today := h.service.now().In(h.service.zone)
	p = figuresPage{From: q.Get("from"), To: q.Get("to")}
	if !q.Has("from") && !q.Has("to") {
		p.From, p.To = today.AddDate(0, 0, -6).Format(day), today.Format(day)
	}
	from, err1 := time.Parse(day, p.From)
	to, err2 := time.Parse(day, p.To)
	return p, from, to, err1 == nil && err2 == nil
}

func (h *Console) showFigures(c *gin.Context, v visit) error {
	page, from, to, ok := h.spanOf(c.Request.URL.Query())
	page.Apps = v.may(AppFigures)
	for _, step := range registrationSteps {
		page.Steps = append(page.Steps, registrationWords[step])
	}
	err := error(Invalid{})
	if ok {
		page.Days, err = h.service.Figures(c.Request.Context(), v.Person, from, to)
	} else if !v.may(Figures) {
		return ErrForbidden
	}
	if _, invalid := errors.AsType[Invalid](err); invalid {
		return h.page(c, v, http.StatusUnprocessableEntity, "admin/figures", page, web.WithProblems(templates.Problem{Field: "from", Key: "admin.audit.span"}))
	}
	if err != nil {
		return err
	}
	page.File = figuresPath + "/csv?" + url.Values{"from": {page.From}, "to": {page.To}}.Encode()
	return h.page(c, v, http.StatusOK, "admin/figures", page)
}

// figuresFile answers with the same figures for a spreadsheet.
func (h *Console) figuresFile(c *gin.Context, v visit) error {
	page, from, to, ok := h.spanOf(c.Request.URL.Query())
	if !ok {
		return ErrNotFound
	}
	days, err := h.service.Figures(c.Request.Context(), v.Person, from, to)
	if _, invalid := errors.AsType[Invalid](err); invalid {
		return ErrNotFound
	}
	if err != nil {
		return err
	}
	c.Header("Content-Type", "text/csv; charset=utf-8")
	c.Header("Content-Disposition", `attachment; filename="desk-`+page.From+`-`+page.To+`.csv"`)
	c.Status(http.StatusOK)
	return writeFigures(c.Writer, days)
}

// writeFigures writes a row a figure: day, figure, cause, outcome, count median seconds and person. The words are fixed.
func writeFigures(out io.Writer, days []Day) error {
	var rows [][]string
	row := func(cells ...string) {
		for i, cell := range cells {
			cells[i] = safeCell(cell)
		}
		rows = append(rows, cells)
	}
	seconds := func(n int, d time.Duration) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(int(d / time.Second))
	}
	row("day", "figure", "cause", "outcome", "count", "median_seconds", "person")
	for _, d := range days {
		on := d.Begins.Format(day)
		for _, f := range d.Help {
			row(on, "help", f.Need, "asked", strconv.Itoa(f.Asked), "", "")
			row(on, "help", f.Need, "taken", strconv.Itoa(f.Taken), seconds(f.Taken, f.ToTake), "")
			row(on, "help", f.Need, "done", strconv.Itoa(f.Done), seconds(f.Done, f.ToDone), "")
		}
		for _, l := range d.Locks {
			row(on, "lock", l.Word, "locked", strconv.Itoa(l.N), "", "")
		}
		for _, e := range d.Ends {
			row(on, "registration", "", e.Word, strconv.Itoa(e.N), "", "")
		}
		for _, f := range d.People {
			for _, count := range []struct {
				outcome string
				n       int
			}{{"searched", f.Searches}, {"looked", f.Looks}, {"acted", f.Acts}, {"asked", f.Asked}, {"finished", f.Cases}, {"denied", f.Denied}} {
				if count.n > 0 {
					row(on, "person", "", count.outcome, strconv.Itoa(count.n), "", f.Name)
				}
			}
		}
	}
	return csv.NewWriter(out).WriteAll(rows)
}

// safeCell keeps spreadsheets from running a cell as a formula (CWE-1236).
func safeCell(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
