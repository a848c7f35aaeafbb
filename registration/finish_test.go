package registration

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/members"
)

func TestBoxIsCheckedOnTheServer(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toReview()
	for _, certify := range []string{"", "no", "on "} {
		b.post("certify", certify).on("/register/review", 422).reads("Marque la casilla «CERTIFICACIÓN DE USUARIO» para terminar.")
	}
	b.send("certify", "yes", "certification", "1999-01-01") // a text that is not in force is shown again
	if b.status != http.StatusSeeOther || b.location != "/register/review?flow=f1" || s.count(`select count(*) from accounts`) != 0 {
		t.Errorf("an old certification = %d to %q", b.status, b.location)
	}
}

// The button again, while the page after it is still on its way: the browser has the answer's cookies already.
func TestFinishAgainWhileTheNextPageLoads(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	other := s.browser().toReview()
	s.later(2 * time.Minute) // one address gets one code a minute
	b := s.browser().toReview()
	const review = "/register/review?flow=f1"
	form := b.form("certify", "yes")
	app := b.do(http.MethodPost, review, form).location
	for range 2 {
		if b.do(http.MethodPost, review, form); b.status != http.StatusSeeOther || b.get(b.location).location != app {
			t.Fatalf("Finalizar again = %d, and leads to %q, want %q", b.status, b.location, app)
		}
	}
	if n := s.count(`select count(*) from accounts`); n != 1 {
		t.Errorf("%d accounts", n)
	}
	delete(b.cookies, "idp_session") // signed out meanwhile
	if b.do(http.MethodPost, review, form); b.status != http.StatusSeeOther || !strings.HasPrefix(b.location, "/login") {
		t.Errorf("signed out, Finalizar again = %d to %q", b.status, b.location)
	}
	if b.do(http.MethodGet, review, nil); b.status != http.StatusGone {
		t.Errorf("its page, signed out, = %d to %q", b.status, b.location)
	}
	other.cookies["idp_finished"] = b.cookies["idp_finished"]
	delete(other.cookies, "idp_registration")
	if other.do(http.MethodPost, review, other.form("certify", "yes")); other.status != http.StatusGone {
		t.Errorf("the form of another registration = %d to %q", other.status, other.location)
	}
}

// A double click, or Finalizar in two tabs: one account, and the same answer.
func TestDoubleFinish(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toReview()
	other := *b
	token := b.cookies["idp_registration"]
	other.cookies = map[string]string{"idp_registration": token, "idp_browser": b.cookies["idp_browser"]}
	b.send("certify", "yes")
	other.send("certify", "yes")
	if other.status != http.StatusSeeOther || other.location != b.location || other.cookies["idp_session"] == "" {
		t.Errorf("the second Finalizar = %d to %q, cookies %v", other.status, other.location, other.cookies)
	}
	if n := s.count(`select count(*) from accounts`); n != 1 {
		t.Errorf("%d accounts", n)
	}
	if n := s.count(`select count(*) from audit_events where kind = 'signed_in' and data->>'first' = 'yes'`); n != 2 || s.count(`select count(*) from audit_events where kind = 'new_device'`) != 0 {
		t.Errorf("%d of 2 are the registration's own sign-in", n)
	}
	// Later the cookie is worth nothing.
	s.later(repeat)
	late := *b
	late.cookies = map[string]string{"idp_registration": token, "idp_browser": b.cookies["idp_browser"]}
	late.get("/register/agreement")
	late.do(http.MethodPost, "/register/review", late.form("certify", "yes", "certification", "2026-11-01"))
	if late.cookies["idp_session"] != "" || late.location != "/login" {
		t.Errorf("Finalizar after %s = %d to %q, cookies %v", repeat, late.status, late.location, late.cookies)
	}
}

func TestBackAfterFinish(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toReview().send("certify", "yes")
	s.flow.Live = false // it was answered
	for _, step := range steps[1:] {
		b.get(step.Path+"?flow=f1").on("/register/done", 200).reads("Su cuenta está lista").reads("maria.lopez")
	}
	// A stale request: the member is sent to where the app starts a sign-in.
	if !strings.Contains(b.body, `href="https://portal.example/login?iss=http%3A%2F%2Flocalhost%3A8080"`) {
		t.Errorf("the last page lacks the way to the app:\n%s", b.text())
	}
}

// The account is made but the sign-in after it failed: the member is sent to sign in, not to start over.
func TestBackAfterFinishWithoutSession(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toReview()
	token := b.cookies["idp_registration"]
	b.send("certify", "yes")
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		b.cookies = map[string]string{"idp_browser": b.cookies["idp_browser"], "idp_registration": token}
		b.get("/register/agreement?flow=f1").do(method, "/register/code?flow=f1", b.form("code", "123456"))
		if b.status != http.StatusSeeOther || b.location != "/login?flow=f1" {
			t.Errorf("%s after the end = %d to %q", method, b.status, b.location)
		}
	}
	// The next member of the family begins with the same browser.
	b.cookies["idp_registration"] = token
	b.toPersonal().post(ana...).on("/register/credentials", 200)
}

func TestFinishWithoutAnApp(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser()
	b.get("/register/agreement").post("act", "agree").post(maria...).post(mariaChoice...).post("code", s.code()).on("/register/review", 200)
	b.post("certify", "yes").on("/register/done", 200).reads("Su cuenta está lista").reads("Ir a mi cuenta")
}

// The request in the record is resumed where the address has lost it.
func TestFlowIsKeptInTheRecord(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toReview().get("/register/review")
	b.send("certify", "yes")
	if b.location != "/authorize/resume?flow=f1" {
		t.Errorf("Finalizar leads to %q", b.location)
	}
}

// 32 Finalizar at once: one account, one welcome mail, and everybody gets the same answer.
func TestParallelFinish(t *testing.T) {
	t.Parallel()
	s := newSite(t, 16)
	b := s.browser().toReview()
	v := Visit{Token: b.cookies["idp_registration"], Browser: s.browserDigest(), Language: "es"}
	accountIDs := make([]uuid.UUID, 32)
	parallel(len(accountIDs), func(i int) {
		_, err := s.service.Finish(t.Context(), v, "2026-11-01", func(_ *pgx.Batch, account accounts.Account) { accountIDs[i] = account.ID })
		if err != nil && !errors.Is(err, errBusy) {
			t.Errorf("Finish %d = %v", i, err)
		}
	})
	slices.SortFunc(accountIDs, func(a, b uuid.UUID) int { return strings.Compare(a.String(), b.String()) })
	accountIDs = slices.DeleteFunc(slices.Compact(accountIDs), func(id uuid.UUID) bool { return id == uuid.Nil })
	if len(accountIDs) != 1 {
		t.Errorf("Finish answered with the accounts %v", accountIDs)
	}
	for table, want := range map[string]int{"accounts": 1, "mails where kind = 'welcome'": 1, "audit_events where kind = 'account_created'": 1} {
		if n := s.count(`select count(*) from ` + table); n != want {
			t.Errorf("%d %s, want %d", n, table, want)
		}
	}
}

// Two browsers with one card come to the end at once: the second reads that there is an account, the mailbox on file is
// told, and nothing of the second is left.
func TestTwoBrowsersOneCard(t *testing.T) {
	t.Parallel()
	s := newSite(t, 4)
	first, second := s.browser(), s.browser()
	first.toReview()
	s.later(time.Minute)
	second.toCredentials().post(with(mariaChoice, "username", "otra", "email", "otra@example.com", "email_again", "otra@example.com")...)
	second.post("code", s.code()).on("/register/review", 200)
	parallel(2, func(i int) { []*browser{first, second}[i].send("certify", "yes") })
	winner, loser := first, second
	if first.status != http.StatusSeeOther {
		winner, loser = second, first
	}
	if winner.status != http.StatusSeeOther || loser.status != http.StatusConflict {
		t.Fatalf("the two answers are %d and %d, want 303 and 409", first.status, second.status)
	}
	loser.reads("No pudimos terminar la inscripción. ¿Ya tenía una cuenta? Recupérela, o pida ayuda a Apoyo Técnico.")
	if loser.cookies["idp_session"] != "" {
		t.Error("the second browser is signed in")
	}
	if n := s.count(`select count(*) from accounts`); n != 1 {
		t.Errorf("%d accounts", n)
	}
	told := slices.DeleteFunc(s.mailed(), func(m string) bool { return !strings.HasPrefix(m, "already_member ") })
	if len(told) != 1 {
		t.Errorf("the mailbox on file was sent %v", told)
	}
	loser.send("certify", "yes")
	if loser.status != http.StatusConflict {
		t.Errorf("Finalizar again = %d, want 409", loser.status)
	}
}

// S-12, S-52: a member who has an account continues like everybody, with the same status, headers, cookies and pages, but no code is sent; the mailbox on file is notified.
func TestMemberWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	plain := s.browser().toCode()
	plain.post("code", s.code()).send("certify", "yes")

	s.later(time.Hour)
	b := s.browser().toCredentials()
	b.post(with(mariaChoice, "username", "nueva", "email", "else@example.com", "email_again", "else@example.com")...).on("/register/code", 200)
	if got, want := s.mailed()[2:], []string{"already_member maria@example.com"}; !slices.Equal(got, want) {
		t.Fatalf("mails: %v, want %v", got, want)
	}
	if got := s.mails[2].Content.Text; !strings.Contains(got, "maria.lopez") || strings.Contains(got, "else@example.com") {
		t.Errorf("the mail on file reads:\n%s", got)
	}
	fresh := s.browser().toPersonal().post(ana...)
	if got, want := looks(fresh), looks(s.browser().toPersonal().post(maria...)); got != want {
		t.Errorf("the answers to a card with and without an account differ:\n%s\n%s", want, got)
	}
	fresh.post(with(mariaChoice, "username", "ana", "email", "else2@example.com", "email_again", "else2@example.com")...).on("/register/code", 200)
	if got, want := looks(b), looks(fresh); got != want {
		t.Errorf("the code pages differ:\n%s\n%s", got, want)
	}
	// Codes are refused in the same way, and nothing continues.
	for _, code := range []string{"123456", "123456", "123457", "123458", "123459"} { // the same again counts once, for both
		b.post("code", code).on("/register/code", 422)
		if got, want := looks(b), looks(fresh.post("code", code)); got != want {
			t.Errorf("wrong codes are answered differently:\n%s\n%s", got, want)
		}
	}
	b.reads("Le queda 1 intento.").post("code", "123450").reads("Hubo 5 códigos incorrectos.")
	b.get("/register/review?flow=f1").on("/register/code", 200)
	// Another code is another mail to nobody: the member is notified once a day.
	s.later(time.Minute)
	b.post("act", "resend").on("/register/code", 200).reads("Enviamos otro código.")
	if told := slices.DeleteFunc(s.mailed(), func(m string) bool { return !strings.HasPrefix(m, "already_member ") }); len(told) != 1 {
		t.Errorf("the mailbox on file was sent %v", told)
	}
	b.reads("¿Ya tenía una cuenta?")
	// The username typed stays free.
	if taken, err := s.accounts.UsernameTaken(t.Context(), "nueva"); err != nil || taken {
		t.Errorf("UsernameTaken = %v, %v", taken, err)
	}
	if n := s.count(`select count(*) from accounts`); n != 1 {
		t.Errorf("%d accounts", n)
	}
}

// looks is an answer as a browser gets it: status, headers, names of cookies, page.
func looks(b *browser) string {
	header := b.header.Clone()
	for i, cookie := range header["Set-Cookie"] {
		name, _, _ := strings.Cut(cookie, "=")
		_, attributes, _ := strings.Cut(cookie, ";")
		header["Set-Cookie"][i] = name + attributes
	}
	header.Del("X-Request-Id")
	header.Del("Content-Length") // of two addresses
	return fmt.Sprintln(b.status, b.location, header) + masked(b.body)
}

var (
	refusedMark = regexp.MustCompile(`refused=[A-Za-z0-9_-]+`)
	formMark    = regexp.MustCompile(`name="for-[0-9a-f]+"`)
)

// masked is a page without what differs from one showing to the next.
func masked(body string) string {
	body = formMark.ReplaceAllString(refusedMark.ReplaceAllString(csrfField.ReplaceAllString(body, ""), ""), "")
	return strings.NewReplacer("else2@", "else@", "para Ana.", "para maria.").Replace(body)
}

// Nothing is half made: when the last statement fails, neither account nor mail is there.
func TestFinishIsOneTransaction(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toReview()
	v := Visit{Token: b.cookies["idp_registration"], Browser: s.browserDigest(), Language: "es"}
	postgrestest.Exec(t, s.db, `alter table registrations add constraint refuse check (finished_at is null)`)
	noSession := func(*pgx.Batch, accounts.Account) {}
	if _, err := s.service.Finish(t.Context(), v, "2026-11-01", noSession); err == nil {
		t.Fatal("Finish went through")
	}
	for _, table := range []string{"accounts", "mails where kind = 'welcome'", "audit_events where kind in ('account_created', 'registration.finished')"} {
		if n := s.count(`select count(*) from ` + table); n != 0 {
			t.Errorf("%d %s after an undone Finish", n, table)
		}
	}
	postgrestest.Exec(t, s.db, `alter table registrations drop constraint refuse`)
	if _, err := s.service.Finish(t.Context(), v, "2026-11-01", noSession); err != nil {
		t.Errorf("Finish afterwards = %v", err)
	}
}

// S-52: a member who left the roster between the review and Finalizar, by an import or since the last day came, gets no
// account, and the answer of an unknown card. Nothing is half made, and no try is lost.
func TestMemberEndsBeforeFinish(t *testing.T) {
	t.Parallel()
	others := strings.Replace(roster, "004123789,María,Núñez López,,1984-03-14,A\n", "", 1)
	taken := strings.Replace(roster, "María,Núñez López,,1984-03-14", "Luis,Vega,,1971-01-02", 1)
	last := "INS*Y*18*024*07*A~REF*0F*004123789~DTP*357*D8*20261124~NM1*IL*1*NUÑEZ LOPEZ*MARIA~"
	for name, end := range map[string]func(s *site){
		"a file omits the member": func(s *site) { s.load(others, members.ImportOptions{AllowShrink: true}) },
		"a file gives the number to somebody else": func(s *site) {
			held := s.load(taken, members.ImportOptions{AllowDoubtful: true})
			s.load(taken, members.ImportOptions{OtherPerson: []int{2}, Review: held.Review, AllowDoubtful: true, AllowShrink: true})
		},
		"the last day passes": func(s *site) {
			s.load(fmt.Sprintf("ISA*00*%10s*00*%10s*ZZ*%-15s*ZZ*%-15s*261124*0000*^*00501*000000007*0*P*:~GS*BE*A*B*20261124*0000*42*X*005010X220A1~"+
				"ST*834*1*005010X220A1~BGN*00*X*20261124*0000****2~%sSE*7*1~GE*1*42~IEA*1*7~", "", "", "A", "B", last), members.ImportOptions{AllowShrink: true})
			s.later(14 * time.Minute)
		},
		"the row is gone": func(s *site) { postgrestest.Exec(t, s.db, `delete from members`) },
	} {
		s := newSite(t, 1)
		if name == "the last day passes" { // of the state's day, which ends at midnight UTC here
			s.at(time.Date(2026, 11, 24, 23, 50, 0, 0, time.UTC))
		}
		b := s.browser().toReview()
		end(s)
		b.post("certify", "yes").on("/register/personal", 422)
		b.reads("La información personal que usted ha puesto no se puede validar con nuestro sistema").reads("Le quedan 3 intentos")
		if b.cookies["idp_session"] != "" || b.value("first_name") != "maria" {
			t.Errorf("%s: cookies %v, first name %q", name, b.cookies, b.value("first_name"))
		}
		for _, table := range []string{"accounts", "mails where kind = 'welcome'", "sessions", "audit_events where kind in ('account_created', 'registration.finished')"} {
			if n := s.count(`select count(*) from ` + table); n != 0 {
				t.Errorf("%s: %d %s", name, n, table)
			}
		}
		b.get("/register/review?flow=f1").on("/register/personal", 200) // no later step is open
		b.post(maria...).on("/register/personal", 422)
		if name != "a file omits the member" {
			continue
		}
		s.load(roster, members.ImportOptions{AllowOld: true}) // the file was wrong: what was chosen is still there
		b.post(maria...).on("/register/credentials", 200)
		if got := b.value("username"); got != "maria.lopez" {
			t.Errorf("back on the roster, the username is %q", got)
		}
	}
}

func TestAccountHoldsWhatWasAgreed(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.browser().toReview().send("certify", "yes")
	account, err := s.accounts.Authenticate(t.Context(), accounts.Attempt{Username: "maria.lopez", Password: "tres tazas de café negro", Source: "s"})
	if err != nil {
		t.Fatal(err)
	}
	if at, err := s.accounts.AtSignIn(t.Context(), account.ID); err != nil || at.Agreement != "2026-11-01" {
		t.Errorf("AtSignIn = %+v, %v", at, err)
	}
}

// S-56: the operator may switch the secret question off; nobody is asked for one then.
func TestNoQuestions(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, func(d *Deps) { d.NoQuestions = true })
	b := s.browser().toCredentials()
	if strings.Contains(b.body, `id="question"`) || strings.Contains(b.body, `id="answer"`) {
		t.Error("the page asks for a question")
	}
	b.post(with(mariaChoice, "question", "", "answer", "")...).on("/register/code", 200)
	b.post("code", s.code()).on("/register/review", 200)
	if strings.Contains(b.text(), "Pregunta secreta") {
		t.Error("the review shows a question")
	}
	b.send("certify", "yes")
	if n, q := s.count(`select count(*) from accounts`), s.count(`select count(*) from account_questions`); n != 1 || q != 0 {
		t.Errorf("%d accounts with %d questions, want 1 and 0", n, q)
	}
}
