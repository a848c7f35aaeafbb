package admin

import (
	"encoding/json"
	"strings"
	"testing"

	"huskyidp/members"
)

// TestApproverSeesHow (S-64): who decides sees by what the caller was verified, on the list, on the request and in the API.
func TestApproverSeesHow(t *testing.T) {
	t.Parallel()
	for method, words := range map[Method]string{
		InPerson: "En persona, con identificación", CallBack: "Llamada a un número que ya teníamos", SpokenCode: "Código que dice la persona", NoneWorked: "Nadie la verificó todavía",
	} {
		v := newVisitor(t)
		v.withApp(v.maria.ID)
		act, a := ResetFactor, v.asking(v.maria.ID)
		switch method {
		case SpokenCode:
			v.verify(v.rosa, v.maria.ID, SpokenCode)
			must[Verification](t)(v.CheckCode(t.Context(), v.rosa, nil, v.maria.ID, v.spoken()))
		case NoneWorked: // the third help in a week
			act = SendUsername
			for range helpAlone {
				must[Outcome](t)(v.Do(t.Context(), v.fresh(v.rosa), nil, v.maria.ID, act, v.asking(v.maria.ID)))
			}
		default:
			v.verify(v.rosa, v.maria.ID, method)
		}
		a.Version = v.version(v.maria.ID)
		out := must[Outcome](t)(v.Do(t.Context(), v.fresh(v.rosa), nil, v.maria.ID, act, a))
		if out.State != Asked {
			t.Fatalf("%s: %+v", method, out)
		}
		v.enters(v.luis)
		for _, path := range []string{"/approvals", "/approvals/" + out.RequestID.String()} {
			page := v.get(path).Body.String()
			if !strings.Contains(page, words) {
				t.Errorf("%s: %s does not say %q:\n%s", method, path, words, page)
			}
			if weak := strings.Contains(page, "Quien lee ese correo electrónico"); path != "/approvals" && weak != (method == SpokenCode) {
				t.Errorf("%s: %s warns of the mailbox: %v", method, path, weak)
			}
		}
		if method == NoneWorked { // words of their own once somebody tried
			must[Verification](t)(v.Check(t.Context(), v.fresh(v.rosa), nil, v.maria.ID, NoneWorked, members.Card{}))
			for _, path := range []string{"/approvals", "/approvals/" + out.RequestID.String()} {
				if page := v.get(path).Body.String(); !strings.Contains(page, "No se pudo verificar") || strings.Contains(page, words) {
					t.Errorf("%s after a failed check:\n%s", path, page)
				}
			}
		}
		open := must[[]Request](t)(v.Requests(t.Context(), v.luis))
		text, err := json.Marshal(approvalOf(open[0]))
		if err != nil || !strings.Contains(string(text), `"verified_by":"`+string(method)+`"`) {
			t.Errorf("%s: the API says %s, %v", method, text, err)
		}
	}
}
