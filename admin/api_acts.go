package admin

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/internal/postgres"
)

type actBody struct {
	Reason  string `json:"reason" doc:"10 to 500 letters; no health data, no member numbers"`
	Ticket  string `json:"ticket" doc:"case number"`
	Version string `json:"version" doc:"of the member as you saw it"`
}

type lockBody struct {
	Reason  string `json:"reason" doc:"10 to 500 letters; no health data, no member numbers"`
	Ticket  string `json:"ticket" doc:"case number"`
	Version string `json:"version" doc:"of the member as you saw it"`
	Lock    string `json:"lock" enum:"identity password factor answer question"`
}

type emailBody struct {
	Reason  string `json:"reason" doc:"10 to 500 letters; no health data, no member numbers"`
	Ticket  string `json:"ticket" doc:"case number"`
	Version string `json:"version" doc:"of the member as you saw it"`
	Email   string `json:"email" doc:"the new address"`
}

type memberBody struct {
	Reason  string `json:"reason" doc:"10 to 500 letters; no health data, no member numbers"`
	Ticket  string `json:"ticket" doc:"case number"`
	Version string `json:"version" doc:"of the member as you saw it"`
	Number  string `json:"member_number" doc:"of the row that is theirs; it must have no account"`
}

// outcomeReply comes with 200 if the act is done or refused, and with 202 while it waits for a second person or on
// hold.
type outcomeReply struct {
	Act       Act        `json:"act"`
	State     State      `json:"state" enum:"done awaiting_approval on_hold refused"`
	RequestID *uuid.UUID `json:"request_id,omitempty" doc:"while it waits for a second person"`
	ExpiresAt time.Time  `json:"expires_at,omitzero" doc:"of that request"`
	ApplyAt   time.Time  `json:"apply_at,omitzero" doc:"of a change on hold"`
}

func (h *API) do(c *gin.Context, p Person, act Act) error {
	a, o, err := readAsk(c, act)
	if err != nil {
		return err
	}
	id, err := pathID(c)
	if err != nil {
		return err
	}
	out, err := h.service.Do(c.Request.Context(), p, o, id, act, a)
	return outcome(c, o, out, err)
}

// readAsk reads the body of an act.
func readAsk(c *gin.Context, act Act) (Ask, *Once, error) {
	switch act {
	case ReleaseLock:
		var in lockBody
		o, err := readOnce(c, &in)
		return Ask{Reason: in.Reason, Ticket: in.Ticket, Version: in.Version, Lock: in.Lock}, o, err
	case ChangeEmail:
		var in emailBody
		o, err := readOnce(c, &in)
		return Ask{Reason: in.Reason, Ticket: in.Ticket, Version: in.Version, Email: in.Email}, o, err
	case ChangeMember:
		var in memberBody
		o, err := readOnce(c, &in)
		return Ask{Reason: in.Reason, Ticket: in.Ticket, Version: in.Version, Number: in.Number}, o, err
	}
	var in actBody
	o, err := readOnce(c, &in)
	return Ask{Reason: in.Reason, Ticket: in.Ticket, Version: in.Version}, o, err
}

func outcome(c *gin.Context, o *Once, out Outcome, err error) error {
	if err != nil {
		return err
	}
	status := http.StatusOK
	if out.State == Asked || out.State == OnHold {
		status = http.StatusAccepted
	}
	return reply(c, status, o, outcomeReply{out.Act, out.State, postgres.Nullable(out.RequestID), out.ExpiresAt, out.ApplyAt})
}

type approvalsReply struct {
	Approvals []approvalReply `json:"approvals" doc:"the oldest first"`
}

type approvalReply struct {
	ID         uuid.UUID     `json:"id"`
	MemberID   uuid.UUID     `json:"member_id"`
	Act        Act           `json:"act"`
	Reason     string        `json:"reason"`
	Ticket     string        `json:"ticket"`
	Email      string        `json:"email,omitempty" doc:"of change_email: the new address"`
	Number     string        `json:"member_number,omitempty" doc:"of change_member: of the other row"`
	Lock       string        `json:"lock,omitempty" doc:"of release_lock"`
	AskedBy    string        `json:"asked_by" doc:"name"`
	AskedAt    time.Time     `json:"asked_at"`
	ExpiresAt  time.Time     `json:"expires_at"`
	VerifiedBy Method        `json:"verified_by" doc:"how the caller was: a spoken code shows the mailbox alone" enum:"spoken_code facts call_back in_person none"`
	Failed     []failedReply `json:"failed_checks" doc:"of a caller of this member, since a day before the request"`
	Own        bool          `json:"own" doc:"your own: another person must decide it"`
	Member     string        `json:"member,omitempty" doc:"username, or the masked name of somebody without an account"`
	Blocked    Block         `json:"blocked,omitempty" doc:"why it cannot be approved any more: it can be refused" enum:"asker changed on_hold nothing"`
}

func (h *API) approvals(c *gin.Context, p Person) error {
	open, err := h.service.Requests(c.Request.Context(), p)
	if err != nil {
		return err
	}
	out := approvalsReply{[]approvalReply{}}
	for _, r := range open {
		out.Approvals = append(out.Approvals, approvalOf(r))
	}
	return reply(c, http.StatusOK, nil, out)
}

func approvalOf(r Request) approvalReply {
	failed := []failedReply{}
	for _, f := range r.Failed {
		failed = append(failed, failedReply{f.At, f.Method, f.Name})
	}
	return approvalReply{r.ID, r.SubjectID, r.Act, r.Reason, r.Ticket, r.Email, r.Number, r.Lock, r.Name, r.AskedAt, r.ExpiresAt, r.VerifiedBy, failed, r.Own, r.Member, r.Blocked}
}

type failedReply struct {
	At     time.Time `json:"at"`
	Method Method    `json:"method,omitempty" enum:"spoken_code facts call_back in_person none"`
	Name   string    `json:"checked_by" doc:"name"`
}

type (
	emptyBody  struct{}
	refuseBody struct {
		Reason string `json:"reason" doc:"10 to 500 letters"`
	}
)

func (h *API) decide(c *gin.Context, p Person, approve bool) error {
	var reason refuseBody
	var o *Once
	var err error
	if approve {
		o, err = readOnce(c, &emptyBody{})
	} else {
		o, err = readOnce(c, &reason)
	}
	if err != nil {
		return err
	}
	id, err := pathID(c)
	if err != nil {
		return err
	}
	out, err := h.service.Decide(c.Request.Context(), p, o, id, approve, reason.Reason)
	return outcome(c, o, out, err)
}

type activityReply struct {
	Lookups int         `json:"lookups_left" doc:"searches left in this hour"`
	Acts    int         `json:"acts_left" doc:"acts left in this hour"`
	Entries []lineReply `json:"entries" doc:"of the last day, the newest first"`
}

type lineReply struct {
	ID       uuid.UUID  `json:"id"`
	At       time.Time  `json:"at"`
	Act      Act        `json:"act"`
	Outcome  string     `json:"outcome"`
	MemberID *uuid.UUID `json:"member_id,omitempty"`
	Reason   string     `json:"reason,omitempty"`
	Ticket   string     `json:"ticket,omitempty"`
}

func (h *API) activity(c *gin.Context, p Person) error {
	d, err := h.service.Diary(c.Request.Context(), p)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, nil, activityReply{d.Lookups, d.Acts, linesOf(d.Lines)})
}

func linesOf(lines []Line) []lineReply {
	out := []lineReply{}
	for _, l := range lines {
		out = append(out, lineReply{l.ID, l.At, l.Act, l.Outcome, postgres.Nullable(l.SubjectID), l.Reason, l.Ticket})
	}
	return out
}
