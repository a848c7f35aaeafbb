package templates

import (
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/audit"
)

func deskCases() []pageCase {
	rosa := &Desk{Name: "Rosa Vega", Roles: []string{"recover", "read"}, Approvals: 2, Here: "/search", Places: []string{"/search", "/queue", "/approvals", "/activity", "/alerts", "/figures", "/audit"}}
	at := func(path string, problems ...Problem) Layout {
		return Layout{Path: path, CSRF: "token", Desk: rosa, IdleTimeout: 15 * time.Minute, Problems: problems}
	}
	card := deskCard{BirthMonth: "3", BirthDay: "14", BirthYear: "1984", FirstName: "María", LastName: "Núñez", CardID: "004123789"}
	locks := []obstacle{{"differs", "", noon}, {"unknown_number", "", noon}, {"number_given", "", noon}, {"lock_identity", "identity", time.Time{}}, {"lock_password", "password", noon}, {"lock_question", "question", time.Time{}}, {"lock_facts", "", noon}, {"ended", "", noon}}
	offers := []deskOffer{{Act: "release_lock"}, {Act: "send_username"}, {"start_reset", "", true, "3"}, {Act: "end_sessions"}, {"change_email", "verified", true, "4"}, {"reset_factor", "verified", true, "5"},
		{"change_member", "better", true, "7"}, {Act: "disable", Needs: "verified"}}
	tied := deskRequest{"r3", "m1", "Rosa Vega", "Se inscribió con la tarjeta de su hija", "HD-1002", "", "310542266", "change_member", noon, noon, false, "in_person", "maria.lopez", "", nil, ""}
	request := deskRequest{"r1", "m1", "Rosa Vega", "Perdió su correo y vino a la oficina", "HD-1001", "nueva@example.org", "", "change_email", noon, noon, false, "spoken_code", "maria.lopez", "", []deskFailed{{noon, "facts", "Rosa Vega"}, {noon, "", ""}}, ""}
	own := request
	unlocks := tied
	unlocks.Act, unlocks.Number, unlocks.Lock = "release_lock", "", "question"
	own.Own, own.ID = true, "r2"
	blocked, nameless := request, request
	blocked.ID, blocked.Blocked, nameless.ID, nameless.Blocked, nameless.Name = "r4", "changed", "r5", "asker", ""
	methods := []string{"spoken_code", "facts", "call_back", "in_person", "none"}
	member := deskMember{ID: "m1", Username: "maria.lopez", Name: "M••• L•••", Email: "m•••@gmail.com", Status: "active", MemberNumber: "789", BirthYear: 1984,
		Factors: deskFactors{true, 1}, Held: []deskHeld{{"change_email", noon}}, Obstacles: locks, Mails: []deskMail{{"reset", "queued", noon}, {"welcome", "sent", noon}},
		Verification: callerState{true, noon}, NeedsSecond: true, MayVerify: true, Now: noon, Ready: offers[:4], Waiting: offers[4:], Earlier: []deskLog{{At: noon, Kind: "signed_in"}},
		Recent: []deskLog{{At: noon, Act: "disable", Outcome: "done", Reason: "Lo pidió la persona por teléfono", Ticket: "HD-1", Name: "Luis", Role: "admin"},
			{At: noon, Act: "end_sessions", Outcome: "step_up", Name: "Luis"}, {At: noon, Act: "refuse", Asked: "change_email", Outcome: "refused"}, {At: noon, Act: "approve", Asked: "change_email", Outcome: "conflict"}, {At: noon, Kind: "signed_in"}, {At: noon, Kind: "app_allowed"}, {At: noon, Kind: "sign_in_failed", Refused: "disabled"}, {At: noon, Kind: "account_locked", Refused: "codes"}, {At: noon, Kind: "question_changed", Refused: "question_removed"}, {At: noon, Kind: "sign_in_failed", Refused: "protected"}, {At: noon, Kind: "sign_in_failed", Refused: "waiting"}}}
	ana := deskMember{ID: "m3", Username: "ana", Name: "A•• R•••", MemberNumber: "314", BirthYear: 1996, Status: "disabled", Disabled: true}
	enablers, enabler := ana, ana
	enablers.Enablers, enabler.MayEnable = "Alma Vega, Luis Vega", true
	tabs := []deskTab{{"open", "/queue", true}, {"free", "/queue?show=free", false}, {"mine", "/queue?show=mine", false}, {"done", "/queue?show=done", false}}
	needs := []deskTab{{"all", "/queue", true}, {"identity_locked", "/queue?need=identity_locked", false}, {"password", "/q", false}, {"username", "/q", false}, {"other", "/q", false}, {"held", "/q", false}}
	matters := []deskMatter{
		{Ref: "H7K-2QD-9MW", Need: "identity_locked", Since: noon, DueAt: noon, Language: "es", Notes: 2},
		{Ref: "B2C-3DF-4GH", Need: "password", Since: noon, DueAt: noon, Language: "en", deskHelp: deskHelp{"taken", "Rosa Vega", noon, 1, "", false}},
		{Ref: "J5K-6LM-7NP", Need: "other", Since: noon, DueAt: noon, Language: "en", deskHelp: deskHelp{"taken", "", noon, 1, "", false}},
		{Ref: "Q8R-9ST-2VW", Need: "username", Since: noon, DueAt: noon, Language: "en", deskHelp: deskHelp{"handed_over", "Luis Prado", noon, 2, "Ana Vega", false}},
		{Ref: "c1", Need: "change_email", Asker: "Rosa Vega", Since: noon, DueAt: noon, Held: true, deskHelp: deskHelp{"done", "Luis Prado", noon, 2, "", false}},
		{Ref: "X3Y-4ZB-5CD", Need: "username", Since: noon, DueAt: noon, Language: "en", deskHelp: deskHelp{"handed_over", "Luis Prado", noon, 2, "", true}},
	}
	list := deskQueue{Show: "open", Tabs: tabs, Kinds: needs, Matters: matters, Total: 51, Now: noon, MayHelp: true, Turned: "/queue?sort=newest", Before: "/queue", After: "/queue?page=2"}
	other := list
	other.Newest, other.Show, other.Need, other.MayHelp = true, "free", "held", false
	found := deskCase{deskMatter: matters[0], SubjectID: uuid.MustParse("019abc00-0000-7000-8000-000000000001"), Failed: []time.Time{noon, noon, noon}, Compared: true, Locked: true, LockedUntil: noon,
		Differs: []string{"registration.personal.birth"}, Agrees: []string{"registration.personal.first", "registration.personal.last"}, Now: noon, MayHelp: true,
		Written: []deskNote{{noon, "Rosa Vega", "Llama otra vez por la tarde"}, {noon, "", "No contestó"}}, Key: "k", Typed: "Llamó", Late: true}
	mine, change, finished, nobody := found, deskCase{deskMatter: matters[4], SubjectID: found.SubjectID, Now: noon}, deskCase{deskMatter: matters[4], Now: noon, MayHelp: true}, deskCase{deskMatter: matters[2], Now: noon, MayHelp: true}
	mine.Helpers = []struct{ ID, Name, Username string }{{"a1", "Ana Vega", ""}, {"l1", "Luis Prado", "luis2"}}
	mine.deskMatter, mine.Mine, mine.Agrees, mine.LockedUntil = matters[1], true, nil, time.Time{}
	cases := []pageCase{
		page("admin/queue", "", at("/queue", Problem{Key: "admin.queue.now_taken", Args: Args{"matter": "H7K-2QD-9MW", "name": "Luis Prado", "datetime": noon}}), list),
		page("admin/queue", "others", at("/queue", Problem{Key: "admin.queue.now_handed_over", Args: Args{"matter": "H7K-2QD-9MW", "name": "Luis Prado", "datetime": noon}}), other),
		page("admin/case", "", at("/queue/H7K-2QD-9MW", Problem{Field: "note", Key: "admin.queue.note_missing"}), found),
		page("admin/case", "mine", at("/queue/H7K-2QD-9MW", Problem{Key: "admin.queue.now_done", Args: Args{"matter": Key("admin.act.change_email"), "name": "Luis Prado", "datetime": noon}}), mine),
		page("admin/case", "change", at("/queue/c1"), change),
		page("admin/case", "finished", at("/queue/c1"), finished),
		page("admin/case", "nobody", at("/queue/c2"), nobody),
		page("admin/signin", "", Layout{Path: "/"}, struct {
			Href              string
			NoRole, Protected bool
		}{"/signin", false, false}),
		page("admin/signin", "no role", Layout{Path: "/"}, struct {
			Href              string
			NoRole, Protected bool
		}{"/signin", true, false}),
		page("admin/signin", "protected", Layout{Path: "/"}, struct {
			Href              string
			NoRole, Protected bool
		}{"/signin", false, true}),
		page("admin/enter", "", Layout{Path: "/callback"}, struct{ To string }{"/callback?code=c"}),
		page("admin/signout", "", at("/logout"), struct{}{}),
		page("admin/error", "", at("/nowhere"), struct {
			Key                     string
			Args                    Args
			Code, Parameter, Button string
		}{"error.not_found", Args{}, "invalid_request", "q", "/search"}),
		page("admin/denied", "", at("/queue/c1"), deskDenied{[]string{"Llama otra vez"}, false, "/search"}),
		page("admin/denied", "no role", Layout{Path: "/queue/c1"}, deskDenied{[]string{"Llama otra vez"}, false, ""}),
		page("admin/denied", "protected", Layout{Path: "/queue/c1"}, deskDenied{[]string{"Llama otra vez"}, true, ""}),
		page("admin/search", "", at("/search"), deskSearch{}),
		page("admin/search", "none", at("/search"), deskSearch{None: true}),
		page("admin/search", "name", at("/search"), deskSearch{MayName: true, Few: true, Left: 9}),
		page("admin/search", "no such name", at("/search", Problem{Field: "birth_year", Key: "registration.personal.year_missing"}), deskSearch{MayName: true, ByName: true, None: true, Card: card}),
		page("admin/search", "namesakes", at("/search"), deskSearch{MayName: true, ByName: true, Card: card, Found: []deskNamesake{{"m1", "789", "active", false}, {"m2", "", "no_account", true}}}),
		page("admin/search", "many namesakes", at("/search"), deskSearch{MayName: true, ByName: true, Card: card, Namesakes: 6}),
		page("admin/search", "several", at("/search"), deskSearch{Several: 3}),
		page("admin/search", "limit", at("/search", Problem{Field: "q", Key: "admin.search.limit", Args: Args{"time": time.Hour}}), deskSearch{}),
		page("admin/member", "", at("/members/m1"), member),
		page("admin/member", "none", at("/members/m2"), deskMember{ID: "m2", Name: "J•• V•••", MemberNumber: "266", BirthYear: 1971, Status: "no_account"}),
		page("admin/member", "disabled", at("/members/m3"), enablers),
		page("admin/member", "disabled alone", at("/members/m3"), ana),
		page("admin/member", "enable", at("/members/m3"), enabler),
		page("admin/verify", "", at("/members/m1/verify"), deskVerify{ID: "m1", Key: "k", Method: "spoken_code", Methods: methods, Suffixes: []string{"JR"}, Facts: 3, Code: 5, CodeWaits: true, CodeUntil: noon, Language: "es", Card: card}),
		page("admin/verify", "wrong", at("/members/m1/verify", Problem{Field: "first_name", Key: "admin.verify.facts_no_match", Args: Args{"n": 1}}), deskVerify{Method: "facts", Methods: methods, Facts: 1, Card: card}),
		page("admin/verify", "closed", at("/members/m1/verify", Problem{Field: "method", Key: "admin.verify.closed", Args: Args{"datetime": noon}}), deskVerify{Method: "facts", Methods: methods, FactsUntil: noon, Card: card}),
		page("admin/approvals", "", at("/approvals"), struct{ Requests []deskRequest }{[]deskRequest{request, own, blocked, nameless}}),
		page("admin/approval", "blocked", at("/approvals/r4"), deskApproval{blocked, "k", ""}),
		page("admin/approvals", "empty", at("/approvals"), struct{ Requests []deskRequest }{}),
		page("admin/approval", "", at("/approvals/r1", Problem{Field: "reason", Key: "admin.act.reason_short"}), deskApproval{request, "k", "no"}),
		page("admin/approval", "lock", at("/approvals/r3"), deskApproval{unlocks, "k", ""}),
		page("admin/approval", "own", at("/approvals/r2"), deskApproval{own, "k", ""}),
		page("admin/approval", "member", at("/approvals/r3"), deskApproval{tied, "k", ""}),
		page("admin/act", "member", at("/members/m1/acts/change_member", Problem{Field: "member_number", Key: "admin.act.no_row"}), deskForm{Form: true, ID: "m1", Name: "maria", Act: "change_member", Number: "310542266", Key: "k", Version: "v"}),
		page("admin/act", "held", at("/members/m1/acts/change_email"), deskForm{ID: "m1", Name: "maria", Act: "change_email", Pending: &deskPending{OnHold: true}, MayStop: true}),
		page("admin/act", "own_request", at("/members/m1/acts/change_email"), deskForm{ID: "m1", Name: "maria", Act: "change_email", Pending: &deskPending{Own: true}}),
		page("admin/act", "request", at("/members/m1/acts/change_email"), deskForm{ID: "m1", Name: "maria", Act: "change_email", Pending: &deskPending{ID: "r1"}, MayDecide: true}),
		page("admin/act", "nothing", at("/members/m1/acts/withdraw_request", Problem{Key: "admin.act.nothing_asked_held", Args: Args{"datetime": noon}}), deskForm{ID: "m1", Name: "maria", Act: "withdraw_request", Nothing: &deskNothing{"stop_change"}, MayNext: true}),
		page("admin/activity", "", at("/activity"), deskDiary{[]deskLog{{At: noon, Act: "release_lock", Outcome: "done", Reason: "Llamó y comprobé quién es", Ticket: "HD-1"}}, 59, 19}),
		page("admin/activity", "empty", at("/activity"), deskDiary{nil, 60, 20}),
		page("admin/audit", "", at("/audit", Problem{Field: "from", Key: "admin.audit.span"}), struct{ From, To, Reason, Ticket string }{"2026-11-01", "2026-11-24", "Revisión", "A-1"}),
	}
	evaRow := deskStaff{ID: "e1", Name: "Eva Vega", Username: "eva", Status: "active", Roles: []string{"admin", "audit"}, CreatedAt: noon, Me: true}
	rosaRow := deskStaff{ID: "r1", Name: "Rosa Vega", Username: "rosa", Status: "active", Roles: []string{"read", "recover"}, CreatedAt: noon, Waits: true}
	rosaRow.Asked.Roles, rosaRow.Asked.Name = []string{"read", "recover", "approve"}, "Eva Vega"
	rosaRow.Asked.Reason, rosaRow.Asked.Ticket = "Cambio de puesto", "RH-7"
	gone := deskStaff{ID: "g1", Name: "Rosa Vega", Username: "rosa", Status: "disabled", CreatedAt: noon, RemovedAt: noon, Former: true}
	traces := []deskTrace{{"change_email", "on_hold", "m1", "", "maria.lopez", noon, true, false}, {"reset_factor", "approved", "m2", "", "juan.diaz", noon, true, false},
		{"change_member", "ended", "m3", "", "", noon, false, false}, {"set_roles", "asked", "", "p1", "Luis Vega", noon, false, true}}
	endedRow := rosaRow
	endedRow.Waits = false
	resetRow := rosaRow
	resetRow.Asked.Reset = true
	sealed := deskStaff{ID: "s1", Name: "Emergencia", Username: "emergencia", Status: "active", Roles: []string{"admin"}, BreakGlass: true, CreatedAt: noon}
	boxes := []deskBox{{"role_read", "read", true}, {"role_recover", "recover", true}, {"role_approve", "approve", false}, {"role_admin", "admin", false}, {"role_audit", "audit", false}}
	book := []deskLog{{At: noon, Act: "look_person", Outcome: "done"}, {At: noon, Act: "set_roles", Outcome: "limit", Reason: "Cambio de puesto", Ticket: "RH-1"}}
	cases = append(cases,
		page("admin/people", "", at("/people"), deskPeople{[]deskStaff{evaRow, rosaRow, {ID: "n1", Name: "Nueva", Username: "nueva", Status: "active", CreatedAt: noon}, sealed}, []deskStaff{gone}, true}),
		page("admin/person", "former", at("/people/g1"), deskColleague{deskStaff: gone, MayStop: true, MayLook: true, Lines: book, Seen: 2, Traces: traces}),
		page("admin/person", "left_nothing", at("/people/g1"), deskColleague{deskStaff: gone}),
		page("admin/person", "auditor", at("/people/g1"), deskColleague{deskStaff: gone, Traces: traces}),
		page("admin/person", "", at("/people/r1", Problem{Field: "reason", Key: "admin.act.reason_short"}), deskColleague{deskStaff: rosaRow, Lines: book, Seen: 12, Denied: 1, Boxes: boxes, MayConfirm: true, MayChange: true, Expires: noon}),
		page("admin/person", "asked", at("/people/r1"), deskColleague{deskStaff: rosaRow, Boxes: boxes, MayChange: true, MayWithdraw: true, Nobody: true, Expires: noon}),
		page("admin/person", "asked_reset", at("/people/r1", Problem{Key: "admin.people.pending_own", Args: Args{"datetime": noon}}), deskColleague{deskStaff: resetRow, Boxes: boxes, MayChange: true, MayWithdraw: true, Expires: noon}),
		page("admin/person", "lost", at("/people/r1"), deskColleague{deskStaff: evaRow, Boxes: boxes, MayChange: true, MayReset: true}),
		page("admin/person", "reset", at("/people/r1"), deskColleague{deskStaff: resetRow, MayConfirm: true, MayChange: true, Expires: noon}),
		page("admin/person", "ended", at("/people/r1"), deskColleague{deskStaff: endedRow, Ended: true, Boxes: boxes, MayChange: true}),
		page("admin/person", "own", at("/people/e1"), deskColleague{deskStaff: evaRow, Own: true}),
		page("admin/person", "sealed", at("/people/s1"), deskColleague{deskStaff: sealed}),
		page("admin/person-new", "", at("/people/new", Problem{Field: "name", Key: "admin.people.name_length"}, Problem{Field: "roles", Key: "admin.people.roles_missing"}), struct {
			Key, Reason, Ticket   string
			Name, Username, Email string
			Languages             []string
			Language              string
			Boxes                 []deskBox
		}{"k", "Empieza el lunes", "RH-1", "Nueva Vega", "nueva", "n@example.org", []string{"es", "en"}, "es", boxes}))
	var alerts []deskAlert
	for _, name := range audit.AlertNames() {
		alerts = append(alerts, deskAlert{ID: "e1", Name: name, N: 1, First: noon, Last: noon})
	}
	alerts = append(alerts, deskAlert{"e2", "staff_limit", 12, noon, noon, "", "Rosa Vega", "", "", noon}, deskAlert{"e3", "staff_limit", 2, noon, noon, "", "Luis Prado", "seen", "Eva Vega", noon},
		deskAlert{"e4", "refresh_replayed", 2, noon, noon, "portal", "", "handled", "", noon})
	shows := []deskTab{{"open", "/alerts", true}, {"handled", "/alerts?show=handled", false}, {"all", "/alerts?show=all", false}}
	areas := []deskTab{{"any", "/alerts", true}, {"desk", "/a", false}, {"members", "/a", false}, {"apps", "/a", false}, {"system", "/a", false}}
	cases = append(cases,
		page("admin/alerts", "", at("/alerts", Problem{Key: "admin.alert.now_handled", Args: Args{"name": "Luis Prado", "datetime": noon}}, Problem{Key: "admin.alert.own"}),
			deskAlerts{Tabs: shows, Areas: areas, Rows: alerts, Now: noon, MayLook: true, Before: "/alerts", After: "/alerts?page=2"}),
		page("admin/alerts", "audit alone", at("/alerts"), deskAlerts{Tabs: shows, Areas: areas, Rows: alerts[len(alerts)-1:], Now: noon}))
	for _, empty := range []string{"open", "handled", "all"} {
		cases = append(cases, page("admin/alerts", "empty "+empty, at("/alerts"), deskAlerts{Tabs: shows, Areas: areas, Empty: empty}))
	}
	steps := []string{"agreed", "refused", "matched", "code_sent", "proven", "finished"}
	busy := deskDay{Begins: noon, Help: []deskHelped{{"password", 12, 10, 8, 90 * time.Minute, 5 * time.Hour}, {"identity_locked", 3, 0, 0, 0, 0}}, Ends: []deskCount{{"finished", 20}}}
	for _, cause := range []string{"sign_in", "code", "password", "answer", "registration"} {
		busy.Locks = append(busy.Locks, deskCount{cause, 2})
	}
	cases = append(cases,
		page("admin/figures", "", at("/figures"), deskFigures{"2026-11-18", "2026-11-24", []deskDay{busy, {Begins: noon}}, "/figures/csv", true, steps, true, true, true, []deskDoer{{"Rosa Vega", 31, 28, 12, 2, 9, 1}, {"", 1, 1, 0, 0, 0, 0}}}),
		page("admin/figures", "nothing", at("/figures"), deskFigures{From: "2026-11-18", To: "2026-11-24", File: "/figures/csv", Steps: steps}),
		page("admin/app_figures", "", at("/figures/apps"), deskAppFigures{"2026", true, true, deskAccess{1234, 400, 300, []deskAppUse{{"c1", "Mi Diario", 1000}, {"c2", "", 234}},
			[]deskRefusal{{noon, "c2", "Otra", true, "Vende los datos, criterio 3"}, {noon, "c2", "Otra", false, ""}}}}),
		page("admin/app_figures", "nothing", at("/figures/apps"), deskAppFigures{Year: "2025", Shown: true}),
		page("admin/app_figures", "wrong", at("/figures/apps", Problem{Field: "year", Key: "admin.app_figures.year_wrong", Args: Args{"from": "2000", "to": "2026"}}), deskAppFigures{Year: "x"}),
		page("admin/figures", "wrong", at("/figures", Problem{Field: "from", Key: "admin.audit.span"}), deskFigures{From: "x", Steps: steps}))
	for _, show := range []string{"open", "free", "mine", "done"} {
		cases = append(cases, page("admin/queue", "empty "+show, at("/queue"), deskQueue{Show: show, Tabs: tabs, Kinds: needs}))
	}
	for _, act := range []deskAct{"release_lock", "send_username", "start_reset", "change_email", "reset_factor", "change_member", "end_sessions", "disable", "enable"} {
		cases = append(cases, page("admin/act", string(act), at("/members/m1/acts/"+string(act), Problem{Key: "admin.act.need_verify"}, Problem{Field: "ticket", Key: "admin.act.ticket_missing"}),
			deskForm{Form: true, ID: "m1", Name: "maria.lopez", Act: string(act), Lock: "password", Email: "nueva@example.org", Obstacles: locks[2:4], Second: true, Asks: true, Needs: "better", Unproven: true, Ends: act == "disable"}))
	}
	return cases
}
