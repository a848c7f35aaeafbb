package templates

import (
	"time"

	"github.com/google/uuid"
)

// Stand-ins for the types of package partners, which is above this one.
type (
	partnerField struct {
		Name, Kind, Value string
		Max               int
		Optional          bool
		Choices           []string
	}
	partnerStepPage struct {
		ID     uuid.UUID
		Step   string
		N      int
		Fields []partnerField
		Mark   string
		Open   bool
	}
	partnerState     string
	partnerCriterion struct {
		Name string
		Met  bool
		Note string
	}
	partnerLine struct {
		Step string
		Done bool
	}
	partnerRequest struct {
		ID                uuid.UUID
		State             partnerState
		Name              string
		SentAt, DecidedAt time.Time
		Test, Production  string
		Reason            string
		Criteria          []partnerCriterion
		Steps             []partnerLine
		Whole             bool
		Tried             partnerTried
		Secret            string
	}
	partnerTried struct {
		Issuer, ClientID string
		Stale            bool
	}
	partnerUsage     struct{ Permissions, Recent int }
	partnerComplaint struct {
		Number, Kind, Text string
		At                 time.Time
	}
	partnerClient struct {
		ID, Name, Kind               string
		RedirectURIs, Scopes         []string
		Auth, JWKS, Secret, TypedURI string
		DisabledAt                   time.Time
		Request                      uuid.UUID
		Secrets                      int
		Usage                        partnerUsage
		Complaints                   []partnerComplaint
		HasSecret, HasKeys           bool
	}
	partnerHome struct {
		Requests []partnerRequest
		Clients  []partnerClient
	}
	partnerColleague struct {
		ID        uuid.UUID
		Email     string
		CreatedAt time.Time
	}
	partnerPeople struct {
		People []partnerColleague
		Email  string
	}
	partnerRefusal struct {
		At                                            time.Time
		RequestID, Endpoint, Error, Description, Sent string
	}
	deskAppsPage struct{ List []deskAppPage }
	deskAppPage  struct {
		ID                                                                         uuid.UUID
		Name, Organisation, Reason, Key, Typed                                     string
		State                                                                      partnerState
		SentAt, CheckedAt                                                          time.Time
		Version                                                                    int
		Criteria                                                                   []partnerCriterion
		Complaints                                                                 []partnerComplaint
		Values                                                                     map[string]string
		Steps                                                                      []partnerFilled
		Colleagues, Suspended, MayTake, MayDecide, MaySuspend, MayResume, MayLetIn bool
	}
	partnerRun struct {
		ID, Name, Secret, Issuer, Next, LogoutURI string
		RedirectURIs                              []string
		UsedAt                                    time.Time
		Live                                      bool
		Lines                                     []partnerCheck
	}
	partnerCheck struct {
		ID, Section, Link, Outcome, Found, Detail string
		IsNext, CanMeet                           bool
	}
	partnerChecks struct {
		Runs                                      []partnerRun
		Choices                                   []string
		Name, RedirectURIs, Auth, JWKS, LogoutURI string
	}
	partnerErrors struct {
		ID, Name string
		Refused  []partnerRefusal
	}
)

// The checks of partners' apps, and what can be found in them.
var checkIDs = []string{"authentication", "denied", "expired", "logout", "logout_expired", "logout_no_event", "logout_nobody", "logout_nonce", "logout_other_audience", "logout_other_key", "new_key", "no_id_token", "no_iss", "no_signature", "nonce", "other_audience", "other_iss", "other_issuer", "other_key", "other_nonce", "other_state", "pkce", "refresh", "refused_code", "request", "sign_in", "state", "unavailable"}
var foundKeys = []string{"answered", "asked_for_tokens", "code_again", "code_once", "code_redeemed", "code_unused", "in_turn", "missing", "never_redeemed", "never_refreshed", "never_used", "no_answer", "not_taken", "old_refresh", "parameter", "plain", "redeemed", "refreshed", "repeated", "taken", "tokens_unused", "two_ways", "userinfo", "verifier", "wrong_client"}

// partnerFilled is a step for reading.
type partnerFilled string

func (f partnerFilled) Fields() []partnerField {
	return []partnerField{{Name: "operator", Kind: "text"}, {Name: "auth", Kind: "choice"}, {Name: "purpose", Kind: "lines"}, {Name: "use", Kind: "promise"}, {Name: "email", Kind: "box"}}
}

func (r partnerRun) Count(string) int              { return 4 }
func (f partnerField) Ticked() bool                { return f.Value == "yes" }
func (s partnerState) Open() bool                  { return s == "draft" || s == "refused" }
func (p partnerPeople) Me(c partnerColleague) bool { return c.Email == "eva@diary.example" }

func partnerCases() []pageCase {
	id := uuid.MustParse("019abc00-0000-7000-8000-000000000001")
	out := func(path string, problems ...Problem) Layout {
		return Layout{Path: path, CSRF: "token", Problems: problems}
	}
	in := func(path string, problems ...Problem) Layout {
		return Layout{Path: path, CSRF: "token", Problems: problems, IdleTimeout: 15 * time.Minute, Partner: &Partner{Organisation: "Diario S. A.", Email: "eva@diary.example", Here: "/home"}}
	}
	said := []partnerComplaint{{"019abc00-0000-7000-8000-000000000003", "shared", "Me llaman de otra empresa.\nNo di permiso.", noon}, {"019abc00-0000-7000-8000-000000000004", "more", "", noon}}
	ways := []string{"client_secret_basic", "none", "private_key_jwt"}
	run := partnerRun{ID: "run1", Name: "Mi Diario", Secret: "QWMWQWMWQWMWQWMWQWMWQWMWQW", Issuer: "https://partners.example/check/qwmwqwmwqwmwqwmwqwmwqwmwqw", Next: "other_nonce", RedirectURIs: []string{"https://diary.example/callback"}, UsedAt: noon, Live: true}
	for i, id := range checkIDs {
		found := append([]string{""}, foundKeys...)[i%(len(foundKeys)+1)]
		run.Lines = append(run.Lines, partnerCheck{id, "OpenID Connect Core 1.0, 3.1.3.7 (11)", "https://openid.net/specs/openid-connect-core-1_0.html", []string{"", "given", "passed", "failed", "unseen"}[i%5], found, []string{"", "400"}[i%2], id == "other_nonce", true})
	}
	over := run
	over.Next, over.Live, over.LogoutURI, over.Secret = "", false, "https://diary.example/logout", ""
	lines := []partnerLine{{"organisation", true}, {"app", true}, {"access", true}, {"data", true}, {"promises", false}}
	criteria := []partnerCriterion{{"rules", true, ""}, {"secure", true, ""}, {"domain", false, "https://app.example/callback"}, {"policy", false, "https://diary.example/privacy"}, {"keys", true, ""}, {"promises", true, ""}}
	request := partnerRequest{ID: id, State: "draft", Name: "Mi Diario", Steps: lines}
	whole, sent, taken, approved, refused := request, request, request, request, request
	whole.Whole, whole.Test = true, "test1"
	untried, tried, stale := request, request, request
	untried.Tried = partnerTried{Issuer: "https://sandbox.example"}
	tried.Tried, tried.Secret = partnerTried{Issuer: "https://sandbox.example", ClientID: "A7Q2MZ5XK4TUW3VYRB6CDEFGHJ"}, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	stale.Tried, stale.Whole = partnerTried{Issuer: "https://sandbox.example", ClientID: "A7Q2MZ5XK4TUW3VYRB6CDEFGHJ", Stale: true}, true
	sent.State, sent.SentAt, sent.Criteria = "sent", noon, criteria
	taken.State, taken.SentAt = "taken", noon
	approved.State, approved.DecidedAt, approved.Production, approved.Reason, approved.Criteria = "approved", noon, "client1", "Se cumplen todos los criterios.", criteria
	refused.State, refused.DecidedAt, refused.Reason = "refused", noon, "La política de privacidad no se abre."
	client := partnerClient{ID: "client1", Name: "Mi Diario", Kind: "production", RedirectURIs: []string{"https://diary.example/callback"}, Scopes: []string{"openid", "profile"}, Auth: "client_secret_basic",
		Request: id, HasSecret: true, Usage: partnerUsage{12, 9}, Complaints: said}
	made, keyed, test := client, client, client
	made.Secret, made.Secrets = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG", 1
	keyed.HasSecret, keyed.HasKeys, keyed.Auth, keyed.JWKS, keyed.DisabledAt = false, true, "private_key_jwt", `{"keys":[]}`, noon
	test.Kind, test.ID = "test", "test1"
	people := partnerPeople{People: []partnerColleague{{id, "eva@diary.example", noon}, {id, "luis.prado.de.la.vega@diary.example", noon}}}
	text := func(name, kind, value string) partnerField {
		return partnerField{Name: name, Kind: kind, Value: value, Max: 80}
	}
	steps := map[string][]partnerField{
		"organisation": {text("operator", "text", "Diario S. A."), text("website", "url", "https://diary.example"), text("contact", "email", "eva@diary.example"), text("security_contact", "email", ""), text("complaints_contact", "email", "")},
		"app":          {text("name_en", "text", "My Diary"), text("name_es", "text", "Mi Diario"), text("purpose", "lines", "Muestra recetas."), text("policy_uri", "url", "https://diary.example/privacy"), {Name: "logo_uri", Kind: "url", Optional: true}},
		"access": {{Name: "app_type", Kind: "choice", Value: "web", Choices: []string{"web", "native"}}, text("redirect_uris", "lines", "https://diary.example/callback"),
			{Name: "auth", Kind: "choice", Value: "none", Choices: []string{"private_key_jwt", "client_secret_basic", "none"}}, text("jwks_uri", "url", ""), text("jwks", "lines", "")},
		"data":     {text("profile", "box", "yes"), text("email", "box", ""), text("offline_access", "box", ""), text("record", "lines", "launch/patient\npatient/Observation.rs")},
		"promises": {text("ask_first", "promise", "yes"), text("use", "promise", ""), text("no_sale", "promise", ""), text("security", "promise", ""), text("deletion", "promise", ""), text("changes", "promise", ""), text("complaints", "promise", "")},
	}
	cases := []pageCase{
		page("partners/door", "", out("/"), struct{ Return string }{"/home"}),
		page("partners/door", "wrong", out("/", Problem{Key: "partners.door.wrong"}), struct{ Return string }{""}),
		page("partners/join", "", out("/join"), struct{ Email string }{""}),
		page("partners/join", "wrong", out("/join", Problem{Field: "email", Key: "partners.wrong.email"}), struct{ Email string }{"eva@"}),
		page("partners/sent", "", out("/join/sent"), struct{}{}),
		page("partners/gone", "", out("/link"), struct{}{}),
		page("partners/link", "", out("/link"), struct{ Email, Organisation, Name, Token string }{"eva@diary.example", "", "", "token"}),
		page("partners/link", "missing", out("/link", Problem{Field: "name", Key: "partners.wrong.missing"}), struct{ Email, Organisation, Name, Token string }{"eva@diary.example", "", "", "token"}),
		page("partners/link", "invited", out("/link"), struct{ Email, Organisation, Name, Token string }{"luis@diary.example", "Diario S. A.", "", "token"}),
		page("partners/enter", "", out("/"), struct{ To string }{"/home"}),
		page("partners/error", "", out("/home"), errorPage{Key: "error.not_found", Button: "/home"}),
		page("partners/signout", "", in("/logout"), struct{}{}),
		page("partners/home", "", in("/home"), partnerHome{}),
		page("partners/home", "full", in("/home", Problem{Key: "partners.home.too_many"}), partnerHome{[]partnerRequest{request, sent, taken, approved, refused}, []partnerClient{client, test, keyed}}),
		page("partners/people", "", in("/people"), people),
		page("partners/people", "wrong", in("/people", Problem{Field: "email", Key: "partners.wrong.missing"}), people),
		page("partners/request", "", in("/requests/1"), request),
		page("partners/request", "whole", in("/requests/1", Problem{Key: "partners.wrong.rule", Args: Args{"rule": "client_name: is the name of another app"}}), whole),
		page("partners/request", "untried", in("/requests/1", Problem{Key: "partners.sandbox.away"}), untried),
		page("partners/request", "tried", in("/requests/1"), tried),
		page("partners/request", "stale", in("/requests/1"), stale),
		page("partners/request", "sent", in("/requests/1"), sent),
		page("partners/request", "taken", in("/requests/1"), taken),
		page("partners/request", "approved", in("/requests/1"), approved),
		page("partners/request", "refused", in("/requests/1"), refused),
		page("partners/client", "", in("/apps/client1"), client),
		page("partners/client", "made", in("/apps/client1"), made),
		page("partners/client", "keys", in("/apps/client1", Problem{Field: "jwks", Key: "partners.wrong.rule", Args: Args{"rule": "holds a key, number 1, that is not public"}}), keyed),
		page("partners/client", "test", in("/apps/test1", Problem{Key: "partners.client.made_already"}), test),
		page("partners/errors", "", in("/apps/client1/errors"), partnerErrors{"client1", "Mi Diario", []partnerRefusal{{noon, "wqhvmpdmpdwwydwa", "/token", "invalid_grant", "The code is not valid, or was used before.", "grant_type=\"authorization_code\""}}}),
		page("partners/checks", "", in("/checks"), partnerChecks{Choices: ways, Auth: "none"}),
		page("partners/checks", "full", in("/checks", Problem{Field: "redirect_uris", Key: "partners.wrong.rule", Args: Args{"rule": "are https addresses"}}), partnerChecks{[]partnerRun{run}, ways, "Mi Diario", "http://a.example", "private_key_jwt", "{}", "https://a.example/out"}),
		page("partners/checks", "many", in("/checks", Problem{Key: "partners.checks.too_many"}), partnerChecks{[]partnerRun{run}, ways, "", "", "none", "", ""}),
		page("partners/check", "", in("/checks/run1"), run),
		page("partners/check", "over", in("/checks/run1"), over),
		page("partners/checking", "", out("/checking/run1"), struct{ To, Host, Check string }{"https://diary.example/callback?code=x", "diary.example", "denied"}),
		page("partners/checking", "free", out("/checking/run1"), struct{ To, Host, Check string }{"https://diary.example/callback?code=x", "diary.example", ""}),
		page("partners/errors", "none", in("/apps/client1/errors"), partnerErrors{"client1", "Mi Diario", nil}),
	}
	desk := func(path string, problems ...Problem) Layout {
		l := in(path, problems...)
		l.Partner, l.Desk = nil, &Desk{Name: "Ana Socios", Roles: []string{"partners"}, Here: "/apps", Places: []string{"/activity", "/apps"}}
		return l
	}
	asked := deskAppPage{ID: id, Name: "Mi Diario", Organisation: "Diario S. A.", State: "sent", SentAt: noon, CheckedAt: noon, Version: 1, Criteria: criteria, MayTake: true, Key: "k",
		Values: map[string]string{"operator": "Diario S. A.", "auth": "none", "purpose": "Muestra recetas.\nY nada más.", "use": "yes"}, Steps: []partnerFilled{"organisation", "access"}}
	mine, live, stopped := asked, asked, asked
	mine.State, mine.MayTake, mine.MayDecide, mine.Typed = "taken", false, true, "Se cumplen"
	live.Complaints, live.MayLetIn = said, true
	live.State, live.MayTake, live.MaySuspend, live.Reason = "approved", false, true, "Se cumplen todos los criterios."
	stopped.State, stopped.Colleagues, stopped.Suspended, stopped.MayResume = "taken", true, true, true
	cases = append(cases,
		page("admin/apps", "", desk("/apps"), deskAppsPage{[]deskAppPage{asked, live}}),
		page("admin/apps", "none", desk("/apps"), deskAppsPage{}),
		page("admin/app", "", desk("/apps/1"), asked),
		page("admin/app", "mine", desk("/apps/1", Problem{Field: "reason", Key: "admin.act.reason_short"}), mine),
		page("admin/app", "live", desk("/apps/1", Problem{Key: "admin.apps.changed"}), live),
		page("admin/app", "stopped", desk("/apps/1"), stopped))
	for step, fields := range steps {
		n := map[string]int{"organisation": 1, "app": 2, "access": 3, "data": 4, "promises": 5}[step]
		wrong := Problem{Field: fields[0].Name, Key: "partners.wrong.missing"}
		cases = append(cases, page("partners/step", step, in("/requests/1/"+step), partnerStepPage{id, step, n, fields, "m", true}),
			page("partners/step", step+" wrong", in("/requests/1/"+step, wrong, Problem{Key: "partners.step.edited"}), partnerStepPage{id, step, n, fields, "m", false}))
	}
	return cases
}

// Unmet is as in partners.Application.
func (p deskAppPage) Unmet() bool { return len(p.Criteria) > 0 }
