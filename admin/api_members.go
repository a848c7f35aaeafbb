package admin

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/internal/postgres"
	"huskyidp/internal/web"
	"huskyidp/members"
)

// The documents of the API. The tag doc becomes the description in the OpenAPI document, and enum lists a field's
// values.

type meReply struct {
	ID      uuid.UUID `json:"id"`
	Name    string    `json:"name"`
	Roles   []Role    `json:"roles"`
	Lookups int       `json:"lookups_left" doc:"searches left in this hour"`
	Acts    int       `json:"acts_left" doc:"acts left in this hour"`
}

func (h *API) me(c *gin.Context, p Person) error {
	d, err := h.service.Diary(c.Request.Context(), p)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, nil, meReply{p.ID, p.Name, p.Roles, d.Lookups, d.Acts})
}

type searchBody struct {
	By    By     `json:"by" enum:"username card_id reference email any" doc:"what the value is; any: whichever it is"`
	Value string `json:"value" doc:"the whole value: there are no partial matches"`
}

type searchReply struct {
	Matches  int            `json:"matches" doc:"of several accounts on one mailbox only the number is given"`
	MemberID *uuid.UUID     `json:"member_id,omitempty" doc:"where one was found"`
	Referral *referralReply `json:"referral,omitempty" doc:"of a search by reference number"`
}

type referralReply struct {
	Reference string    `json:"reference"`
	Reason    string    `json:"reason" doc:"what the member asked help for"`
	Language  string    `json:"language"`
	At        time.Time `json:"at"`
}

func (h *API) search(c *gin.Context, p Person) error {
	var in searchBody
	if _, err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	f, err := h.service.Find(c.Request.Context(), p, in.By, in.Value)
	if err != nil {
		return err
	}
	out := searchReply{Matches: f.Count, MemberID: postgres.Nullable(f.ID)}
	if r := f.Referral; r != nil {
		out.Referral = &referralReply{r.Reference, r.Reason, r.Language, r.At}
	}
	return reply(c, http.StatusOK, nil, out)
}

type memberReply struct {
	ID           uuid.UUID       `json:"id"`
	Version      string          `json:"version" doc:"to be sent with an act: it fails when the member changed meanwhile"`
	Status       string          `json:"status" enum:"active disabled protected closed no_account"`
	Username     string          `json:"username,omitempty"`
	Name         string          `json:"name,omitempty" doc:"initials"`
	Email        string          `json:"email,omitempty" doc:"first letter and domain"`
	BirthYear    int             `json:"birth_year,omitempty"`
	MemberNumber string          `json:"member_number_ends_in,omitempty"`
	CreatedAt    time.Time       `json:"created_at,omitzero"`
	LastSignInAt time.Time       `json:"last_sign_in_at,omitzero"`
	Factors      factorsReply    `json:"factors"`
	Obstacles    []obstacleReply `json:"obstacles" doc:"what the member is stuck on"`
	Mails        []mailReply     `json:"mails" doc:"the newest first"`
	Held         []heldReply     `json:"held" doc:"changes that wait, and that the member can stop"`
	Verification *Verification   `json:"verification,omitempty" doc:"of the caller, for you"`
	NeedsSecond  bool            `json:"needs_second" doc:"further help needs a second person"`
	Acts         []Act           `json:"acts" doc:"what you may ask for"`
	Timeline     []momentReply   `json:"timeline" doc:"the newest first"`
}

type factorsReply struct {
	TOTP       bool `json:"totp"`
	Passkeys   int  `json:"passkeys"`
	SavedCodes int  `json:"saved_codes"`
}

type obstacleReply struct {
	Kind   string    `json:"kind" enum:"differs unknown_number number_given ended state_protected state_disabled lock_identity lock_password lock_factor lock_answer lock_question lock_facts"`
	Fields []string  `json:"fields,omitempty" doc:"names of the fields that differ from the roster, never values"`
	Lock   string    `json:"lock,omitempty" doc:"what release_lock takes"`
	Until  time.Time `json:"until,omitzero" doc:"when it ends by itself; absent if it does not"`
}

type mailReply struct {
	Kind  string    `json:"kind"`
	State string    `json:"state" enum:"queued sent failed expired"`
	At    time.Time `json:"at"`
}

type heldReply struct {
	Act     Act       `json:"act"`
	ApplyAt time.Time `json:"apply_at"`
}

type momentReply struct {
	At      time.Time `json:"at"`
	Kind    string    `json:"kind"`
	Act     Act       `json:"act,omitempty" doc:"of the desk"`
	Name    string    `json:"name,omitempty" doc:"of the person of the desk"`
	Reason  string    `json:"reason,omitempty"`
	Ticket  string    `json:"ticket,omitempty"`
	Outcome string    `json:"outcome,omitempty"`
}

func (h *API) member(c *gin.Context, p Person) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	sum, err := h.service.Look(c.Request.Context(), p, id)
	if err != nil {
		return err
	}
	out := memberReply{
		ID: sum.ID, Version: sum.Version, Status: sum.Status, Username: sum.Username, Name: sum.Name, Email: sum.Email, BirthYear: sum.BirthYear,
		MemberNumber: sum.MemberNumber, CreatedAt: sum.CreatedAt, LastSignInAt: sum.LastSignInAt,
		Factors:     factorsReply{sum.Factors.TOTP, sum.Factors.Passkeys, sum.Factors.SavedCodes},
		NeedsSecond: sum.NeedsSecond, Acts: append([]Act{}, sum.Acts...), Obstacles: []obstacleReply{}, Mails: []mailReply{}, Held: []heldReply{}, Timeline: []momentReply{},
	}
	if sum.Verification.Method != "" {
		out.Verification = &sum.Verification
	}
	for _, o := range sum.Obstacles {
		out.Obstacles = append(out.Obstacles, obstacleReply(o))
	}
	for _, m := range sum.Mails {
		at := m.CreatedAt
		if m.DoneAt != nil {
			at = *m.DoneAt
		}
		out.Mails = append(out.Mails, mailReply{m.Kind, m.State, at.UTC()})
	}
	for _, held := range sum.Held {
		out.Held = append(out.Held, heldReply(held))
	}
	for _, m := range sum.Timeline {
		out.Timeline = append(out.Timeline, momentReply{m.At, string(m.Kind), m.Act, m.Name, m.Reason, m.Ticket, m.Outcome})
	}
	return reply(c, http.StatusOK, nil, out)
}

type verifyBody struct {
	Method Method    `json:"method" enum:"spoken_code facts call_back in_person none"`
	Card   *cardBody `json:"card,omitempty" doc:"of the method facts: what the caller says is on the card; the answer is only whether it matches"`
}

type cardBody struct {
	BirthMonth string `json:"birth_month"`
	BirthDay   string `json:"birth_day"`
	BirthYear  string `json:"birth_year"`
	FirstName  string `json:"first_name"`
	LastName   string `json:"last_name"`
	Suffix     string `json:"suffix,omitempty"`
	CardID     string `json:"card_id"`
}

func (h *API) verify(c *gin.Context, p Person) error {
	var in verifyBody
	o, err := readOnce(c, &in)
	if err != nil {
		return err
	}
	id, err := pathID(c)
	if err != nil {
		return err
	}
	var card members.Card
	if in.Card != nil {
		card = members.Card(*in.Card)
	}
	v, err := h.service.Check(c.Request.Context(), p, o, id, in.Method, card)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, o, v)
}

type codeBody struct {
	Code string `json:"code" doc:"six digits"`
}

func (h *API) code(c *gin.Context, p Person) error {
	var in codeBody
	o, err := readOnce(c, &in)
	if err != nil {
		return err
	}
	id, err := pathID(c)
	if err != nil {
		return err
	}
	v, err := h.service.CheckCode(c.Request.Context(), p, o, id, in.Code)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, o, v)
}
