package templates

import "time"

// card is members.Card with what its page says beside it.
type card struct {
	BirthMonth, BirthDay, BirthYear, FirstName, LastName, Suffix, CardID string
	Suffixes                                                             []string
	CardDigits                                                           int
}

type newPassword struct {
	Username   string
	MinLength  int
	StopsEmail bool
}

// recoveryCode and heldLink are recovery.codePage and recovery.cancelPage.
type recoveryCode struct {
	Username   string
	Again, Out bool
	Wait       time.Duration
}

type heldLink struct {
	Link, Username, Act, Email string
	Own                        bool
	AskedAt                    time.Time
}

type askedQuestion struct{ Field, Question string }

type (
	closure struct {
		Kind  string
		Until time.Time
	}
	deniable struct {
		Link, Username         string
		Event, QuestionChanged time.Time
		Closed                 closure
	}
	denied struct {
		Username string
		Closed   closure
	}
	oldLink struct {
		Stopped bool
		Closed  closure
	}
	stopped struct {
		Open   bool
		Closed closure
	}
)

func recoveryCases() []pageCase {
	at := func(path string, problems ...Problem) Layout {
		return Layout{Path: path, Query: "flow=f1", Flow: "f1", CSRF: "token", App: "Portal de Salud HUSKY", RequestID: "01J9", Problems: problems}
	}
	one := []askedQuestion{{"answer", "first_pay"}}
	return []pageCase{
		page("recovery/username", "", at("/recover/username"), card{Suffixes: []string{"JR", "SR"}, CardDigits: 9}),
		page("recovery/username", "empty", at("/recover/username", Problem{Field: "first_name", Key: "registration.personal.first_missing"}), card{CardDigits: 9}),
		page("recovery/username_sent", "", at("/recover/username/sent"), struct{ Back string }{"/recover/username?back=1"}),
		page("recovery/password", "", at("/recover/password"), struct{ Username string }{}),
		page("recovery/code", "", at("/recover/code"), recoveryCode{Username: "maria.lopez"}),
		page("recovery/code", "again", at("/recover/code"), recoveryCode{Username: "maria.lopez", Again: true, Out: true}),
		page("recovery/code", "again waits", at("/recover/code"), recoveryCode{Username: "maria.lopez", Again: true, Wait: time.Minute}),
		page("recovery/code", "again asks", at("/recover/code"), recoveryCode{Username: "maria.lopez", Again: true}),
		page("recovery/code", "wrong", at("/recover/code", Problem{Field: "code", Key: "registration.code.wrong", Args: Args{"n": 4}}), recoveryCode{}),
		page("recovery/question", "", at("/recover/question"), struct{ Asked []askedQuestion }{one}),
		page("recovery/question", "several", at("/recover/question", Problem{Key: "recovery.question.wrong", Args: Args{"n": 1}}),
			struct{ Asked []askedQuestion }{append(one, askedQuestion{"answer_2", "crush"})}),
		page("recovery/closed", "", at("/recover/question"), struct {
			Reference string
			Until     time.Time
		}{"H7K-2QD-9MW", noon}),
		page("recovery/factor", "", at("/recover/factor/totp", Problem{Field: "code", Key: "accounts.totp.wrong"}), struct {
			Method string
			Others []string
		}{"totp", []string{"passkey", "saved-code"}}),
		page("recovery/factor", "passkey", at("/recover/factor/passkey"), struct {
			Method string
			Others []string
		}{"passkey", nil}),
		page("recovery/factor", "saved", at("/recover/factor/saved-code"), struct {
			Method string
			Others []string
		}{"saved-code", nil}),
		page("recovery/new_password", "", at("/recover/new-password"), newPassword{Username: "maria.lopez", MinLength: 15, StopsEmail: true}),
		page("recovery/new_password", "short", at("/recover/new-password", Problem{Field: "new_password", Key: "registration.credentials.password_short", Args: Args{"min": 15, "unmet": []string{"length"}}}),
			newPassword{Username: "maria.lopez", MinLength: 15}),
		page("recovery/done", "", at("/recover/done"), struct {
			Closes, Before time.Time
			StoppedEmail   bool
			Told           bool
		}{noon, noon, true, true}),
		page("recovery/done", "only", at("/recover/done"), struct {
			Closes, Before time.Time
			StoppedEmail   bool
			Told           bool
		}{}),
		page("recovery/not_me", "", at("/not-me"), deniable{"abc", "maria.lopez", noon, time.Time{}, closure{}}),
		page("recovery/not_me", "question changed", at("/not-me"), deniable{"abc", "maria.lopez", noon, noon, closure{}}),
		page("recovery/not_me", "answers closed", at("/not-me"), deniable{"abc", "maria.lopez", noon, time.Time{}, closure{"answer", noon}}),
		page("recovery/not_me", "codes locked", at("/not-me"), deniable{"abc", "maria.lopez", noon, time.Time{}, closure{"factor", noon}}),
		page("recovery/not_me", "codes used up", at("/not-me"), deniable{"abc", "maria.lopez", noon, time.Time{}, closure{"factor", time.Time{}}}),
		page("recovery/not_me", "question closed", at("/not-me"), deniable{"abc", "maria.lopez", noon, time.Time{}, closure{"question", time.Time{}}}),
		page("recovery/not_me_done", "", at("/not-me/done"), denied{"maria.r", closure{}}),
		page("recovery/not_me_done", "answers closed", at("/not-me/done"), denied{"maria.r", closure{"answer", noon}}),
		page("recovery/old_link", "", at("/not-me"), oldLink{}),
		page("recovery/old_link", "stopped", at("/cancel-change"), oldLink{true, closure{}}),
		page("recovery/old_link", "stopped, answers closed", at("/cancel-change"), oldLink{true, closure{"answer", noon}}),
		page("recovery/cancel", "", at("/cancel-change"), heldLink{Link: "abc", Username: "maria.lopez", Act: "change_email"}),
		page("recovery/cancel", "own", at("/cancel-change"), heldLink{"abc", "maria.lopez", "change_email", "nueva@example.org", true, noon}),
		page("recovery/cancel_done", "", at("/cancel-change/done"), stopped{}),
		page("recovery/cancel_done", "answers closed", at("/cancel-change/done"), stopped{false, closure{"answer", noon}}),
		page("recovery/cancel_done", "question closed", at("/cancel-change/done"), stopped{true, closure{"question", time.Time{}}}),
		page("recovery/cancel_done", "open", at("/cancel-change/done"), stopped{true, closure{}}),
		page("recovery/was_me", "", at("/not-me/was-me"), struct{}{}),
	}
}
