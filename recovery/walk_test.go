package recovery

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/members"
)

const (
	oldPassword = "tres tazas de café negro"
	newPassword = "cuatro lunas sobre el río"
)

// member makes the account of a card of the roster, with the answer "una linterna".
func (f *fixture) member(username, card string) accounts.Account {
	f.t.Helper()
	ctx, id := f.t.Context(), uuid.Must(uuid.NewV7())
	password, err := f.people.HashPassword(ctx, id, oldPassword)
	check(f.t, err)
	answer, err := f.people.HashAnswer(ctx, id, "una linterna")
	check(f.t, err)
	claims := map[string]string{"004123789": "María|Núñez López||1984-3-14", "004123790": "John|O'Neill|JR|1990-7-1"}
	parts := strings.Split(claims[card], "|")
	m, err := f.list.Match(ctx, f.claim(parts[0], parts[1], parts[2], parts[3], card))
	check(f.t, err)
	accepted := accounts.Acceptance{Version: "2026-01", Language: "es", TextHash: make([]byte, 32), At: f.now()}
	b := &pgx.Batch{}
	a, err := f.people.QueueCreate(ctx, b, accounts.NewAccount{
		ID: id, Username: username, Email: username + "@example.com", Language: "es", MemberID: m.ID, PasswordHash: password,
		Question: "first_pay", AnswerHash: answer, Agreement: accepted, Certification: accepted,
	})
	check(f.t, err)
	check(f.t, f.db.From(ctx).SendBatch(ctx, b).Close())
	return a
}

// work does what the queue holds, as the runner would, without its clock.
func (f *fixture) work() {
	f.t.Helper()
	rows, err := f.db.From(f.t.Context()).Query(f.t.Context(), `delete from river_job where queue = 'recovery' returning kind, args::text`)
	check(f.t, err)
	type job struct{ Kind, Args string }
	jobs, err := pgx.CollectRows(rows, pgx.RowToStructByPos[job])
	check(f.t, err)
	ids := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)
	for _, j := range jobs {
		id := uuid.MustParse(ids.FindString(j.Args))
		if j.Kind == "recovery_code" {
			err = f.sendCode(f.t.Context(), codeArgs{RecoveryID: id})
		} else {
			err = f.sendUsername(f.t.Context(), usernameArgs{CardID: id})
		}
		if err != nil {
			f.t.Logf("%s: %v", j.Kind, err)
		}
	}
}

// mailed takes the mails of a kind that were queued since the last call.
func (f *fixture) mailed(kind string) (texts []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := 0; i < len(f.mails); i++ {
		if f.mails[i].Kind == kind {
			texts = append(texts, f.mails[i].Content.Text)
			f.mails = append(f.mails[:i], f.mails[i+1:]...)
			i--
		}
	}
	return texts
}

var sixDigits = regexp.MustCompile(`(?m)^(\d{6})$`)

// code is the one that was just mailed.
func (f *fixture) code() string {
	f.t.Helper()
	f.work()
	mails := f.mailed("reset")
	if len(mails) != 1 {
		f.t.Fatalf("%d mails with a code, want 1", len(mails))
	}
	return sixDigits.FindString(mails[0])
}

// visitor is one browser.
type visitor struct {
	*fixture
	jar    map[string]string
	status int
	path   string // of the page that was reached
	header http.Header
	body   string
	trail  []string // every answer so far, redirects too, without what differs each time
}

func (f *fixture) visitor() *visitor { return &visitor{fixture: f, jar: map[string]string{}} }

func (v *visitor) get(path string) *visitor {
	v.t.Helper()
	return v.keep(path, v.do(http.MethodGet, path, v.jar, nil))
}

// post sends the form of the page, and follows where it leads.
func (v *visitor) post(pairs ...string) *visitor {
	v.t.Helper()
	return v.postTo(v.path, pairs...)
}

func (v *visitor) postTo(path string, pairs ...string) *visitor {
	v.t.Helper()
	form := url.Values{}
	if token := csrf.FindStringSubmatch(v.body); token != nil {
		form.Set("csrf", token[1])
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return v.keep(path, v.do(http.MethodPost, path, v.jar, form))
}

var typedMark = regexp.MustCompile(`[?&]typed=[A-Za-z0-9_-]*`)

func (v *visitor) keep(path string, answer *http.Response) *visitor {
	v.t.Helper()
	text := body(v.t, answer)
	v.trail = append(v.trail, stripTokens(text))
	if answer.StatusCode == http.StatusSeeOther {
		return v.get(answer.Header.Get("Location"))
	}
	path, _, _ = strings.Cut(path, "&refused=")
	path, _, _ = strings.Cut(path, "?refused=")
	path = typedMark.ReplaceAllString(path, "")
	v.status, v.path, v.header, v.body = answer.StatusCode, path, answer.Header, text
	return v
}

// on demands a page and status.
func (v *visitor) on(path string, status int) *visitor {
	v.t.Helper()
	if v.path != path || v.status != status {
		v.t.Fatalf("on %s with %d, want %s with %d\n%s", v.path, v.status, path, status, v.body)
	}
	return v
}

func (v *visitor) says(texts ...string) *visitor {
	v.t.Helper()
	for _, text := range texts {
		if !strings.Contains(v.body, text) {
			v.t.Errorf("%s does not say %q:\n%s", v.path, text, v.body)
		}
	}
	return v
}

// begin asks for a new password and is at the code page.
func (v *visitor) begin(username string) *visitor {
	v.t.Helper()
	return v.get("/recover/password?flow=f1").post("username", username).on("/recover/code?flow=f1", 200)
}

// prove continues to the question.
func (v *visitor) prove(username string) *visitor {
	v.t.Helper()
	return v.begin(username).post("code", v.code()).on("/recover/question?flow=f1", 200)
}

func (f *fixture) signIn(username, password string) error {
	_, err := f.people.Authenticate(f.t.Context(), accounts.Attempt{Username: username, Password: password, Source: "192.0.2.1/32"})
	return err
}

// claim is a card, its date as 1984-3-14.
func (f *fixture) claim(first, last, suffix, born, card string) members.Claim {
	f.t.Helper()
	date := strings.Split(born, "-")
	claim, wrong := members.Card{BirthYear: date[0], BirthMonth: date[1], BirthDay: date[2], FirstName: first, LastName: last, Suffix: suffix, CardID: card}.
		Parse(f.now(), f.list.ParseMemberNumber)
	if len(wrong) > 0 {
		f.t.Fatalf("the card has problems: %v", wrong)
	}
	return claim
}
