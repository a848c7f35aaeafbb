package templates

import (
	"time"
)

// Stand-ins for the types of package admin, which is above this one.
type (
	deskAct string
	deskLog struct {
		At      time.Time
		Act     deskAct
		Kind    string
		Outcome string
		Reason  string
		Ticket  string
		Name    string
		Role    string
	}
	obstacle struct {
		Kind, Lock string
		Until      time.Time
	}
	deskHeld struct {
		Act     deskAct
		ApplyAt time.Time
	}
	deskMail struct {
		Kind, State string
		CreatedAt   time.Time
	}
	deskFactors struct {
		TOTP     bool
		Passkeys int
	}
	callerState struct {
		Verified   bool
		ValidUntil time.Time
	}
	deskMember struct {
		ID, Username, Name, Email, Status, MemberNumber string
		BirthYear                                       int
		Factors                                         deskFactors
		Held                                            []deskHeld
		Obstacles                                       []obstacle
		Mails                                           []deskMail
		Verification                                    callerState
		NeedsSecond, MayVerify                          bool
		Now                                             time.Time
		Next                                            deskAct
		Ready, Waiting                                  []deskOffer
		Recent, Earlier                                 []deskLog
	}
	deskOffer struct {
		Act    deskAct
		Needs  string
		Second bool
	}
	deskCard struct {
		BirthMonth, BirthDay, BirthYear, FirstName, LastName, Suffix, CardID string
	}
	deskVerify struct {
		ID, Key, Method   string
		Methods, Suffixes []string
		CodeSent          bool
		Language          string
		Card              deskCard
	}
	deskForm struct {
		ID, Name, Act, Key, Version, Lock, Email, Number, Reason, Ticket string
		Ends, Second                                                     bool
		Obstacles                                                        []obstacle
	}
	deskRequest struct {
		ID, SubjectID, Name, Reason, Ticket, Email, Number string
		Act                                                deskAct
		AskedAt, ExpiresAt                                 time.Time
		Own                                                bool
		VerifiedBy                                         string
	}
	deskApproval struct {
		deskRequest
		Key, Typed, Member string
	}
	deskReferral struct {
		Reference, Reason string
		At                time.Time
	}
	deskSearch struct {
		Value    string
		None     bool
		Several  int
		Referral *deskReferral
	}
	deskDiary struct {
		Lines         []deskLog
		Lookups, Acts int
	}
)

func (a deskAct) Key() string { return "admin.act." + string(a) }
func (l deskLog) Words() Args { return Args{"app": "Portal", "act": Key("admin.act.disable")} }
func (o obstacle) Shown() []string {
	return []string{"registration.personal.birth", "registration.personal.suffix"}
}
func (o obstacle) Open() bool   { return o.Until.IsZero() }
func (f deskFactors) Any() bool { return f.TOTP || f.Passkeys > 0 }

func deskCases() []pageCase {
	rosa := &Desk{Name: "Rosa Vega", Roles: []string{"recover", "read"}, Approvals: 2, Here: "/search", Places: []string{"/search", "/approvals", "/activity", "/audit"}}
	at := func(path string, problems ...Problem) Layout {
		return Layout{Path: path, CSRF: "token", Desk: rosa, IdleTimeout: 15 * time.Minute, Problems: problems}
	}
	card := deskCard{BirthMonth: "3", BirthDay: "14", BirthYear: "1984", FirstName: "María", LastName: "Núñez", CardID: "004123789"}
	locks := []obstacle{{"differs", "", noon}, {"unknown_number", "", noon}, {"lock_identity", "identity", time.Time{}}, {"lock_password", "password", noon}, {"lock_question", "question", time.Time{}}, {"lock_facts", "", noon}}
	offers := []deskOffer{{Act: "release_lock"}, {Act: "send_username"}, {"start_reset", "", true}, {Act: "end_sessions"}, {"change_email", "verified", true}, {"reset_factor", "verified", true},
		{"change_member", "better", true}, {Act: "disable", Needs: "verified"}}
	tied := deskRequest{"r3", "m1", "Rosa Vega", "Se inscribió con la tarjeta de su hija", "HD-1002", "", "310542266", "change_member", noon, noon, false, "in_person"}
	request := deskRequest{"r1", "m1", "Rosa Vega", "Perdió su correo y vino a la oficina", "HD-1001", "nueva@example.org", "", "change_email", noon, noon, false, "spoken_code"}
	own := request
	own.Own, own.ID = true, "r2"
	methods := []string{"spoken_code", "facts", "call_back", "in_person", "none"}
	member := deskMember{ID: "m1", Username: "maria.lopez", Name: "M••• L•••", Email: "m•••@gmail.com", Status: "active", MemberNumber: "789", BirthYear: 1984,
		Factors: deskFactors{true, 1}, Held: []deskHeld{{"change_email", noon}}, Obstacles: locks, Mails: []deskMail{{"reset", "queued", noon}, {"welcome", "sent", noon}},
		Verification: callerState{true, noon}, NeedsSecond: true, MayVerify: true, Now: noon, Ready: offers[:4], Waiting: offers[4:], Earlier: []deskLog{{At: noon, Kind: "signed_in"}},
		Recent: []deskLog{{At: noon, Act: "disable", Outcome: "done", Reason: "Lo pidió la persona por teléfono", Ticket: "HD-1", Name: "Luis", Role: "admin"},
			{At: noon, Act: "end_sessions", Outcome: "step_up", Name: "Luis"}, {At: noon, Kind: "signed_in"}, {At: noon, Kind: "app_allowed"}}}
	cases := []pageCase{
		page("admin/signin", "", Layout{Path: "/"}, struct {
			Href   string
			NoRole bool
		}{"/signin", false}),
		page("admin/signin", "no role", Layout{Path: "/"}, struct {
			Href   string
			NoRole bool
		}{"/signin", true}),
		page("admin/enter", "", Layout{Path: "/callback"}, struct{ To string }{"/callback?code=c"}),
		page("admin/signout", "", at("/logout"), struct{}{}),
		page("admin/error", "", at("/nowhere"), struct {
			Key                     string
			Args                    Args
			Code, Parameter, Button string
		}{"error.not_found", Args{}, "invalid_request", "q", "/search"}),
		page("admin/search", "", at("/search"), deskSearch{}),
		page("admin/search", "none", at("/search"), deskSearch{Value: "maria", None: true}),
		page("admin/search", "several", at("/search"), deskSearch{Several: 3}),
		page("admin/search", "reference", at("/search"), deskSearch{Referral: &deskReferral{"H7K-2QD-9MW", "password", noon}}),
		page("admin/search", "limit", at("/search", Problem{Field: "q", Key: "admin.search.limit", Args: Args{"time": time.Hour}}), deskSearch{}),
		page("admin/member", "", at("/members/m1"), member),
		page("admin/member", "none", at("/members/m2"), deskMember{ID: "m2", Status: "no_account"}),
		page("admin/verify", "", at("/members/m1/verify"), deskVerify{ID: "m1", Key: "k", Method: "spoken_code", Methods: methods, Suffixes: []string{"JR"}, CodeSent: true, Language: "es", Card: card}),
		page("admin/verify", "wrong", at("/members/m1/verify", Problem{Field: "first_name", Key: "admin.verify.no_match"}), deskVerify{Method: "facts", Methods: methods, Card: card}),
		page("admin/approvals", "", at("/approvals"), struct{ Requests []deskRequest }{[]deskRequest{request, own}}),
		page("admin/approvals", "empty", at("/approvals"), struct{ Requests []deskRequest }{}),
		page("admin/approval", "", at("/approvals/r1", Problem{Field: "reason", Key: "admin.act.reason_short"}), deskApproval{request, "k", "no", "maria.lopez"}),
		page("admin/approval", "own", at("/approvals/r2"), deskApproval{own, "k", "", ""}),
		page("admin/approval", "member", at("/approvals/r3"), deskApproval{tied, "k", "", "maria.lopez"}),
		page("admin/act", "member", at("/members/m1/acts/change_member", Problem{Field: "member_number", Key: "admin.act.no_row"}), deskForm{ID: "m1", Name: "maria", Act: "change_member", Number: "310542266", Key: "k", Version: "v"}),
		page("admin/activity", "", at("/activity"), deskDiary{[]deskLog{{At: noon, Act: "release_lock", Outcome: "done", Reason: "Llamó y comprobé quién es", Ticket: "HD-1"}}, 59, 19}),
		page("admin/activity", "empty", at("/activity"), deskDiary{nil, 60, 20}),
		page("admin/audit", "", at("/audit", Problem{Field: "from", Key: "admin.audit.span"}), struct{ From, To, Reason, Ticket string }{"2026-11-01", "2026-11-24", "Revisión", "A-1"}),
	}
	for _, act := range []deskAct{"release_lock", "send_username", "start_reset", "change_email", "reset_factor", "change_member", "end_sessions", "disable", "enable"} {
		cases = append(cases, page("admin/act", string(act), at("/members/m1/acts/"+string(act), Problem{Key: "admin.act.need_verify"}, Problem{Field: "ticket", Key: "admin.act.ticket_missing"}),
			deskForm{ID: "m1", Name: "maria.lopez", Act: string(act), Lock: "password", Email: "nueva@example.org", Obstacles: locks[2:4], Second: true, Ends: act == "disable"}))
	}
	return cases
}
