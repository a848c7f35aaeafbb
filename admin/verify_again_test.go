package admin

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"huskyidp/members"
	"huskyidp/provider"
	"huskyidp/templates"
)

// TestFailedCheckEndsVerification (S-64): whichever check fails, what the same person verified before it counts no more; the
// approver of a later request reads of it.
func TestFailedCheckEndsVerification(t *testing.T) {
	t.Parallel()
	wrong := mariaCard
	wrong.FirstName = "Ana"
	for method, fail := range map[Method]func(d *desk, p Person) Verification{
		NoneWorked: func(d *desk, p Person) Verification {
			return must[Verification](t)(d.Check(t.Context(), p, nil, d.maria.ID, NoneWorked, members.Card{}))
		},
		Facts: func(d *desk, p Person) Verification {
			return must[Verification](t)(d.Check(t.Context(), p, nil, d.maria.ID, Facts, wrong))
		},
		SpokenCode: func(d *desk, p Person) Verification {
			d.verify(p, d.maria.ID, SpokenCode)
			if !d.seen(p, d.maria.ID).Verification.Verified {
				t.Error("a code that was only mailed ends the verification")
			}
			return must[Verification](t)(d.CheckCode(t.Context(), p, nil, d.maria.ID, other(d.spoken())))
		},
	} {
		for _, before := range []Method{Facts, CallBack, InPerson} {
			v := newVisitor(t)
			eva := v.person("eva", Read, Recover)
			elsewhere := v.rosa
			elsewhere.Session = "another one of hers"
			for _, p := range []Person{v.rosa, elsewhere, eva} {
				must[Verification](t)(v.Check(t.Context(), p, nil, v.maria.ID, before, mariaCard))
			}
			if out := fail(v.desk, v.rosa); out.Verified {
				t.Fatalf("%s passes: %+v", method, out)
			}
			for _, p := range []Person{v.rosa, elsewhere} {
				if v.seen(p, v.maria.ID).Verification.Verified {
					t.Errorf("after %s failed, %s of before counts in the session %q", method, before, p.Session)
				}
				a := v.asking(v.maria.ID)
				a.Email = "ladron@example.org"
				if _, err := v.Do(t.Context(), v.fresh(p), nil, v.maria.ID, ChangeEmail, a); !errors.Is(err, ErrUnverified) {
					t.Errorf("after %s failed, the act of who was verified by %s = %v", method, before, err)
				}
			}
			if !v.seen(eva, v.maria.ID).Verification.Verified {
				t.Errorf("after %s failed for Rosa, Eva's caller is not verified", method)
			}
			if method != NoneWorked || before != Facts {
				continue
			}
			out := v.askEmail()
			fail(v.desk, eva) // after the request
			open := must[[]Request](t)(v.Requests(t.Context(), v.luis))
			if failed := open[0].Failed; len(failed) != 2 || failed[0].Method != NoneWorked || failed[0].Name != "Rosa Vega" || failed[1].Name != "Eva Vega" {
				t.Errorf("the approver reads of %+v", failed)
			}
			v.enters(v.luis)
			for _, path := range []string{approvalsPath, approvalsPath + "/" + out.RequestID.String()} {
				if page := v.get(path).Body.String(); !strings.Contains(page, v.text("admin.approval.failed", nil)) || strings.Count(page, v.text("admin.verify.none", nil)) != 2 {
					t.Errorf("%s does not list both failed checks:\n%s", path, page)
				}
			}
			if text := approvalOf(open[0]); len(text.Failed) != 2 || text.Failed[1].Name != "Eva Vega" {
				t.Errorf("the API says %+v", text.Failed)
			}
			v.later(failuresBefore + time.Second)
			v.askEmail()
			if open := must[[]Request](t)(v.Requests(t.Context(), v.luis)); len(open) != 1 || len(open[0].Failed) != 0 {
				t.Errorf("checks of the day before that: %+v", open)
			}
		}
	}
}

// TestClosedCheckEndsVerification (S-64): card details that are not compared any more prove nobody either.
func TestClosedCheckEndsVerification(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	for _, first := range []string{"Ana", "Eva", "Ida"} {
		card := mariaCard
		card.FirstName = first
		must[Verification](t)(d.Check(t.Context(), d.rosa, nil, d.maria.ID, Facts, card))
	}
	d.verify(d.rosa, d.maria.ID, InPerson)
	if _, err := d.Check(t.Context(), d.rosa, nil, d.maria.ID, Facts, mariaCard); denial(err) != "limit_member" {
		t.Errorf("a fourth try = %v", err)
	}
	if d.seen(d.rosa, d.maria.ID).Verification.Verified {
		t.Error("still verified")
	}
}

func (d *desk) text(key string, args templates.Args) string {
	return strings.ReplaceAll(d.set.Text("es", key, args), `"`, "&#34;")
}

// verifies records the method on the member's page.
func (v *visitor) verifies(fields ...string) (code int, body string, location string) {
	v.t.Helper()
	path := "/members/" + v.maria.ID.String() + "/verify"
	page := v.get(path)
	w := v.post(path, append([]string{"key", v.value(page, "key")}, fields...)...)
	return w.Code, w.Body.String(), w.Header().Get("Location")
}

// TestVerificationEndsWithTheSession (S-25): whoever signs out, or in again, has verified nobody, and no code waits; a step-up keeps both
// and the forms of other tabs.
func TestVerificationEndsWithTheSession(t *testing.T) {
	t.Parallel()
	member := func(v *visitor) string { return v.get("/members/" + v.maria.ID.String()).Body.String() }
	for name, c := range map[string]struct {
		again func(v *visitor)
		kept  bool
	}{
		"signed out":             {func(v *visitor) { v.get("/logout"); v.post("/logout"); v.enters(v.rosa) }, false},
		"signed in again":        {func(v *visitor) { v.enters(v.rosa) }, false},
		"signed in elsewhere":    {func(v *visitor) { delete(v.cookies, "__Host-session"); v.enters(v.rosa) }, false},
		"a step-up":              {func(v *visitor) { v.stepsUp(v.rosa) }, true},
		"a step-up of a visitor": {func(v *visitor) { v.stepsUp(v.person("eva", Read, Recover)) }, false},
		"signed out in a step-up": {func(v *visitor) {
			before := must[sessionRow](v.t)(v.consoleSession(t.Context(), v.cookies["__Host-session"], false))
			v.get("/logout")
			v.post("/logout")
			v.entersAs(v.rosa, before.Visit)
		}, false},
	} {
		v := newVisitor(t)
		v.enters(v.rosa)
		if code, body, to := v.verifies("method", "in_person", "say-in_person-1", "yes", "say-in_person-2", "yes", "do", "save"); code != http.StatusSeeOther || !strings.HasSuffix(to, "?caller=saved") {
			t.Fatalf("%s: %d\n%s", name, code, body)
		}
		if code, body, _ := v.verifies("method", "spoken_code", "do", "send"); code != http.StatusOK || !strings.Contains(body, `id="sent"`) {
			t.Fatalf("%s: %d\n%s", name, code, body)
		}
		path := "/members/" + v.maria.ID.String() + "/acts/send_username"
		open := v.get(path) // in another tab
		csrf := v.csrf
		c.again(v)
		if got := !strings.Contains(member(v), v.text("admin.member.not_verified", nil)); got != c.kept {
			t.Errorf("%s: verified %t", name, got)
		}
		if got := strings.Contains(v.get("/members/"+v.maria.ID.String()+"/verify").Body.String(), `id="sent"`); got != c.kept {
			t.Errorf("%s: a code waits %t", name, got)
		}
		form := url.Values{"csrf": {csrf}, "reason": {"No recuerda su nombre de usuario"}, "ticket": {"HD-1"}, "version": {v.value(open, "version")}, "key": {v.value(open, "key")}}
		if w := v.send("POST", path, form); (w.Code == http.StatusSeeOther) != c.kept {
			t.Errorf("%s: the form of the other tab: %d\n%s", name, w.Code, w.Body)
		}
	}
}

// stepsUp enters as the callback of a step-up does.
func (v *visitor) stepsUp(p Person) {
	v.t.Helper()
	before := must[sessionRow](v.t)(v.consoleSession(v.t.Context(), v.cookies["__Host-session"], false))
	v.entersAs(p, before.Visit)
}

// TestAPIVerificationBelongsToASession (S-25): the access token of another sign-in has verified nobody.
func TestAPIVerificationBelongsToASession(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	path := "/members/" + b.maria.ID.String()
	verified := func(token string) bool {
		t.Helper()
		member := decode[memberReply](t, b.call("GET", path, token, nil), http.StatusOK)
		return member.Verification != nil && member.Verification.Verified
	}
	session := func(sid string) string {
		return b.access(b.rosa, func(a *provider.Access) { a.SessionID = sid })
	}
	first := session("a")
	if w := b.call("POST", path+"/verifications", first, verifyBody{Method: CallBack}); w.Code != http.StatusOK || !verified(first) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if !verified(session("a")) || verified(session("b")) {
		t.Error("verified in another session")
	}
}

// TestSameFactsCountOnce (S-14): a slip that was counted costs no second try on the same day, however it is typed and whoever types it;
// what is right costs none. The page says what is left, before and after, and of what none is.
func TestSameFactsCountOnce(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	eva := v.person("eva", Read, Recover)
	check := func(p Person, first string, left int) {
		t.Helper()
		card := mariaCard
		card.FirstName = first
		out := must[Verification](t)(v.Check(t.Context(), p, nil, v.maria.ID, Facts, card))
		if out.Verified || out.TriesLeft == nil || *out.TriesLeft != left {
			t.Errorf("%q: %+v, want %d left", first, out, left)
		}
	}
	for range 4 {
		must[Verification](t)(v.Check(t.Context(), v.rosa, nil, v.maria.ID, Facts, mariaCard))
	}
	check(v.rosa, "Maria Josee", 2)
	check(v.rosa, "María  JOSEE", 2)
	check(eva, "maria-josee", 2)
	check(v.rosa, "Mario", 1)
	check(v.rosa, "Maria Josee", 1)
	v.enters(v.rosa)
	path := "/members/" + v.maria.ID.String()
	if page := v.get(path + "/verify").Body.String(); !strings.Contains(page, v.text("admin.verify.facts_left", templates.Args{"n": 1})) {
		t.Errorf("before the last try the page says nothing of it:\n%s", page)
	}
	typed := func(first string) []string {
		return []string{"method", "facts", "do", "save", "birth_month", "3", "birth_day", "14", "birth_year", "1984", "first_name", first, "last_name", "Nunez Pena", "card_id", "004123789"}
	}
	if code, body, _ := v.verifies(typed("Mario")...); code != http.StatusUnprocessableEntity || !strings.Contains(body, v.text("admin.verify.facts_no_match", templates.Args{"n": 1})) {
		t.Errorf("the same slip on the page: %d\n%s", code, body)
	}
	if code, body, _ := v.verifies(typed("Marta")...); code != http.StatusUnprocessableEntity || !strings.Contains(body, v.text("admin.verify.facts_last", nil)) {
		t.Errorf("the last try: %d\n%s", code, body)
	}
	until := v.text("admin.verify.closed", templates.Args{"datetime": v.now().Add(24 * time.Hour)})
	if code, body, _ := v.verifies(typed("Maria Jose")...); code != http.StatusUnprocessableEntity || !strings.Contains(body, until) {
		t.Errorf("without tries: %d, want %q\n%s", code, until, body)
	}
	for _, page := range []string{v.get(path).Body.String(), v.get(path + "/verify").Body.String()} {
		if !strings.Contains(page, until) {
			t.Errorf("the page does not say %q:\n%s", until, page)
		}
	}
	v.later(24 * time.Hour)
	check(v.fresh(v.rosa), "Maria Josee", 2)
}

// TestNoCodeIsNoMismatch: what was never sent or typed is not called wrong, and the book does not blame the account.
func TestNoCodeIsNoMismatch(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	v.enters(v.rosa)
	lines := func() int { return v.count(`select count(*) from desk_entries where act = 'verify'`) }
	for _, c := range []struct {
		name   string
		before func()
		code   string
		key    string
		args   templates.Args
		lines  int
		word   string // of the newest line
	}{
		{"nothing sent or typed", func() {}, "", "admin.verify.code_none", nil, 0, ""},
		{"nothing sent", func() {}, "123456", "admin.verify.code_none", nil, 1, "no_code"},
		{"nothing typed", func() { v.verifies("method", "spoken_code", "do", "send") }, "", "admin.verify.code_missing", nil, 2, "sent"},
		{"half typed", func() {}, "123", "admin.verify.code_missing", nil, 2, "sent"},
		{"wrong", func() {}, "", "admin.verify.code_no_match", templates.Args{"n": 4}, 3, "no_match"},
		{"expired", func() { v.later(14 * time.Minute); v.get(searchPath); v.later(time.Minute) }, "123456", "admin.verify.code_over", nil, 4, "no_code"},
		{"expired and nothing typed", func() {}, "", "admin.verify.code_over", nil, 4, "no_code"},
	} {
		c.before()
		if c.name == "wrong" {
			c.code = other(v.spoken())
		}
		code, body, _ := v.verifies("method", "spoken_code", "do", "save", "code", c.code)
		if code != http.StatusUnprocessableEntity || !strings.Contains(body, v.text(c.key, c.args)) || lines() != c.lines {
			t.Errorf("%s: %d without %s, or %d lines in the book:\n%s", c.name, code, c.key, lines(), body)
		}
		if c.word != "" {
			if _, outcome := v.lastVerify(); outcome != c.word {
				t.Errorf("%s: the book says %s, want %s", c.name, outcome, c.word)
			}
		}
	}
	v.verifies("method", "spoken_code", "do", "send")
	wrong := v.spoken()
	for n := range spokenTries {
		wrong = other(wrong)
		_, body, _ := v.verifies("method", "spoken_code", "do", "save", "code", wrong)
		want := v.text("admin.verify.code_no_match", templates.Args{"n": spokenTries - 1 - n})
		if n == spokenTries-1 {
			want = v.text("admin.verify.code_last", nil)
		}
		if !strings.Contains(body, want) {
			t.Errorf("try %d without %q", n, want)
		}
	}
	if _, body, _ := v.verifies("method", "none", "do", "save"); strings.Contains(body, "admin.verify.saved") {
		t.Error("saved")
	}
	if page := v.get("/members/" + v.maria.ID.String()).Body.String(); !strings.Contains(page, v.text("admin.member.not_verified", nil)) {
		t.Error("verified")
	}
}

func (d *desk) lastVerify() (act, outcome string) {
	d.t.Helper()
	err := d.db.From(d.t.Context()).QueryRow(d.t.Context(), `select act, coalesce(refined, outcome) from desk_entries where act = 'verify' order by at desc, id desc limit 1`).Scan(&act, &outcome)
	if err != nil {
		d.t.Fatal(err)
	}
	return act, outcome
}

// TestUnreadSentences: of a way that only the agent's word stands for, each sentence has to be ticked; ticks stay with the form.
func TestUnreadSentences(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	v.enters(v.rosa)
	for _, method := range []string{"in_person", "call_back"} {
		for _, ticked := range [][]string{nil, {"say-" + method + "-2", "yes"}, {"say-facts-1", "yes", "say-facts-2", "yes"}} {
			code, body, _ := v.verifies(append([]string{"method", method, "do", "save"}, ticked...)...)
			if code != http.StatusUnprocessableEntity || !strings.Contains(body, v.text("admin.verify.unread", nil)) {
				t.Errorf("%s with %v: %d", method, ticked, code)
			}
			if kept := strings.Contains(body, `id="say-`+method+`-2" name="say-`+method+`-2" value="yes" checked`); kept != (len(ticked) == 2) {
				t.Errorf("%s with %v: the tick is kept: %t", method, ticked, kept)
			}
		}
	}
	if n := v.count(`select count(*) from caller_verifications`); n != 0 {
		t.Errorf("%d verifications", n)
	}
}
