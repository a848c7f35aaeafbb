package admin

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/web"
	"huskyidp/provider"
)

// APIPath is the API's path on the desk's listener. Appended to the desk's address, it is the audience of its tokens.
const APIPath = "/admin/v1"

// Tokens verifies access tokens.
type Tokens interface {
	CheckAccess(ctx context.Context, token string) (provider.Access, error)
}

// API serves the use cases of Service as JSON.
type API struct {
	service  *Service
	web      *web.Web
	tokens   Tokens
	audience string
	document []byte
}

// NewAPI returns the API under base, the desk's address without a trailing slash.
func NewAPI(s *Service, w *web.Web, tokens Tokens, base string) (*API, error) {
	if s == nil || w == nil || tokens == nil || base == "" {
		return nil, errors.New("admin: the API needs a service, a web, tokens and its address")
	}
	return &API{service: s, web: w, tokens: tokens, audience: base + APIPath, document: openAPI(base)}, nil
}

// endpoint describes one method of one path. The OpenAPI document is generated from the same table.
type endpoint struct {
	method, path string
	name         string // operationId
	summary      string
	act          Act
	once         bool // takes an Idempotency-Key
	body, reply  any  // zero values of the types; nil for none
	status       int  // on success
	also         int  // another success status; 0 for none
	serve        func(h *API, c *gin.Context, p Person) error
}

// endpoints returns all endpoints except the document itself.
func endpoints() []endpoint {
	all := []endpoint{
		{http.MethodGet, "/me", "me", "Who you are here, and what is left of your hour", Activity, false, nil, meReply{}, 200, 0, (*API).me},
		{http.MethodPost, "/members/search", "searchMembers", "Find a member by an exact value", Find, false, searchBody{}, searchReply{}, 200, 0, (*API).search},
		{http.MethodPost, "/members/search/name", "searchMembersByName", "Find members by exact name and birth date", FindName, false, nameBody{}, nameReply{}, 200, 0, (*API).searchName},
		{http.MethodGet, "/members/:id", "getMember", "A member, masked, with obstacles and what happened", Look, false, nil, memberReply{}, 200, 0, (*API).member},
		{http.MethodPost, "/members/:id/verifications", "verifyCaller", "Record how the caller was verified, or mail the code to read out", Verify, true,
			verifyBody{}, Verification{}, 200, 0, (*API).verify},
		{http.MethodPost, "/members/:id/verifications/code", "checkSpokenCode", "Compare the code that the caller read out", Verify, true,
			codeBody{}, Verification{}, 200, 0, (*API).code},
	}
	summaries := map[Act]string{
		ReleaseLock: "End a lock before its time", SendUsername: "Mail the username to the address on file", StartReset: "Mail a code for a new password to the address on file",
		ChangeEmail: "Replace the e-mail address: two people, then a day's wait", ResetFactor: "Take the second steps away: two people, then a day's wait",
		ResetQuestion: "Remove the secret question: two people, then a day's wait",
		ChangeMember:  "Tie the account to the row of the roster that is theirs: two people, then a day's wait",
		EndSessions:   "End every session", StopChange: "Stop the changes that wait for their hour", Withdraw: "Withdraw what you asked a second person for", Disable: "Deactivate the account", Enable: "Reactivate the account",
	}
	bodies := map[Act]any{ReleaseLock: lockBody{}, ChangeEmail: emailBody{}, ChangeMember: memberBody{}}
	for _, act := range memberActs() {
		e := endpoint{http.MethodPost, "/members/:id/acts/" + string(act), camel(string(act)), summaries[act], act, true, actBody{}, outcomeReply{}, 200, 202,
			func(h *API, c *gin.Context, p Person) error { return h.do(c, p, act) }}
		if body, ok := bodies[act]; ok {
			e.body = body
		}
		all = append(all, e)
	}
	for _, e := range []struct {
		act           Act
		path, summary string
	}{{TakeCase, "take", "Take a case, of somebody else as well"}, {HandOver, "hand_over", "Hand over your case to whoever takes it"}, {FinishCase, "finish", "Finish a case"}} {
		all = append(all, endpoint{http.MethodPost, "/queue/:matter/" + e.path, camel(string(e.act)), e.summary, e.act, true, helpBody{}, matterReply{}, 200, 0,
			func(h *API, c *gin.Context, p Person) error { return h.help(c, p, e.act) }})
	}
	for _, e := range []struct {
		act           Act
		path, summary string
	}{{SeeAlert, "see", "Note that you have seen an alert, and all earlier ones like it"}, {HandleAlert, "handle", "Note that you have handled an alert, and all earlier ones like it"},
		{ReopenAlert, "reopen", "Open again what was handled with an alert; it counts as seen by you"}} {
		all = append(all, endpoint{http.MethodPost, "/alerts/:id/" + e.path, camel(string(e.act)), e.summary, e.act, true, emptyBody{}, takenReply{}, 200, 0,
			func(h *API, c *gin.Context, p Person) error { return h.takeAlert(c, p, e.act) }})
	}
	for _, e := range []struct {
		act     Act
		summary string
		body    any
		status  int
		also    int
	}{
		{SetRoles, "Replace somebody's roles: what is taken away ends at once, what is given waits for another administrator", rolesBody{}, 200, 202},
		{ConfirmPerson, "Confirm what another administrator asked for", confirmBody{}, 200, 0},
		{RefusePerson, "Refuse what an administrator asked for; a new person is removed", confirmBody{}, 200, 0},
		{RemovePerson, "End somebody's work at the desk at once", colleagueBody{}, 200, 0},
		{ResetPerson, "Ask another administrator to let somebody who lost their two-step verification start again as on their first day", colleagueBody{}, 202, 0},
	} {
		all = append(all, endpoint{http.MethodPost, "/people/:id/acts/" + string(e.act), camel(string(e.act)), e.summary, e.act, true, e.body, changeReply{}, e.status, e.also,
			func(h *API, c *gin.Context, p Person) error { return h.changePerson(c, p, e.act) }})
	}
	for _, e := range []struct {
		act           Act
		path, summary string
	}{{TakeApp, "take", "Take a partner's request, after another look at the criteria"}, {ApproveApp, "approve", "Approve the request that you have taken: it gets its production client"},
		{RefuseApp, "refuse", "Refuse the request that you have taken"}, {SuspendApp, "suspend", "Suspend the clients of a request: tokens are refused within seconds, members are told"},
		{ResumeApp, "resume", "Let the clients of a request be used again"},
		{LetIn, "let-in", "Let an organisation's only person in again, who lost the passkey: a link to the same address"}} {
		all = append(all, endpoint{http.MethodPost, "/apps/:id/" + e.path, camel(string(e.act)), e.summary, e.act, true, appBody{}, appStateReply{}, 200, 0,
			func(h *API, c *gin.Context, p Person) error { return h.changeApp(c, p, e.act) }})
	}
	return append(all,
		endpoint{http.MethodGet, "/apps", "listApps", "What partners ask for", ListApps, false, nil, appsReply{}, 200, 0, (*API).apps},
		endpoint{http.MethodGet, "/apps/:id", "getApp", "A partner's request: what was filled in, and the criteria", LookApp, false, nil, appReply{}, 200, 0, (*API).app},
		endpoint{http.MethodGet, "/people", "listPeople", "Who works at the desk, and who left", ListPeople, false, nil, peopleReply{}, 200, 0, (*API).people},
		endpoint{http.MethodGet, "/people/:id", "getPerson", "A colleague: roles, what waits, what they did", LookPerson, false, nil, colleagueReply{}, 200, 0, (*API).colleague},
		endpoint{http.MethodPost, "/people", "addPerson", "Add a person, whose roles another administrator has to confirm", AddPerson, true, newPersonBody{}, changeReply{}, 202, 0, (*API).addPerson},
		endpoint{http.MethodPost, "/alerts/search", "listAlerts", "What needed attention at once", ListAlerts, false, alertsBody{}, alertsReply{}, 200, 0, (*API).alerts},
		endpoint{http.MethodPost, "/figures", "getFigures", "Figures by day, without members' names", Figures, false, figuresBody{}, figuresReply{}, 200, 0, (*API).figures},
		endpoint{http.MethodPost, "/figures/apps", "getAppFigures", "How members let apps of their choice have health data in a year", AppFigures, false, yearBody{}, appFiguresReply{}, 200, 0, (*API).appFigures},
		endpoint{http.MethodPost, "/queue/search", "listQueue", "What waits for the desk: numbers that members were told, and changes on hold", ListQueue, false, queueBody{}, queueReply{}, 200, 0, (*API).queue},
		endpoint{http.MethodGet, "/queue/:matter", "openCase", "A case: what was refused, and what was written about it", OpenCase, false, nil, caseReply{}, 200, 0, (*API).openCase},
		endpoint{http.MethodPost, "/queue/:matter/notes", "noteCase", "Write a note for colleagues", NoteCase, true, noteBody{}, matterReply{}, 200, 0, (*API).note},
		endpoint{http.MethodGet, "/approvals", "listApprovals", "Acts that wait for a second person", ListRequests, false, nil, approvalsReply{}, 200, 0, (*API).approvals},
		endpoint{http.MethodPost, "/approvals/:id/approve", "approve", "Allow an act that another person asked for", ApproveAct, true, emptyBody{}, outcomeReply{}, 200, 202,
			func(h *API, c *gin.Context, p Person) error { return h.decide(c, p, true) }},
		endpoint{http.MethodPost, "/approvals/:id/refuse", "refuse", "Refuse an act that another person asked for", RefuseAct, true, refuseBody{}, outcomeReply{}, 200, 0,
			func(h *API, c *gin.Context, p Person) error { return h.decide(c, p, false) }},
		endpoint{http.MethodPost, "/audit/export", "exportAudit", "The audit's rows of up to 31 days, one JSON document a line", ExportAudit, false, exportBody{}, nil, 200, 0, (*API).export},
		endpoint{http.MethodGet, "/activity", "getActivity", "What you did, saw and were refused in the last day", Activity, false, nil, activityReply{}, 200, 0, (*API).activity},
	)
}

// Mount adds the routes.
func (h *API) Mount(r gin.IRouter) {
	api := h.web.API(r)
	api.GET(APIPath+"/openapi.json", func(c *gin.Context) { c.Data(http.StatusOK, "application/json", h.document) })
	for _, e := range endpoints() {
		api.Handle(e.method, APIPath+e.path, h.web.Handle(func(c *gin.Context) error {
			p, ok, err := h.authenticate(c)
			if err != nil || !ok {
				return err
			}
			return answer(c, e.serve(h, c, p))
		}))
	}
}

// authenticate identifies the caller by an access token of ours for this API, from a sign-in with a second step, of a
// person with a role. ok is false if the response has been written.
func (h *API) authenticate(c *gin.Context) (p Person, ok bool, err error) {
	token, found := bearer(c.GetHeader("Authorization"))
	if !found {
		return p, false, h.refuse(c, http.StatusUnauthorized, "")
	}
	ctx := c.Request.Context()
	access, err := h.tokens.CheckAccess(ctx, token)
	switch {
	case errors.Is(err, provider.ErrToken), err == nil && (access.Audience != h.audience || access.Bound): // sender-constrained tokens are not supported here
		return p, false, h.refuse(c, http.StatusUnauthorized, invalidToken)
	case err != nil:
		return p, false, err
	case !slices.Contains(access.Scopes, provider.AdminScope):
		return p, false, h.refuse(c, http.StatusForbidden, insufficientScope)
	case accounts.Rank(access.ACR) < accounts.Rank(accounts.ACRFactor):
		return p, false, h.refuse(c, http.StatusUnauthorized, insufficientAuthentication)
	}
	p, err = h.service.Who(ctx, access.AccountID, access.AuthTime)
	if errors.Is(err, ErrNoRole) {
		if err := h.service.noRole(ctx, access.AccountID); err != nil {
			return p, false, err
		}
		return p, false, answer(c, ErrNoRole)
	}
	if err != nil {
		return p, false, err
	}
	p.Session = access.SessionID
	return p, true, h.service.noteUse(ctx, p)
}

// noRole records that somebody without a role used the API.
func (s *Service) noRole(ctx context.Context, accountID uuid.UUID) error {
	return s.audit.Record(ctx, audit.Event{Kind: audit.StaffDenied, At: s.now(), AccountID: accountID.String(), Actor: accountID.String(), RequestID: web.RequestID(ctx), Reason: "no_role"})
}

// refuse answers a call with an insufficient token.
func (h *API) refuse(c *gin.Context, status int, code string) error {
	challenge(c, code)
	p := web.Problem{Status: status, Detail: descriptions[code]}
	if code != "" {
		p.Type = problemType + code
	}
	web.WriteProblem(c, p)
	return nil
}

// bearer parses the header of RFC 6750 2.1.
func bearer(header string) (string, bool) {
	scheme, token, ok := strings.Cut(header, " ")
	return token, ok && strings.EqualFold(scheme, "Bearer") && token != "" && len(token) <= 8<<10 && !strings.ContainsAny(token, " ,")
}

// camel converts release_lock to releaseLock.
func camel(s string) string {
	words := strings.Split(s, "_")
	for i := 1; i < len(words); i++ {
		words[i] = strings.ToUpper(words[i][:1]) + words[i][1:]
	}
	return strings.Join(words, "")
}

// pathID returns the ID in the path; a malformed ID is treated like an unknown one (S-62).
func pathID(c *gin.Context) (uuid.UUID, error) {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil || len(c.Param("id")) != 36 {
		return uuid.Nil, ErrNotFound
	}
	return id, nil
}

// readOnce reads the body and the Idempotency-Key.
func readOnce(c *gin.Context, v any) (*Once, error) {
	body, err := web.ReadJSON(c, v)
	if err != nil {
		return nil, err
	}
	key := c.GetHeader("Idempotency-Key")
	if len(key) < 8 || len(key) > 128 || strings.ContainsFunc(key, func(r rune) bool { return r < 0x21 || r > 0x7e }) {
		return nil, Invalid{"idempotency-key": "missing"}
	}
	return &Once{Key: key, Body: slices.Concat([]byte(c.Request.Method+" "+c.Request.URL.Path+"\n"), body)}, nil
}

// reply answers with a document, and marks repeats.
func reply(c *gin.Context, status int, o *Once, body any) error {
	if o != nil && o.Replayed {
		c.Header("Idempotency-Replayed", "true")
	}
	c.JSON(status, body)
	return nil
}
