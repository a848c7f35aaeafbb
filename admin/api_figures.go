package admin

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/internal/web"
	"huskyidp/provider"
)

type figuresBody struct {
	From string `json:"from" doc:"day as 2006-01-02, in the time zone of the pages"`
	To   string `json:"to" doc:"day, at most 30 later; it is included"`
}

type figuresReply struct {
	Days []dayReply `json:"days" doc:"the newest first"`
}

type dayReply struct {
	Day           string        `json:"day"`
	Help          []helpReply   `json:"help" doc:"what came of the numbers that members were told"`
	Locks         []countReply  `json:"locks" doc:"by cause"`
	Registrations []countReply  `json:"registrations" doc:"begun on that day, by the last step that they reached within a day"`
	People        []workedReply `json:"people" doc:"what each person of the desk did"`
}

type helpReply struct {
	Need          string `json:"need"`
	Asked         int    `json:"asked"`
	Taken         int    `json:"taken"`
	Done          int    `json:"done"`
	SecondsToTake int    `json:"seconds_to_take" doc:"median"`
	SecondsToDone int    `json:"seconds_to_done" doc:"median"`
}

type countReply struct {
	Word  string `json:"word"`
	Count int    `json:"count"`
}

type workedReply struct {
	ID       uuid.UUID `json:"id"`
	Name     string    `json:"name,omitempty"`
	Searches int       `json:"searches"`
	Looks    int       `json:"looks"`
	Acts     int       `json:"acts"`
	Asked    int       `json:"asked"`
	Cases    int       `json:"cases"`
	Denied   int       `json:"denied"`
}

func (h *API) figures(c *gin.Context, p Person) error {
	var in figuresBody
	if _, err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	from, err1 := time.Parse(day, in.From)
	to, err2 := time.Parse(day, in.To)
	if err1 != nil || err2 != nil {
		return Invalid{"from": "span"}
	}
	days, err := h.service.Figures(c.Request.Context(), p, from, to)
	if err != nil {
		return err
	}
	out := figuresReply{[]dayReply{}}
	for _, d := range days {
		shown := dayReply{d.Begins.Format(day), []helpReply{}, countsOf(d.Locks), countsOf(d.Ends), []workedReply{}}
		for _, f := range d.Help {
			shown.Help = append(shown.Help, helpReply{f.Need, f.Asked, f.Taken, f.Done, int(f.ToTake / time.Second), int(f.ToDone / time.Second)})
		}
		for _, f := range d.People {
			shown.People = append(shown.People, workedReply(f))
		}
		out.Days = append(out.Days, shown)
	}
	return reply(c, http.StatusOK, nil, out)
}

func countsOf(counts []Count) []countReply {
	out := []countReply{}
	for _, n := range counts {
		out = append(out, countReply{n.Word, n.N})
	}
	return out
}

type yearBody struct {
	Year int `json:"year"`
}

type appFiguresReply struct {
	Access provider.PatientAccess `json:"access"`
}

func (h *API) appFigures(c *gin.Context, p Person) error {
	var in yearBody
	if _, err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	access, err := h.service.AppFigures(c.Request.Context(), p, in.Year)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, nil, appFiguresReply{access})
}
