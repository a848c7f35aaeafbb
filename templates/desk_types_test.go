package templates

import (
	"time"

	"github.com/google/uuid"
)

// Stand-ins for the types of package admin, which is above this one.
type (
	deskAct   string
	deskStaff struct {
		ID, Name, Username, Status string
		Email                      string
		Roles                      []string
		BreakGlass, Me, Waits      bool
		Former                     bool
		CreatedAt, RemovedAt       time.Time
		Asked                      struct {
			Roles                []string
			Name, Reason, Ticket string
			Reset                bool
		}
	}
	deskBox struct {
		ID, Role string
		On       bool
	}
	deskPeople struct {
		People, Former []deskStaff
		MayAdd         bool
	}
	deskColleague struct {
		deskStaff
		Lines                        []deskLog
		Seen, Denied                 int
		Key, Version, Reason, Ticket string
		Boxes                        []deskBox
		Expires                      time.Time
		MayConfirm, MayChange, Own   bool
		MayWithdraw                  bool
		Nobody                       bool
		MayReset, Ended              bool
		MayStop, MayLook             bool
		Traces                       []deskTrace
	}
	deskTrace struct {
		Act                              deskAct
		State, SubjectID, PersonID, Name string
		At                               time.Time
		OnHold, Person                   bool
	}
	deskLog struct {
		At      time.Time
		Act     deskAct
		Asked   deskAct
		Kind    string
		Refused string
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
		Disabled, MayEnable                             bool
		Enablers                                        string
		Ready, Waiting                                  []deskOffer
		Recent, Earlier                                 []deskLog
	}
	deskOffer struct {
		Act    deskAct
		Needs  string
		Second bool
		Key    string
	}
	deskCard struct {
		BirthMonth, BirthDay, BirthYear, FirstName, LastName, Suffix, CardID string
	}
	deskVerify struct {
		ID, Key, Method, Act  string
		Methods, Suffixes     []string
		Facts, Code           int
		CodeWaits             bool
		FactsUntil, CodeUntil time.Time
		Language              string
		Card                  deskCard
	}
	deskForm struct {
		ID, Name, Act, Key, Version, Lock, Email, Number, Reason, Ticket string
		Needs                                                            string
		Ends, Second, Asks                                               bool
		Unproven                                                         bool
		Obstacles                                                        []obstacle
		Pending                                                          *deskPending
		Nothing                                                          *deskNothing
		MayNext                                                          bool
		MayStop, MayDecide, Form                                         bool
	}
	deskNothing struct{ Next string }
	deskPending struct {
		ID          string
		OnHold, Own bool
	}
	deskRequest struct {
		ID, SubjectID, Name, Reason, Ticket, Email, Number string
		Act                                                deskAct
		AskedAt, ExpiresAt                                 time.Time
		Own                                                bool
		VerifiedBy, Member, Blocked                        string
		Failed                                             []deskFailed
		Lock                                               string
	}
	deskFailed struct {
		At           time.Time
		Method, Name string
	}
	deskApproval struct {
		deskRequest
		Key, Typed string
	}
	deskSearch struct {
		None               bool
		Few                bool
		Left               int
		Several, Namesakes int
		MayName, ByName    bool
		Card               deskCard
		Found              []deskNamesake
	}
	deskNamesake struct {
		ID, MemberNumber, Status string
		Ended                    bool
	}
	deskHelp struct {
		State   string
		Name    string
		At      time.Time
		Version int
		ToName  string
		Freed   bool
	}
	deskMatter struct {
		Ref, Need    string
		Asker        string
		Since, DueAt time.Time
		Language     string
		deskHelp
		Notes     int
		Held, Own bool
	}
	deskTab struct {
		Show, Href string
		Here       bool
	}
	deskFilter struct {
		Show, Need string
		Newest     bool
		Page       int
	}
	deskQueue struct {
		Filter                deskFilter
		Show, Need            string
		Newest                bool
		Tabs, Kinds           []deskTab
		Matters               []deskMatter
		Total                 int
		Now                   time.Time
		MayHelp               bool
		Turned, Before, After string
	}
	deskNote struct {
		At         time.Time
		Name, Text string
	}
	deskCase struct {
		deskMatter
		SubjectID        uuid.UUID
		Failed           []time.Time
		Compared, Locked bool
		Differs, Agrees  []string
		LockedUntil, Now time.Time
		Written          []deskNote
		Key, Typed       string
		Mine, MayHelp    bool
		Late             bool
		Helpers          []struct{ ID, Name, Username string }
	}
	deskCount struct {
		Word string
		N    int
	}
	deskHelped struct {
		Need               string
		Asked, Taken, Done int
		ToTake, ToDone     time.Duration
	}
	deskDay struct {
		Begins time.Time
		Help   []deskHelped
		Locks  []deskCount
		Ends   []deskCount
	}
	deskFigures struct {
		From, To                   string
		Days                       []deskDay
		File                       string
		Apps                       bool
		Steps                      []string
		AnyHelp, AnyLocks, AnyEnds bool
		People                     []deskDoer
	}
	deskAppFigures struct {
		Year         string
		SoFar, Shown bool
		Access       deskAccess
	}
	deskAccess struct {
		Members, MoreThanOnce, MoreThanOneApp int
		Apps                                  []deskAppUse
		Refused                               []deskRefusal
	}
	deskAppUse struct {
		ClientID, Name string
		Members        int
	}
	deskRefusal struct {
		At             time.Time
		ClientID, Name string
		Ended          bool
		Reason         string
	}
	deskDoer struct {
		Name                                        string
		Searches, Looks, Acts, Asked, Cases, Denied int
	}
	deskAlert struct {
		ID, Name           string
		N                  int
		First, Last        time.Time
		Client, Who, State string
		By                 string
		At                 time.Time
	}
	deskAlerts struct {
		Show, Area    string
		Page          int
		Tabs, Areas   []deskTab
		Rows          []deskAlert
		Now           time.Time
		MayLook       bool
		Empty         string
		Before, After string
	}
	deskDenied struct {
		Written   []string
		Protected bool
		Href      string
	}
	deskDiary struct {
		Lines         []deskLog
		Lookups, Acts int
	}
)

func (q deskQueue) Mine(m deskMatter) bool            { return m.State == "taken" && m.Name == "Rosa Vega" }
func (q deskQueue) Late(m deskMatter) bool            { return m.Notes > 0 }
func (q deskQueue) Days(m deskMatter) int             { return m.Notes }
func (q deskQueue) Waited(m deskMatter) time.Duration { return 3 * time.Hour }
func (c deskCase) Fields(names []string) []string     { return names }

func (p deskAlerts) Own(a deskAlert) bool { return a.Who == "Rosa Vega" }
func (p deskAlerts) Person(a deskAlert) *string {
	if a.Who == "" {
		return nil
	}
	return &a.ID
}
func (p deskAlerts) Member(a deskAlert) *string { return &a.ID }

func (d deskDay) Of(word string) int { return len(word) }

func (a deskAct) Key() string {
	if a == "approve" || a == "refuse" {
		return "admin.approval." + string(a)
	}
	return "admin.act." + string(a)
}
func (l deskLog) Words() Args { return Args{"app": "Portal", "act": Key("admin.act.disable")} }
func (o obstacle) Shown() []string {
	return []string{"registration.personal.birth", "registration.personal.suffix"}
}
func (o obstacle) Open() bool   { return o.Until.IsZero() }
func (f deskFactors) Any() bool { return f.TOTP || f.Passkeys > 0 }

// Ticked is as in admin.verifyPage.
func (deskVerify) Ticked(id string) bool { return id == "say-facts-1" }
