package recovery

import (
	"net/http"
	"net/url"
	"testing"

	"huskyidp/internal/timingtest"
)

// S-13: neither the code page nor the reminder tells by the clock whether there is an account.
func TestTiming(t *testing.T) {
	f := newFixture(t, 2)
	f.member("maria", "004123789")
	post := func(path string, form url.Values) func() {
		v := f.visitor().get(path)
		form.Set("csrf", csrf.FindStringSubmatch(v.body)[1])
		return func() {
			if answer := f.do(http.MethodPost, path, v.jar, form); answer.StatusCode != http.StatusSeeOther {
				t.Fatalf("POST %s = %d", path, answer.StatusCode)
			}
		}
	}
	forget := func() {
		for _, table := range []string{"rate_limits", "river_job", "recoveries"} {
			_, err := f.db.From(t.Context()).Exec(t.Context(), `delete from `+table)
			check(t, err)
		}
	}
	card := func(number string) url.Values {
		form := url.Values{}
		for i := 0; i < len(mariasCard); i += 2 {
			form.Set(mariasCard[i], mariasCard[i+1])
		}
		form.Set("card_id", number)
		return form
	}
	t.Run("password", func(t *testing.T) {
		timingtest.Alike(t, 1000, forget, post("/recover/password", url.Values{"username": {"maria"}}), post("/recover/password", url.Values{"username": {"nadie"}}))
	})
	t.Run("username", func(t *testing.T) {
		timingtest.Alike(t, 1000, forget, post("/recover/username", card("004123789")), post("/recover/username", card("999999999")))
	})
	t.Run("code", func(t *testing.T) {
		forget()
		var tries []func()
		for _, name := range []string{"maria", "nadie"} {
			v := f.visitor().begin(name)
			f.work()
			token := csrf.FindStringSubmatch(v.body)[1]
			tries = append(tries, func() {
				if answer := f.do(http.MethodPost, "/recover/code", v.jar, url.Values{"csrf": {token}, "code": {"123456"}}); answer.StatusCode != http.StatusUnprocessableEntity {
					t.Fatalf("a wrong code = %d", answer.StatusCode)
				}
			})
		}
		timingtest.Alike(t, 1000, func() {
			_, err := f.db.From(t.Context()).Exec(t.Context(), `update recoveries set code_tries = 0`)
			check(t, err)
		}, tries[0], tries[1])
	})
}
