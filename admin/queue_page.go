package admin

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/internal/web"
	"huskyidp/templates"
)

// queueData is the list of what waits.
type queueData struct {
	Filter
	Queue
	Now     time.Time
	Me      string
	MayHelp bool
}

// tab leads to a selection of the list.
type tab struct {
	Show string
	Href string
	Here bool
}

// Tabs and Kinds lead to the selections, each with the rest of the filter.
func (p queueData) Tabs() (tabs []tab) {
	for _, show := range Shows() {
		f := p.Filter
		f.Show, f.Page = show, 0
		tabs = append(tabs, tab{string(show), f.href(), show == p.Show})
	}
	return tabs
}

func (p queueData) Kinds() (tabs []tab) {
	for _, need := range append([]string{""}, Needs()...) {
		f := p.Filter
		f.Need, f.Page = need, 0
		tabs = append(tabs, tab{cmp.Or(need, "all"), f.href(), need == p.Need})
	}
	return tabs
}

// Turned returns the link to the list in the opposite order; Before and After return the links to the previous and the
// next page, "" if there is none.
func (p queueData) Turned() string {
	f := p.Filter
	f.Newest, f.Page = !f.Newest, 0
	return f.href()
}

func (p queueData) Before() string {
	f := p.Filter
	if f.Page--; f.Page < 0 {
		return ""
	}
	return f.href()
}

func (p queueData) After() string {
	f := p.Filter
	if f.Page++; f.Page*queuePage >= p.Total {
		return ""
	}
	return f.href()
}

// Waited is how long somebody has been waiting; Days are whole days, if two or more.
func (p queueData) Waited(m Matter) time.Duration { return max(p.Now.Sub(m.Since), time.Second) }
func (p queueData) Days(m Matter) int             { return daysOf(p.Now.Sub(m.Since)) }
func (p queueData) Late(m Matter) bool            { return m.late(p.Now) }
func (p queueData) Mine(m Matter) bool            { return m.State == Taken && m.StaffID.String() == p.Me }

func daysOf(d time.Duration) int {
	if days := int(d / (24 * time.Hour)); days > 1 {
		return days
	}
	return 0
}

func (m Matter) late(now time.Time) bool { return m.State != Finished && now.After(m.DueAt) }

// filterOf reads the selection from an address or a form; unknown values mean the default.
func filterOf(v url.Values) Filter {
	f := Filter{Show: ShowOpen, Newest: v.Get("sort") == "newest"}
	if show := Show(v.Get("show")); slices.Contains(Shows(), show) {
		f.Show = show
	}
	if need := v.Get("need"); slices.Contains(Needs(), need) {
		f.Need = need
	}
	if page, err := strconv.Atoi(v.Get("page")); err == nil && page > 0 && page < 1000 {
		f.Page = page
	}
	return f
}

func (f Filter) values() url.Values {
	v := url.Values{}
	if f.Show != ShowOpen {
		v.Set("show", string(f.Show))
	}
	if f.Need != "" {
		v.Set("need", f.Need)
	}
	if f.Newest {
		v.Set("sort", "newest")
	}
	if f.Page > 0 {
		v.Set("page", strconv.Itoa(f.Page))
	}
	return v
}

func (f Filter) href() string {
	if v := f.values(); len(v) > 0 {
		return queuePath + "?" + v.Encode()
	}
	return queuePath
}

func (h *Console) showQueue(c *gin.Context, v visit) error {
	var opts []web.PageOption
	if act := Act(c.Query("done")); h.web.JustDone(c) && (act == HandOver || act == FinishCase) {
		opts = append(opts, web.WithNotice("ok", "admin.queue."+string(act), templates.Args{"matter": nameOf(c.Query("matter"))}))
	}
	return h.queuePage(c, v, http.StatusOK, filterOf(c.Request.URL.Query()), opts...)
}

func (h *Console) queuePage(c *gin.Context, v visit, status int, f Filter, opts ...web.PageOption) error {
	q, err := h.service.Queue(c.Request.Context(), v.Person, f)
	if err != nil {
		return err
	}
	return h.page(c, v, status, "admin/queue", queueData{f, q, h.service.now(), v.ID.String(), v.may(TakeCase)}, opts...)
}

// helpFromQueue performs the act whose button was pressed in one row of the queue. The button's value is the act, the
// matter and the version.
func (h *Console) helpFromQueue(c *gin.Context, v visit) error {
	form := web.Form(c)
	f := filterOf(form)
	words := strings.Fields(form.Get("do"))
	if len(words) != 3 || Act(words[0]) == NoteCase || caseStates[Act(words[0])] == "" {
		return ErrNotFound
	}
	act, ref := Act(words[0]), words[1]
	version, _ := strconv.Atoi(words[2])
	m, err := h.service.HelpWith(c.Request.Context(), v.Person, nil, ref, Helping{Act: act, Version: version})
	if ended(ref, err) {
		return h.queuePage(c, v, http.StatusConflict, f, web.WithProblems(templates.Problem{Key: "admin.queue.over"}))
	}
	if problems := caseProblems(err); len(problems) > 0 {
		return h.queuePage(c, v, http.StatusConflict, f, web.WithProblems(problems...))
	}
	if err != nil {
		return err
	}
	return h.helped(c, act, m, f)
}

// ended reports whether the case of a change on hold is gone: the change was made or stopped.
func ended(ref string, err error) bool {
	return errors.Is(err, ErrNotFound) && uuid.Validate(ref) == nil
}

// helped leads on to the case that was taken, else back to the list, which says what was done.
func (h *Console) helped(c *gin.Context, act Act, m Matter, f Filter) error {
	if act == TakeCase || act == NoteCase {
		return h.web.SeeDone(c, queuePath+"/"+m.Ref+"?done="+string(act))
	}
	values := f.values()
	values.Set("done", string(act))
	values.Set("matter", m.Ref)
	if m.Held() {
		values.Set("matter", m.Need)
	}
	return h.web.SeeDone(c, queuePath+"?"+values.Encode())
}

// nameOf names a matter in a sentence: a number as it is, a change by its act.
func nameOf(matter string) any {
	if rules[Act(matter)].onMember {
		return templates.Key("admin.act." + matter)
	}
	return matter
}

// caseProblems maps the expected outcomes of an act on a matter to messages; none for other errors.
func caseProblems(err error) []templates.Problem {
	if taken, ok := errors.AsType[*TakenError](err); ok {
		matter := any(taken.Ref)
		if taken.Held() {
			matter = nameOf(taken.Need)
		}
		return []templates.Problem{{Key: "admin.queue.now_" + string(taken.State), Args: templates.Args{"matter": matter, "name": taken.Name, "datetime": taken.At}}}
	}
	if errors.Is(err, ErrOwn) {
		return []templates.Problem{{Key: "admin.queue.own"}}
	}
	if invalid, ok := errors.AsType[Invalid](err); ok {
		if invalid["to"] != "" {
			return []templates.Problem{{Field: "to", Key: "admin.queue.to_unknown"}}
		}
		problem := templates.Problem{Field: "note", Key: "admin.queue.note_missing"}
		switch invalid["note"] {
		case "long":
			problem.Key, problem.Args = "web.field.too_long", templates.Args{"max": noteMax}
		case "number":
			problem.Key = "admin.text.number"
		}
		return []templates.Problem{problem}
	}
	return nil
}
