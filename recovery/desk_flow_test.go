package recovery

import (
	"net/url"
	"strings"
	"testing"
)

// TestHelpForPeopleOfTheDesk: who signs in for the desk and cannot recover alone is led to its administrators, not to Technical Support. It
// depends on the app alone: that an account is the desk's is told to nobody.
func TestHelpForPeopleOfTheDesk(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	f.enrol(a)
	for flow, isDesk := range map[string]bool{"f1": false, "d1": true} {
		led := func(name string, v *visitor) {
			t.Helper()
			desk := strings.Contains(v.body, say("support.desk.lead"))
			member := strings.Contains(v.body, say("support.page.can_list")) || strings.Contains(v.body, "número de referencia")
			if desk != isDesk || member == isDesk {
				t.Errorf("%s, %s: the desk's administrators %t, Technical Support %t\n%s", flow, name, desk, member, v.body)
			}
		}
		before := f.count(`select count(*) from support_references`)
		v := f.visitor()
		v.get("/recover/password?flow="+flow).post("username", "maria").post("code", f.code()).post("answer", "una linterna").on("/recover/factor/totp?flow="+flow, 200)
		v.post("act", "none").on("/support?flow="+flow+"&from=factor", 200)
		led("no second step", v)
		if !strings.Contains(v.body, url.PathEscape("/recover/factor")) && !strings.Contains(v.body, "/recover/factor?flow="+flow) {
			t.Errorf("%s: no way back\n%s", flow, v.body)
		}
		led("the page alone", f.visitor().get("/support?flow="+flow))
		if n := f.count(`select count(*) from support_references`) - before; isDesk == (n > 0) {
			t.Errorf("%s: %d references", flow, n)
		}
		f.later(2 * 60 * 60 * 1e9)
	}
}
