package admin

import (
	"slices"
	"time"
)

// Act is something that a person of the desk can do.
type Act string

// The acts. The values are stored and must not change.
const (
	Find     Act = "find"
	FindName Act = "find_name"
	Look     Act = "look"
	Verify   Act = "verify"

	ReleaseLock   Act = "release_lock"
	SendUsername  Act = "send_username"
	StartReset    Act = "start_reset"
	ChangeEmail   Act = "change_email"
	ResetFactor   Act = "reset_factor"
	ResetQuestion Act = "reset_question"
	ChangeMember  Act = "change_member" // to the row of the roster that is theirs
	EndSessions   Act = "end_sessions"
	StopChange    Act = "stop_change"      // that recovery holds, at the member's word
	Withdraw      Act = "withdraw_request" // of one's own
	Disable       Act = "disable"
	Enable        Act = "enable"

	ListQueue  Act = "list_queue"
	OpenCase   Act = "open_case"
	TakeCase   Act = "take_case"
	HandOver   Act = "hand_over_case"
	FinishCase Act = "finish_case"
	NoteCase   Act = "note_case"

	ListRequests Act = "list_requests"
	ApproveAct   Act = "approve"
	RefuseAct    Act = "refuse"
	Activity     Act = "activity"
	Figures      Act = "figures"
	AppFigures   Act = "app_figures"
	ExportAudit  Act = "export_audit"

	ListAlerts  Act = "list_alerts"
	SeeAlert    Act = "see_alert"
	HandleAlert Act = "handle_alert"
	ReopenAlert Act = "reopen_alert"

	ListApps   Act = "list_apps"
	LookApp    Act = "look_app"
	TakeApp    Act = "take_app"
	ApproveApp Act = "approve_app"
	RefuseApp  Act = "refuse_app"
	SuspendApp Act = "suspend_app"
	ResumeApp  Act = "resume_app"
	LetIn      Act = "let_in"

	ListPeople    Act = "list_people"
	LookPerson    Act = "look_person"
	AddPerson     Act = "add_person"
	SetRoles      Act = "set_roles"
	ConfirmPerson Act = "confirm_person"
	RefusePerson  Act = "refuse_person"
	RemovePerson  Act = "remove_person"
	ResetPerson   Act = "reset_person" // who lost what they sign in with
)

// Key returns the catalog key of the act's name.
func (a Act) Key() string {
	switch a {
	case Find:
		return "admin.search.title"
	case Look:
		return "admin.act.look_member"
	case Verify:
		return "admin.verify.title"
	case ListQueue:
		return "admin.queue.title"
	case ListRequests:
		return "admin.approval.title"
	case ApproveAct:
		return "admin.approval.approve"
	case RefuseAct:
		return "admin.approval.refuse"
	case Figures:
		return "admin.figures.title"
	case AppFigures:
		return "admin.app_figures.title"
	case Activity:
		return "admin.activity.title"
	case ListAlerts:
		return "admin.alert.title"
	case ListApps:
		return "admin.apps.title"
	case ListPeople:
		return "admin.people.title"
	}
	return "admin.act." + string(a)
}

// rule says what an act requires.
type rule struct {
	roles    []Role   // one of them is sufficient
	fresh    bool     // sign-in within the last five minutes (S-20)
	onMember bool     // done on a member's page, with reason and ticket
	verified bool     // the caller must be verified
	recovery bool     // counts as help to get back in (S-65)
	account  bool     // the member must have an account
	second   bool     // a second person must approve, however the caller was verified (S-64)
	unproven []Method // these do not verify the caller for this act
}

// anybodys are the proofs that whoever shares a mailbox and a drawer with the member has.
var anybodys = []Method{SpokenCode, Facts}

// rules is the only table of who may do what, and allow the only place that reads it.
var rules = map[Act]rule{
	Find:     {roles: []Role{Read}},
	FindName: {roles: []Role{Recover}},
	Look:     {roles: []Role{Read}},
	Verify:   {roles: []Role{Recover, Admin}},

	ReleaseLock:  {roles: []Role{Recover}, fresh: true, onMember: true, verified: true, recovery: true},
	SendUsername: {roles: []Role{Recover}, fresh: true, onMember: true, recovery: true, account: true},
	StartReset:   {roles: []Role{Recover}, fresh: true, onMember: true, recovery: true, account: true},
	ChangeEmail:  {roles: []Role{Recover}, fresh: true, onMember: true, verified: true, recovery: true, account: true, second: true},
	ResetFactor:  {roles: []Role{Recover}, fresh: true, onMember: true, verified: true, recovery: true, account: true, second: true},
	// Afterwards the mailbox is enough to recover, and a relative who shares it has the card at hand as well.
	ResetQuestion: {roles: []Role{Recover}, fresh: true, onMember: true, verified: true, recovery: true, account: true, second: true, unproven: anybodys},
	// The facts on file are another person's.
	ChangeMember: {roles: []Role{Recover}, fresh: true, onMember: true, verified: true, recovery: true, account: true, second: true, unproven: anybodys},
	EndSessions:  {roles: []Role{Recover}, fresh: true, onMember: true, account: true},
	StopChange:   {roles: []Role{Recover, Admin}, fresh: true, onMember: true, account: true},
	Withdraw:     {roles: []Role{Recover, Admin}, fresh: true, onMember: true},
	Disable:      {roles: []Role{Admin}, fresh: true, onMember: true, account: true},
	Enable:       {roles: []Role{Admin}, fresh: true, onMember: true, verified: true, account: true},

	// They change nothing of a member.
	ListQueue:  {roles: []Role{Read}},
	OpenCase:   {roles: []Role{Read}},
	TakeCase:   {roles: []Role{Recover, Admin}},
	HandOver:   {roles: []Role{Recover, Admin}},
	FinishCase: {roles: []Role{Recover, Admin}},
	NoteCase:   {roles: []Role{Recover, Admin}},

	ListRequests: {roles: []Role{Approve}},
	ApproveAct:   {roles: []Role{Approve}, fresh: true},
	RefuseAct:    {roles: []Role{Approve}, fresh: true},
	Activity:     {roles: []Role{Read, Audit, Partners}},
	Figures:      {roles: []Role{Approve, Admin, Audit}},
	AppFigures:   {roles: []Role{Admin}},
	ExportAudit:  {roles: []Role{Audit}, fresh: true},

	ListAlerts:  {roles: []Role{Admin, Audit}},
	SeeAlert:    {roles: []Role{Admin, Audit}},
	HandleAlert: {roles: []Role{Admin, Audit}},
	ReopenAlert: {roles: []Role{Admin, Audit}},

	ListApps:   {roles: []Role{Partners, Audit}},
	LookApp:    {roles: []Role{Partners, Audit}},
	TakeApp:    {roles: []Role{Partners}},
	ApproveApp: {roles: []Role{Partners}, fresh: true},
	RefuseApp:  {roles: []Role{Partners}, fresh: true},
	SuspendApp: {roles: []Role{Partners}, fresh: true},
	ResumeApp:  {roles: []Role{Partners}, fresh: true},
	LetIn:      {roles: []Role{Partners}, fresh: true},

	ListPeople:    {roles: []Role{Admin, Audit}},
	LookPerson:    {roles: []Role{Admin, Audit}},
	AddPerson:     {roles: []Role{Admin}, fresh: true},
	SetRoles:      {roles: []Role{Admin}, fresh: true},
	ConfirmPerson: {roles: []Role{Admin}, fresh: true},
	RefusePerson:  {roles: []Role{Admin}, fresh: true},
	RemovePerson:  {roles: []Role{Admin}, fresh: true},
	ResetPerson:   {roles: []Role{Admin}, fresh: true},
}

// memberActs returns the acts of a member's page, in the order in which they are offered.
func memberActs() []Act {
	return []Act{ReleaseLock, SendUsername, StartReset, ChangeEmail, ResetFactor, ResetQuestion, ChangeMember, EndSessions, StopChange, Withdraw, Disable, Enable}
}

// recoveryActs returns the acts that count towards the third help within a week.
func recoveryActs() (acts []string) {
	for _, act := range memberActs() {
		if rules[act].recovery {
			acts = append(acts, string(act))
		}
	}
	return acts
}

const (
	freshness    = 5 * time.Minute  // of a sign-in, for an act (S-20)
	verification = 15 * time.Minute // of a caller, for one person of the desk
	requestLife  = 24 * time.Hour   // until the second person has decided (S-64)
	helpWindow   = 7 * 24 * time.Hour
	helpAlone    = 2 // recoveries of one member within helpWindow that need no second person (S-65)
)

// allow guards every use case. on is nil if no member is concerned. The error is ErrForbidden, ErrStaff or ErrStepUp.
func (s *Service) allow(p Person, act Act, on *Subject) error {
	r, known := rules[act]
	switch {
	case !known || !p.may(act):
		return ErrForbidden
	case on != nil && (on.staff() || on.sharesMailbox(p)):
		return ErrStaff
	case r.fresh && s.now().Sub(p.AuthTime) >= freshness:
		return ErrStepUp
	}
	return nil
}

// may reports whether one of the person's roles allows the act.
func (p Person) may(act Act) bool {
	return slices.ContainsFunc(p.Roles, func(role Role) bool { return slices.ContainsFunc(rules[act].roles, role.gives) })
}
