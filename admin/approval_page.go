package admin

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

type approvalsPage struct{ Requests []Request }

func (h *Console) showApprovals(c *gin.Context, v visit) error {
	open, err := h.service.Requests(c.Request.Context(), v.Person)
	if err != nil {
		return err
	}
	var opts []web.PageOption
	if done := c.Query("done"); (done == "approved" || done == "refused") && h.web.JustDone(c) {
		opts = append(opts, web.WithNotice("ok", "admin.approval."+done, nil))
	}
	return h.page(c, v, http.StatusOK, "admin/approvals", approvalsPage{open}, opts...)
}

// approvalPage shows one request and takes the decision.
type approvalPage struct {
	Request
	Key   string
	Typed string // reason for refusing
}

func (h *Console) newApprovalPage(c *gin.Context, v visit) (approvalPage, error) {
	ctx := c.Request.Context()
	if err := h.service.allow(v.Person, ListRequests, nil); err != nil {
		return approvalPage{}, err
	}
	id, err := pathID(c)
	if err != nil {
		return approvalPage{}, err
	}
	open, err := h.service.open(ctx, v.Person)
	if err != nil {
		return approvalPage{}, err
	}
	i := slices.IndexFunc(open, func(r Request) bool { return r.ID == id })
	if i < 0 {
		return approvalPage{}, h.service.ended(ctx, id)
	}
	return approvalPage{Request: open[i], Key: seal.NewToken()}, nil
}

func (h *Console) showApproval(c *gin.Context, v visit) error {
	page, err := h.newApprovalPage(c, v)
	if problems, rest := actProblems(err); rest != nil {
		return rest
	} else if len(problems) > 0 {
		return h.goneApproval(c, v, err)
	}
	kept, opts, err := h.kept(c, v)
	if err != nil {
		return err
	}
	page.Typed = kept.Get("reason")
	if page.Blocked != "" {
		why := (&BlockedError{Why: page.Blocked}).problem()
		opts = append(opts, web.WithNotice("warn", why.Key, why.Args))
	}
	return h.page(c, v, http.StatusOK, "admin/approval", page, opts...)
}

// goneApproval shows the list and says why the request is no longer on it.
func (h *Console) goneApproval(c *gin.Context, v visit, cause error) error {
	problems, _ := actProblems(cause)
	open, err := h.service.open(c.Request.Context(), v.Person)
	if err != nil {
		return err
	}
	return h.page(c, v, http.StatusConflict, "admin/approvals", approvalsPage{open}, web.WithProblems(problems...))
}

func (h *Console) decide(c *gin.Context, v visit) error {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return ErrNotFound
	}
	form := web.Form(c)
	approve, done := form.Get("decide") == "approve", "refused"
	if approve {
		done = "approved"
	}
	_, err = h.service.Decide(c.Request.Context(), v.Person, onceOf(c), id, approve, form.Get("reason"))
	if err == nil {
		return h.web.SeeDone(c, approvalsPath+"?done="+done)
	}
	problems, rest := actProblems(err)
	if rest != nil {
		return rest
	}
	page, pageErr := h.newApprovalPage(c, v)
	if pageErr != nil {
		return h.goneApproval(c, v, pageErr)
	}
	page.Typed = form.Get("reason")
	return h.page(c, v, http.StatusUnprocessableEntity, "admin/approval", page, web.WithProblems(problems...))
}
