package recovery

import (
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/ratelimit"
	"huskyidp/internal/web"
)

// referrals of one source in an hour: a number is cheap, but rows are not free.
var referrals = ratelimit.Limit{Name: "support_referral", Count: 20, Per: time.Hour}

// needs are what a member may need help with; each is a reason that support reads.
var needs = []string{"username", "password", "other"}

// The data of pages that ask nothing.
type (
	hubPage     struct{}
	supportPage struct {
		Reference string // "" if this browser has none
		Again     bool   // a recovery has ended, and another may begin
		Back      string // page of the recovery that the member came from; "" for none
		Desk      bool   // the support desk asks for the sign-in
	}
	privacyPage   struct{}
	noticePage    struct{}
	languagesPage struct{}
)

func (h *Handler) showHub(c *gin.Context) error {
	h.web.Entrance(c)
	return h.page(c, http.StatusOK, "recovery/hub", hubPage{})
}

// submitHub issues a reference number and sends the member to the support page. It asks nothing, so it reveals nothing
// about any account (S-52).
func (h *Handler) submitHub(c *gin.Context) error {
	need := web.Form(c).Get("need")
	if !slices.Contains(needs, need) {
		need = "other"
	}
	return h.toSupport(c, need, "")
}

// toSupport leads to the support page, and from there back to the step; "" for none. A second tap may hit its button
// before the member has read the page.
func (h *Handler) toSupport(c *gin.Context, need string, from Step) error {
	if err := h.referMember(c, need); err != nil {
		return err
	}
	if from == "" {
		return h.to(c, "/support")
	}
	return h.to(c, "/support?from="+string(from))
}

// referMember is refer, unless the support desk asks for the sign-in: its people have no need for Technical Support.
func (h *Handler) referMember(c *gin.Context, need string) error {
	flow, err := h.flows.Flow(c.Request.Context(), web.Flow(c), web.Browser(c))
	if err != nil || flow.Desk {
		return err
	}
	_, err = h.refer(c, need)
	return err
}

// toDesk ends a recovery that has to continue at the desk; note says why.
func (h *Handler) toDesk(c *gin.Context, note string) error {
	if err := h.referMember(c, "password"); err != nil {
		return err
	}
	return h.toDone(c, "/support?note="+note)
}

// helped are the steps whose pages have a button for help.
var helped = []Step{stepCode, stepQuestion, stepFactor}

// deskNotes are the reasons for the support page, by the notes of its address.
var deskNotes = map[string]string{
	"ended": "recovery.question.ended", "address": "recovery.code.address", "question": "recovery.code.question", "protected": "recovery.disown.question",
	"closed": "recovery.disown.done_desk", "disabled": "recovery.code.disabled",
}

func (h *Handler) showSupport(c *gin.Context) error {
	reference := ""
	flow, err := h.flows.Flow(c.Request.Context(), web.Flow(c), web.Browser(c))
	if err != nil {
		return err
	}
	if !flow.Desk && !h.isAnothers(c) {
		if reference, err = h.service.Reference(c.Request.Context(), web.Browser(c)); err != nil {
			return err
		}
	}
	var opts []web.PageOption
	page, note := supportPage{Reference: reference, Desk: flow.Desk}, c.Query("note")
	if from := Step(c.Query("from")); slices.Contains(helped, from) {
		page.Back = paths[from]
	}
	if key := deskNotes[note]; key != "" && h.web.JustDone(c) {
		page.Again = note == "ended"
		if flow.Desk {
			key = "support.desk.ended"
		}
		opts = append(opts, web.WithNotice("warn", key, nil))
	}
	return h.forAll(c, "support", page, opts...)
}

// forAll answers with a page that everybody may read. It says who is signed in, if anybody is, and leads back to the account.
func (h *Handler) forAll(c *gin.Context, name string, page any, opts ...web.PageOption) error {
	if h.sessions != nil {
		session, ok, err := h.sessions.Lookup(c)
		if err != nil {
			return err
		}
		if ok {
			opts = append(opts, web.SignedIn(session.Username))
		}
	}
	return h.page(c, http.StatusOK, "recovery/"+name, page, opts...)
}

func (h *Handler) showPrivacy(c *gin.Context) error {
	return h.forAll(c, "privacy", privacyPage{})
}

// showNotice shows the operator's notice of non-discrimination, if there is one.
func (h *Handler) showNotice(c *gin.Context) error {
	if !h.web.HasNotice() {
		return &web.Error{Status: http.StatusNotFound, Key: web.KeyNotFound}
	}
	return h.forAll(c, "nondiscrimination", noticePage{})
}

func (h *Handler) showLanguages(c *gin.Context) error {
	return h.forAll(c, "languages", languagesPage{})
}
