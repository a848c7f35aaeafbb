package templates

import (
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/jba/templatecheck"
)

type (
	document struct {
		Version, Language string
		Published         Date
		Paragraphs        []string
	}
	personal struct {
		BirthMonth, BirthDay, BirthYear, FirstName, LastName, Suffix, CardID string
		Suffixes                                                             []string
		CardDigits, TriesLeft                                                int
		Matched                                                              bool
	}
	whose struct {
		Card       bool
		CardDigits int
	}
	credentials struct {
		Username, Email, EmailAgain, Question string
		Questions, Suggestions                []string
		KeptPassword, KeptAnswer              bool
		MinLength                             int
	}
	review struct {
		FirstName, LastName, Suffix, MemberNumber, Username, Email, Question string
		BirthYear                                                            int
		AgreedAt                                                             time.Time
		Certification                                                        document
	}
	sandboxCard    struct{ Number, FirstName, LastName, Suffix, BirthDate, Program string }
	sandboxAccount struct {
		Username, Case, Patient string
		sandboxCard
	}
	sandboxPage struct {
		Password, TOTPKey, Answer, MailPath string
		ResetAt                             time.Time
		Accounts                            []sandboxAccount
		Cards                               []sandboxCard
	}
	login struct {
		Username, Return           string
		Cancel, Passkey            bool
		PolicyURI, TosURI, LogoURI string
	}
)

var (
	noon   = time.Date(2026, 11, 22, 20, 5, 0, 0, time.UTC)
	sample = document{"2026-11-01", "es", Date{2026, 11, 1}, []string{"1. Para qué sirve. Con esta cuenta usted entra a los sitios y aplicaciones de Salud HUSKY.", "2. Su cuenta es personal. Úsela solo para usted."}}
)

// pageCase is a page in one of its states; check runs templatecheck on it with its concrete struct.
type pageCase struct {
	name   string
	state  string
	layout Layout
	page   any
	check  func(t *template.Template) error
}

func page[P any](name, state string, layout Layout, p P) pageCase {
	return pageCase{name, state, layout, p, func(t *template.Template) error {
		return templatecheck.CheckHTML(t, View[P]{Layout: layout, Page: p})
	}}
}

type onward struct {
	Next string
	Held bool
}

type agreementText struct {
	Version, Language string
	Published         Date
	Paragraphs        []string
}

type consentGroup struct {
	Key, ID, Name                   string
	Sensitive, Changes, Ticked, New bool
	Parts                           []consentGroup
}

func (g consentGroup) Limited() bool { return false }

type consentDuration struct {
	Value, Key string
	N          int
	Until      time.Time
	Chosen     bool
}

type consent struct {
	Username, Operator                          string
	Verified                                    bool
	Person                                      string
	Groups                                      []consentGroup
	All, NewOnly, Before                        bool
	Durations                                   []consentDuration
	Offline, OnlyHere                           bool
	ClientURI, PolicyURI, TosURI, LogoURI, Host string
}

type supportPage struct {
	Reference string
	Again     bool
	Back      string
	Desk      bool
}

type namedText struct{ Name, Text string }

type example struct{ Language, Library, Name, Text string }

type developers struct {
	Issuer                                    string
	Endpoints, Scopes, Lists, Errors, Errores []namedText
	Examples                                  []example
	TryURL, TryHealthURL                      string
}

func developersCase() developers {
	some := []namedText{{"token_endpoint", "https://idp.example/token"}}
	return developers{"https://idp.example", some, some, some, some, some, []example{{"Go", "x/oauth2", "app.go", "package main\n"}}, "https://portal.example/try", "https://portal.example/try/health"}
}

func consentCase(again bool) consent {
	return consent{Username: "maria.lopez", Operator: "Diario S. A.", Verified: again, Person: "MARÍA LÓPEZ", NewOnly: again, Offline: again, OnlyHere: !again,
		All: again, Before: again,
		Groups: []consentGroup{{Key: "openid"}, {Key: "profile", ID: "group_profile", Ticked: true}, {Key: "email", ID: "group_email", Ticked: true, New: again},
			{Key: "offline_access", ID: "group_offline_access", Ticked: !again}, {Key: "patient_person", ID: "group_patient_person", Changes: again},
			{Key: "patient_claims", ID: "group_patient_claims", Sensitive: true, Ticked: true},
			{Key: "patient_results", ID: "group_patient_results", Sensitive: true, Ticked: true, Parts: []consentGroup{
				{Key: "observation_laboratory", ID: "part_observation_laboratory", Ticked: again}, {Key: "observation_survey", ID: "part_observation_survey"}}},
			{Key: "patient_other", ID: "group_patient_other_Device", Name: "Device", Sensitive: true}},
		Durations: []consentDuration{{"once", "provider.consent.once", 0, noon, false}, {"90d", "provider.consent.days", 90, noon, false},
			{"13m", "provider.consent.months", 13, noon, true}, {"stop", "provider.consent.until_stopped", 0, noon, false}},
		ClientURI: "https://diary.example/", Host: "diary.example"}
}

type errorPage struct {
	Key                            string
	Args                           Args
	Code, Parameter, Value, Button string
}

// errorCases has one for each error that a catalog has words for.
func errorCases(c *catalog) (cases []pageCase) {
	for key := range c.messages {
		if name, ok := strings.CutSuffix(strings.TrimPrefix(key, "error."), ".title"); ok && strings.HasPrefix(key, "error.") {
			cases = append(cases, page("web/error", "of "+name, Layout{Path: "/login", CSRF: "token", RequestID: "01J9"},
				errorPage{Key: "error." + name, Args: Args{"time": 90 * time.Second, "username": "maria.lopez"}, Button: "/login"}))
		}
	}
	return cases
}

func pageCases() []pageCase {
	at := func(path string) Layout {
		return Layout{Path: path, Query: "flow=f1", Flow: "f1", CSRF: "token", App: "Portal de Salud HUSKY", RequestID: "01J9"}
	}
	with := func(l Layout, problems ...Problem) Layout { l.Problems = problems; return l }
	questions := []string{"first_pay", "first_book", "toy_name"}
	return append(slices.Concat(recoveryCases(), accountCases(), deskCases(), partnerCases()), []pageCase{
		page("provider/login", "", at("/login"), login{Cancel: true, PolicyURI: "https://a.example/p", TosURI: "https://a.example/t"}),
		page("provider/login", "plain", Layout{Path: "/login", CSRF: "token", Notice: &Notice{"info", "registration.agreement.declined", nil}}, login{}),
		page("provider/login", "wrong", with(at("/login"), Problem{Field: "username", Key: "provider.login.wrong"}), login{Username: "maria", Cancel: true, Passkey: true}),
		page("provider/login", "wait", with(at("/login"), Problem{Key: "provider.login.wait", Args: Args{"time": time.Minute}}), login{Username: "maria"}),
		page("provider/login", "disabled", with(at("/login"), Problem{Key: "provider.login.disabled"}), login{Username: "maria"}),
		page("provider/accounts", "", at("/login/accounts"), struct{ Username string }{"maria.lopez"}),
		page("provider/device", "", Layout{Path: "/device", CSRF: "token"}, struct{ UserCode string }{"BCDF-GHJK"}),
		page("provider/device", "wrong", with(Layout{Path: "/device", CSRF: "token"}, Problem{Field: "user_code", Key: "provider.device.wrong"}), struct{ UserCode string }{"x"}),
		page("provider/device_confirm", "", Layout{Path: "/device/confirm", CSRF: "token", SignedInAs: "maria.lopez"}, struct{ App, UserCode, Username string }{"Quiosco", "BCDF-GHJK", "maria.lopez"}),
		page("provider/device_done", "", Layout{Path: "/device/done"}, struct{ Allowed bool }{true}),
		page("provider/device_done", "refused", Layout{Path: "/device/done"}, struct{ Allowed bool }{false}),
		page("provider/agreement", "", Layout{Path: "/login/agreement", Flow: "f1", CSRF: "token", App: "Portal", SignedInAs: "maria.lopez"}, struct {
			Document agreementText
			First    bool
		}{agreementText{"2026-11-01", "es", Date{2026, 11, 1}, []string{"1. Para qué sirve."}}, false}),
		page("provider/agreement", "first", Layout{Path: "/login/agreement", Flow: "f1", CSRF: "token", App: "Portal", SignedInAs: "maria.lopez"}, struct {
			Document agreementText
			First    bool
		}{agreementText{"2026-11-01", "es", Date{2026, 11, 1}, []string{"1. Para qué sirve."}}, true}),
		page("provider/consent", "", Layout{Path: "/consent", Flow: "f1", CSRF: "token", App: "Mi Diario", SignedInAs: "maria.lopez"}, consentCase(false)),
		page("provider/consent", "again", with(Layout{Path: "/consent", Flow: "f1", CSRF: "token", App: "Mi Diario", SignedInAs: "maria.lopez"},
			Problem{Key: "provider.consent.none_selected"}), consentCase(true)),
		page("provider/developers", "", at("/developers"), developersCase()),
		page("provider/logout", "", at("/logout"), struct {
			Username    string
			OtherPerson bool
			Stay        string
			Open        string
			StayURI     string
			Hidden      []Hidden
		}{"maria.lopez", false, "Portal", "Citas", "/account", []Hidden{{"request", "r1"}}}),
		page("provider/signed_out", "", at("/logout/done"), struct {
			ToAppURI, Stay, Open string
			Frames               []string

			Refused, Number string
		}{"https://portal.example/", "Portal", "Citas", []string{"https://a.example/bye"}, "https://portal.example/other", "n1"}),
		page("provider/onward", "", at("/authorize/resume"), onward{Next: "/authorize/resume?flow=f1&go=1"}),
		page("provider/onward", "held", at("/authorize/resume"), onward{"/authorize/resume?flow=f1&go=1", true}),
		page("provider/turn", "", at("/login/turn"), struct {
			Wait time.Duration
			Next string
		}{4 * time.Second, "/login/turn?flow=f1"}),
		page("portal/leaving", "", Layout{Path: "/logout"}, struct{ Next string }{"https://idp.example/logout"}),
		page("provider/handover", "", at("/authorize/resume"), struct {
			Action string
			Fields []Hidden
		}{"https://portal.example/cb", []Hidden{{"code", "abc"}}}),
		page("web/error", "app", at("/error"), errorPage{"error.app", nil, "invalid_request", "redirect_uri", "https://portal.example/wrong", "/account"}),
		page("registration/agreement", "", at("/register/agreement"), struct {
			Document document
			Back     bool
		}{sample, true}),
		page("registration/open", "", at("/register/open"), whose{false, 9}),
		page("registration/open", "card", at("/register/open"), whose{true, 9}),
		page("registration/open", "other_card", with(at("/register/open"), Problem{"card_id", "web.open.other_card", Args{"n": 2}}), whose{true, 9}),
		page("provider/login_open", "", at("/login/open"), struct{ Return string }{"/account"}),
		page("recovery/open", "", at("/recover/open"), struct{}{}),
		page("recovery/confirm_email", "", at("/confirm-email"), struct{ Link, Username string }{"abc", "maria.lopez"}),
		page("recovery/confirm_email_done", "", at("/confirm-email/done"), struct{}{}),
		page("registration/text", "", at("/agreement"), struct{ Document document }{sample}),
		page("registration/personal", "", at("/register/personal"), personal{Suffixes: []string{"JR", "SR", "II"}, CardDigits: 9}),
		page("registration/personal", "no_match", with(at("/register/personal"), Problem{Key: "registration.personal.no_match"},
			Problem{Key: "registration.personal.tries_left", Args: Args{"n": 2}}, Problem{Key: "registration.personal.no_match_help"}),
			personal{BirthMonth: "3", BirthDay: "14", BirthYear: "1984", FirstName: "María", LastName: "Núñez", CardID: "004123789", Suffixes: []string{"JR", "SR", "II"}, CardDigits: 9, TriesLeft: 2}),
		page("registration/personal", "empty", with(at("/register/personal"), Problem{Field: "birth_day", Key: "registration.personal.birth_unreal"}, Problem{Field: "first_name", Key: "registration.personal.first_missing"},
			Problem{Field: "card_id", Key: "registration.personal.card_id_format", Args: Args{"n": 9}}), personal{BirthMonth: "2", BirthDay: "31", BirthYear: "1984", Suffixes: []string{"JR"}, CardDigits: 9, Matched: true}),
		page("registration/locked", "", at("/register/locked"), struct {
			Reference string
			Until     time.Time
		}{"H7K-2QD-9MW", noon}),
		page("registration/credentials", "", at("/register/credentials"), credentials{Questions: questions, MinLength: 15}),
		page("registration/credentials", "taken", with(at("/register/credentials"), Problem{Field: "username", Key: "registration.credentials.username_taken"},
			Problem{Field: "new_password", Key: "registration.credentials.password_short", Args: Args{"min": 15}}),
			credentials{Username: "maria", Email: "maria@example.com", EmailAgain: "maria@example.com", Question: "toy_name", Questions: questions, MinLength: 15, Suggestions: []string{"maria1984", "maria.n"}}),
		page("registration/credentials", "waits", with(at("/register/credentials"), Problem{Field: "username", Key: "registration.credentials.username_wait", Args: Args{"time": 40 * time.Minute}}),
			credentials{Username: "maria", Questions: questions, MinLength: 15, KeptPassword: true, KeptAnswer: true}),
		page("registration/credentials", "kept", at("/register/credentials"), credentials{Username: "maria", Questions: questions, MinLength: 15, KeptPassword: true, KeptAnswer: true}),
		page("registration/email", "", at("/register/code"), struct{ Address, Likely string }{"maria@gmial.com", "maria@gmail.com"}),
		page("registration/code", "", at("/register/code"), struct {
			Address string
			Out     bool
			Sent    bool
		}{"maria@example.com", false, false}),
		page("registration/code", "wrong", with(at("/register/code"), Problem{Field: "code", Key: "registration.code.wrong", Args: Args{"n": 4}}), struct {
			Address string
			Out     bool
			Sent    bool
		}{"maria@example.com", true, true}),
		page("registration/review", "", with(at("/register/review"), Problem{Field: "certify", Key: "registration.review.certify_missing"}),
			review{"María", "Núñez López", "", "004123789", "maria.lopez", "maria@example.com", "toy_name", 1984, noon, document{"2026-11-01", "es", Date{2026, 11, 1}, []string{"Certifico que estos datos son míos, y que son verdaderos y están completos."}}}),
		page("registration/done", "", Layout{Path: "/register/done", App: "Portal", SignedInAs: "maria.lopez"}, struct{ Username, AppURI string }{"maria.lopez", "https://portal.example/login"}),
		page("registration/gone", "", at("/register/code"), struct{ Username string }{}),
		page("registration/gone", "somebody is signed in", at("/register/code"), struct{ Username string }{"maria.lopez"}),
		page("recovery/hub", "", at("/recover"), struct{}{}),
		page("recovery/support", "", at("/support"), supportPage{"H7K-2QD-9MW", false, "/recover/question", false}),
		page("recovery/support", "desk", at("/support"), supportPage{"", false, "/recover/factor", true}),
		page("recovery/support", "question", Layout{Path: "/support", Notice: &Notice{"warn", "recovery.code.question", nil}}, supportPage{"H7K-2QD-9MW", false, "", false}),
		page("recovery/support", "ended", Layout{Path: "/support", Notice: &Notice{"warn", "recovery.question.ended", nil}}, supportPage{"H7K-2QD-9MW", true, "", false}),
		page("recovery/support", "protected", Layout{Path: "/support", Notice: &Notice{"warn", "recovery.disown.question", nil}}, supportPage{"H7K-2QD-9MW", false, "", false}),
		page("recovery/privacy", "", at("/privacy"), struct{}{}),
		page("recovery/languages", "", at("/language-help"), struct{}{}),
		page("recovery/nondiscrimination", "", at("/nondiscrimination"), struct{}{}),
		page("portal/home", "", Layout{Path: "/"}, struct{ SignIn, Error string }{"/login", "access_denied"}),
		page("portal/me", "", Layout{Path: "/me", CSRF: "x"}, struct {
			Name                string
			Claims              []struct{ Name, Value string }
			AccountURL, SignOut string
		}{"María", []struct{ Name, Value string }{{"sub", "abc"}, {"husky.member", `{"program":"A"}`}}, "http://localhost:8080/account", "/logout"}),
		page("sandbox/cards", "", Layout{Path: "/sandbox", Sandbox: true}, sandboxPage{
			Password: "Mapache-Violeta-2026", TOTPKey: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", Answer: "Rufo el dragón", MailPath: "/mailbox", ResetAt: noon,
			Accounts: []sandboxAccount{{"prueba.juan", "plain", "01a231d9-6c70-7356-98eb-2855e4a5afc8", sandboxCard{"118204437", "Juan Carlos", "De la Lunarejo", "", "1968-01-30", "A"}},
				{"prueba.siobhan", "totp", "", sandboxCard{"120773905", "Siobhán", "O'Fenworthy", "", "1990-06-11", "D"}}},
			Cards: []sandboxCard{{"310542266", "James", "Thornwickle", "Jr", "1971-11-02", "D"}}}),
		page("demo/mails", "", Layout{Path: "/demo/mail"}, struct {
			Mails []struct {
				Path, Subject, To string
				At                time.Time
			}
		}{[]struct {
			Path, Subject, To string
			At                time.Time
		}{{"/demo/mail/1", "Su código para inscribirse", "maria@example.com", noon}}}),
		page("portal/try", "", Layout{Path: "/try"}, struct {
			Start, Error string
			Steps        []struct{ ID, Title, Note, Text string }
			Health       bool
		}{"/try/start", "login_failed", []struct{ ID, Title, Note, Text string }{{"request", "1. Authorization request", "A note.", "https://idp.example/authorize"}}, false}),
		page("demo/mail", "", Layout{Path: "/demo/mail/1"}, struct {
			Subject, To              string
			At                       time.Time
			Text, HTMLPath, ListPath string
		}{"Su código para inscribirse", "maria@example.com", noon, "Hola:\n\n123456\n", "/demo/mail/1/html", "/demo/mail"}),
	}...)
}
