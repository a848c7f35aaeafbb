package templates

import (
	"html/template"
	"strings"
	"testing"
	"time"
)

type (
	factorStep struct {
		Method string
		Others []string
		Over   bool

		RememberDays int
		StepUp       bool
		Return, Act  string
		Desk         bool
	}
	reauth struct {
		Username, Return, Act string
		Passkey               bool
		Enrol, App            string
		Waiting               time.Time
	}
	home struct {
		Name, Username, Email, MemberNumber string
		BirthYear                           int
		Factors                             []string
		Waits                               time.Time
		Question, Language, PageLanguage    string
		App, AppURI                         string
		Closes                              bool
		ChangesEmail, EmailNeedsFactor      bool
	}
	rules struct {
		Username  string
		MinLength int
	}
	enrolled struct {
		Factor, ID, Label           string
		Left                        int
		Since, UsableFrom, LastUsed time.Time
	}
	factors struct {
		List        []enrolled
		TOTP, Codes bool
		Now         time.Time
		Open        bool
	}
	savedList struct {
		Codes      []string
		Made       time.Time
		Has        bool
		Left       int
		Next, Form string
		Waits      time.Time
	}
	openSession struct {
		SID                  string
		AuthTime, LastSeenAt time.Time
		Browser, System      string
	}
	sessionList struct {
		This   openSession
		Others []openSession
		Apps   []connectedApp

		Remembered []remembered
	}
	remembered struct {
		ID, Browser, System           string
		Here                          bool
		MadeAt, LastUsedAt, ExpiresAt time.Time
	}
	seen struct {
		Key, Name string
		Changes   bool
	}
	connectedApp struct {
		ID, ClientID, Name, Operator   string
		Own, Suspended, Brief          bool
		Sees                           []seen
		GrantedAt, ExpiresAt, LastUsed time.Time
	}
	event struct {
		Key, App, Act string
		At            time.Time
		Recent        bool
		Moment        string
	}
	eventGroup struct {
		Browser, System string
		Shown, Steps    []event
	}
	history struct {
		Groups       []eventGroup
		Now          time.Time
		Older, Newer int
	}
	question struct {
		Question  string
		Questions []string
	}
	qr struct {
		Size int
		Path string
	}
	totp struct {
		QR   qr
		Key  string
		Link template.URL
	}
	emailChange struct {
		Email, New         string
		Open, NeedsFactor  bool
		From, Pending      time.Time
		Wanted, WantedSame string
	}
	ownData struct {
		MadeAt  time.Time
		Account struct {
			Username, Email, Language, SecretQuestion, Subject string
			CreatedAt                                          time.Time
		}
		Card *struct {
			Name, BirthDate, MemberNumber string
			Birth                         Date
		}
		Factors []struct {
			Kind, Label string
			Since       time.Time
		}
		Held       []HeldChange
		Accepted   []accepted
		Sessions   []ownSession
		Remembered []struct {
			Browser, System string
			Until           time.Time
		}
		Apps []struct {
			ConnectedApp connectedApp
			Name         string
		}
		Launches []struct {
			App  string
			At   time.Time
			With []byte
		}
		Complaints []ownComplaint
		History    []ownEvent
		OlderEvent bool
	}
	accepted struct {
		Kind, Version string
		At            time.Time
	}
	ownSession struct {
		Browser, System string
		Since           time.Time
	}
	ownComplaint struct {
		App, Kind, Text, Number string
		At                      time.Time
	}
	complaint struct {
		App                connectedApp
		Kinds              []string
		Kind, Text, Number string
	}
	ownEvent struct {
		Words, Browser, System string
		At                     time.Time
	}
	dataGiven struct {
		Data  *ownData
		Tells bool
	}
	removal struct {
		Factor, Label string
		Last          bool
	}
)

// accountCases are the pages of a member who is signed in, and of the second step.
// welcomeCode and welcome are accounts.welcomeCodePage and accounts.welcomePage.
type welcomeCode struct {
	Address string
	Out     bool
}

type welcome struct {
	Questions []string
	Question  string
	Password  bool
	rules
}

func accountCases() []pageCase {
	at := func(path string) Layout {
		return Layout{Path: path, CSRF: "token", SignedInAs: "maria.lopez", IdleTimeout: 15 * time.Minute}
	}
	step := func(path string) Layout {
		return Layout{Path: path, Query: "flow=f1", Flow: "f1", CSRF: "token", App: "Mi Diario", Person: "MARÍA"}
	}
	with := func(l Layout, problems ...Problem) Layout { l.Problems = problems; return l }
	noted := func(l Layout, key string, args Args) Layout { l.Notice = &Notice{"ok", key, args}; return l }
	waits := func(path string) Layout {
		l := at(path)
		l.Account = &Account{[]HeldChange{{"h1", "reset_factor", noon, noon, "", false, false}, {"h2", "change_email", noon, noon, "maria@example.org", true, false}, {"h3", "close_account", noon, noon, "", true, true}}, true}
		return l
	}
	app := connectedApp{"019aab00-0000-7000-8000-000000000001", "diary", "Mi Diario de Salud", "Diario, S. A.", false, true, false, []seen{{"openid", "", false}, {"patient_medications", "", true}, {"patient_other", "Device", false}}, noon, noon.AddDate(1, 0, 0), noon}
	unused := app
	unused.Name, unused.LastUsed = "Otra", time.Time{}
	codes := strings.Fields(strings.Repeat("abcde-fghjk-mnpqr ", 10))
	session := openSession{"s1", noon, noon, "Firefox", "Windows"}
	question := question{"toy_name", []string{"first_pay", "toy_name"}}
	data := &ownData{MadeAt: noon, Accepted: []accepted{{"agreement", "2026-01", noon}, {"certification", "2026-01", noon}}, Sessions: []ownSession{{"Firefox", "Windows", noon}},
		Held: []HeldChange{{"h1", "change_email", noon, noon, "maria@example.org", false, true}}, History: []ownEvent{{"Cuenta creada", "", "", noon}}, OlderEvent: true,
		Complaints: []ownComplaint{{"Mi Diario", "Da o vende mis datos", "Me llaman de otra empresa.", "019abc00-0000-7000-8000-000000000003", noon}}}
	kinds := []string{"more", "shared", "lasting", "false", "other"}
	data.Account.Username, data.Account.Email, data.Account.Language, data.Account.Subject, data.Account.SecretQuestion = "maria.lopez", "maria@example.com", "es", "ABC", "¿?"
	return []pageCase{
		page("provider/factor", "totp", step("/login/factor/totp"), factorStep{Method: "totp", Others: []string{"passkey", "saved-code"}, RememberDays: 30}),
		page("provider/factor", "wrong", with(step("/login/factor/totp"), Problem{Field: "code", Key: "accounts.totp.wrong"}), factorStep{Method: "totp"}),
		page("provider/factor", "proof", with(at("/login/factor/totp")), factorStep{Method: "totp", StepUp: true, Return: "/account/password", Act: "accounts.password.title"}),
		page("provider/factor", "passkey", step("/login/factor/passkey"), factorStep{Method: "passkey", Others: []string{"totp"}}),
		page("provider/factor", "desk", step("/login/factor/passkey"), factorStep{Method: "passkey", Desk: true}),
		page("provider/factor", "saved", with(step("/login/factor/saved-code"), Problem{Field: "saved_code", Key: "accounts.saved_code.wrong"}), factorStep{Method: "saved-code"}),
		page("provider/factor", "over", with(step("/login/factor/totp"), Problem{Key: "accounts.factor.ended"}), factorStep{Over: true}),
		page("provider/reauth", "change", with(at("/reauth"), Problem{Field: "password", Key: "accounts.password.current_wrong"}), reauth{Username: "maria.lopez", Return: "/account/password", Act: "accounts.password.title", Passkey: true}),
		page("provider/reauth", "desk", step("/reauth"), reauth{Username: "rosa", Enrol: "/account/factors/passkey", App: "/account/factors/totp"}),
		page("provider/reauth", "enrol", step("/reauth"), reauth{Username: "maria.lopez", Enrol: "/account/factors/totp"}),
		page("provider/reauth", "waiting", step("/reauth"), reauth{Username: "maria.lopez", Waiting: noon}),
		page("provider/question", "", Layout{Path: "/login/question", Flow: "f1", CSRF: "token", App: "Portal", SignedInAs: "maria.lopez"}, struct{ Next string }{"/authorize/resume?flow=f1"}),
		page("provider/passkey_offer", "", Layout{Path: "/login/passkey-offer", Flow: "f1", CSRF: "token", App: "Portal", SignedInAs: "maria.lopez"}, struct{ Next string }{"/authorize/resume?flow=f1"}),
		page("provider/codes_left", "", step("/login/saved-code"), struct {
			Left int
			Next string
		}{1, "/account"}),
		page("accounts/home", "", waits("/account"), home{"María Nuñez", "maria.lopez", "maria@example.com", "004123789", 1984, []string{"totp"}, noon, "toy_name", "es", "", "Portal", "http://localhost:8090/login", true, true, false}),
		page("accounts/home", "without_number", at("/account"), home{"María Nuñez", "maria.lopez", "maria@example.com", "", 1984, nil, time.Time{}, "toy_name", "es", "", "Portal", "http://localhost:8090/login", true, false, true}),
		page("accounts/home", "staff", noted(at("/account"), "accounts.password.saved", nil), home{Username: "ana.desk", Email: "ana@example.com", Factors: []string{"totp", "passkey", "saved_codes"}, Language: "en", PageLanguage: "es"}),
		page("accounts/password", "", at("/account/password"), rules{Username: "maria.lopez", MinLength: 15}),
		page("accounts/password", "refused", with(at("/account/password"), Problem{Field: "password", Key: "accounts.password.current_wrong"}, Problem{Field: "new_password", Key: "registration.credentials.password_short", Args: Args{"min": 15, "unmet": []string{"length"}}}),
			rules{"maria.lopez", 15}),
		page("accounts/email", "", at("/account/email"), emailChange{Email: "maria@example.com"}),
		page("accounts/email", "open", with(at("/account/email"), Problem{Field: "email_again", Key: "registration.credentials.email_mismatch"}), emailChange{Email: "maria@example.com", Open: true, Wanted: "m@example.org"}),
		page("accounts/email", "asks", with(at("/account/email"), Problem{Key: "registration.email.lead", Args: Args{"address": "maria.delcarmen@gmial.com", "likely": "maria.delcarmen@gmail.com"}}), emailChange{Email: "maria@example.com", Open: true, Wanted: "maria.delcarmen@gmial.com", WantedSame: "maria.delcarmen@gmial.com"}),
		page("accounts/email_code", "waits", with(at("/account/email/code"), Problem{Key: "registration.code.resend_wait", Args: Args{"time": 42 * time.Second}}), struct{ Address string }{"maria@example.com"}),
		page("accounts/email", "needs_factor", at("/account/email"), emailChange{Email: "maria@example.com", NeedsFactor: true}),
		page("accounts/email", "factor_wait", at("/account/email"), emailChange{Email: "maria@example.com", From: noon}),
		page("accounts/email", "pending", at("/account/email"), emailChange{Email: "maria@example.com", New: "nueva@example.org", Pending: noon}),
		page("accounts/email_code", "", with(at("/account/email/code"), Problem{Field: "code", Key: "registration.code.wrong", Args: Args{"n": 4}}), struct{ Address string }{"maria@example.com"}),
		page("accounts/welcome_code", "", at("/account/welcome"), welcomeCode{"maria@example.com", false}),
		page("accounts/welcome_code", "out", with(at("/account/welcome"), Problem{Field: "code", Key: "registration.code.wrong", Args: Args{"n": 4}}), welcomeCode{"maria@example.com", true}),
		page("accounts/welcome", "", at("/account/welcome"), welcome{Questions: question.Questions, rules: rules{Username: "maria.lopez", MinLength: 15}}),
		page("accounts/welcome", "password", with(at("/account/welcome"), Problem{Field: "new_password", Key: "registration.credentials.password_short", Args: Args{"min": 15}}), welcome{Password: true, rules: rules{"maria.lopez", 15}}),
		page("accounts/question", "", at("/account/question"), question),
		page("accounts/question", "refused", with(at("/account/question"), Problem{Field: "answer", Key: "registration.credentials.answer_short"}), question),
		page("accounts/question", "none", waits("/account/question"), question),
		page("accounts/language", "", waits("/account/language"), struct {
			Language  string
			Languages []string
		}{"es", []string{"es", "en"}}),
		page("accounts/factors", "none", at("/account/factors"), factors{Now: noon}),
		page("accounts/factors", "", noted(at("/account/factors"), "accounts.factors.added", Args{"factor": Key("accounts.factor_name.totp")}), factors{[]enrolled{
			{Factor: "totp", Since: noon, UsableFrom: noon.Add(time.Hour)},
			{Factor: "passkey", ID: app.ID, Label: "mi teléfono", Since: noon, UsableFrom: noon, LastUsed: noon},
			{Factor: "saved_codes", Left: 9, Since: noon, UsableFrom: noon}}, true, true, noon, false}),
		page("accounts/factors", "removed", noted(at("/account/factors"), "accounts.factors.removed_only", Args{"factor": Key("accounts.factor_name.totp")}), factors{Now: noon, Open: true}),
		page("accounts/add_totp", "", with(at("/account/factors/totp"), Problem{Field: "code", Key: "accounts.add_totp.wrong"}), totp{qr{29, "M4 4h7v1h-7z"}, "ABCD EFGH", "otpauth://totp/x"}),
		page("accounts/add_passkey", "", with(at("/account/factors/passkey"), Problem{Key: "accounts.add_passkey.failed"}), struct{ Label string }{"mi teléfono"}),
		page("accounts/saved_codes", "", at("/account/factors/saved-codes"), savedList{nil, time.Time{}, true, 9, "/account/factors", "token", time.Time{}}),
		page("accounts/saved_codes", "none", at("/account/factors/saved-codes"), savedList{nil, time.Time{}, false, 0, "/account/factors", "token", noon}),
		page("accounts/saved_codes", "made", at("/account/factors/saved-codes"), savedList{codes, noon, true, 10, "/account/factors", "token", time.Time{}}),
		page("accounts/remove_factor", "", at("/account/factors/totp/remove"), removal{"totp", "", true}),
		page("accounts/remove_factor", "passkey", at("/account/factors/passkey/x/remove"), removal{"passkey", "mi teléfono", false}),
		page("accounts/sessions", "", at("/account/sessions"), sessionList{session, []openSession{{"s2", noon, noon, "", "Android"}, {"s3", noon, noon, "", ""}}, []connectedApp{app}, []remembered{{ID: "r1", Browser: "Chrome", System: "Android", Here: true, ExpiresAt: noon, LastUsedAt: noon}, {ID: "r2", ExpiresAt: noon, LastUsedAt: noon}}}),
		page("accounts/sessions", "only", at("/account/sessions"), sessionList{This: session}),
		page("accounts/apps", "", at("/account/apps"), struct{ List []connectedApp }{[]connectedApp{app, unused}}),
		page("accounts/apps", "empty", noted(at("/account/apps"), "accounts.apps.stopped", Args{"app": "Mi Diario"}), struct{ List []connectedApp }{}),
		page("accounts/app", "", at("/account/apps/x"), app),
		page("accounts/complaint", "", at("/account/apps/x/complaint"), complaint{App: app, Kinds: kinds}),
		page("accounts/complaint", "wrong", with(at("/account/apps/x/complaint"), Problem{Field: "kind", Key: "accounts.complaint.kind_missing"}, Problem{Field: "text", Key: "accounts.complaint.too_long", Args: Args{"n": 1000}}), complaint{App: app, Kinds: kinds, Text: "Me llaman."}),
		page("accounts/complaint", "empty", with(at("/account/apps/x/complaint"), Problem{Field: "text", Key: "accounts.complaint.text_missing"}), complaint{App: app, Kinds: kinds, Kind: "other"}),
		page("accounts/complaint", "many", with(at("/account/apps/x/complaint"), Problem{Key: "accounts.complaint.too_many", Args: Args{"time": 3 * time.Hour}}), complaint{App: app, Kinds: kinds, Kind: "other", Text: "Me llaman."}),
		page("accounts/complaint", "done", at("/account/apps/x/complaint"), complaint{App: app, Kinds: kinds, Kind: "other", Number: "019abc00-0000-7000-8000-000000000003"}),
		page("accounts/stop_app", "", at("/account/apps/x/stop"), app),
		page("accounts/history", "", at("/account/history"), history{[]eventGroup{
			{"Chrome", "Android", []event{{Key: "event.name.password_changed", At: noon, Recent: true}, {Key: "event.name.new_device", At: noon, Recent: true}},
				[]event{{Key: "event.name.signed_out", At: noon}, {Key: "event.name.language_changed", At: noon}}},
			{Shown: []event{{Key: "event.name.app_allowed", App: "Mi Diario", At: noon.AddDate(0, 0, -1)}}},
			{Shown: []event{{Key: "event.name.staff_acted", Act: "admin.act.enable", At: noon.AddDate(0, 0, -5)}}},
			{Shown: []event{{Key: "event.name.staff_began", Act: "admin.act.reset_factor", At: noon.AddDate(-1, 0, 0)}}}}, noon, 3, 1}),
		page("accounts/data", "", at("/account/data"), dataGiven{Tells: true}),
		page("accounts/data", "given", at("/account/data"), dataGiven{Data: data}),
		page("accounts/close", "", at("/account/close"), struct{ Days int }{7}),
		page("accounts/closing", "", Layout{Path: "/account/closing", CSRF: "token"}, struct{ Days int }{1}),
		page("accounts/leave", "", Layout{Path: "/leave", CSRF: "token", Kiosk: true}, struct{ End string }{}),
		page("accounts/leave", "again", Layout{Path: "/leave", CSRF: "token"}, struct{ End string }{"sealed"}),
		page("accounts/left", "", Layout{Path: "/leave/done", CSRF: "token", Kiosk: true}, struct{}{}),
		page("accounts/data", "kiosk", Layout{Path: "/account/data", CSRF: "token", SignedInAs: "maria.lopez", IdleTimeout: 5 * time.Minute, Kiosk: true, Phone: &Phone{QR{29, "M4 4h7v1h-7z"}, "https://idp.example/"}}, dataGiven{Tells: true}),
		page("accounts/history", "empty", at("/account/history"), history{}),
	}
}

// Who did not add a new second step is led to support wherever it is said to wait.
func TestWaitingSecondStepLeadsToSupport(t *testing.T) {
	s, l := load(t), Layout{Path: "/account", SignedInAs: "maria.lopez"}
	for name, page := range map[string]any{
		"accounts/saved_codes": savedList{nil, time.Time{}, false, 0, "/account/factors", "token", noon},
		"provider/reauth":      reauth{Username: "maria.lopez", Waiting: noon},
	} {
		body, err := s.Page("es", name, l, page)
		if want := `<a href="/support">Si no la agregó usted, avísenos.</a>`; err != nil || !strings.Contains(string(body), want) {
			t.Errorf("%s, %v: no %s", name, err, want)
		}
	}
}

// A passkey that was not used, was not added, or is another's was not unreadable: each page says what its script and its form may meet.
func TestPasskeyProblemsAreTrue(t *testing.T) {
	s, l := load(t), Layout{Path: "/login", CSRF: "token"}
	for name, c := range map[string]struct {
		page any
		key  string
	}{
		"provider/factor":      {factorStep{Method: "passkey"}, "accounts.passkey.stopped"},
		"accounts/add_passkey": {struct{ Label string }{}, "accounts.add_passkey.failed"},
	} {
		body, err := s.Page("es", name, l, c.page)
		if want := `data-failed="` + s.Text("es", c.key, nil) + `"`; err != nil || !strings.Contains(string(body), want) {
			t.Errorf("%s, %v: no %s", name, err, want)
		}
	}
	for lang, word := range map[string]string{"es": "leer", "en": "read", "pt": "ler", "ht": " li kle"} {
		if text := s.Text(lang, "accounts.passkey.failed", nil); strings.Contains(text, word) {
			t.Errorf("%s: %s", lang, text)
		}
	}
}
