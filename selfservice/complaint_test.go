package selfservice

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"huskyidp/accounts"
)

func TestComplaint(t *testing.T) {
	t.Parallel()
	f, b, _ := member(t)
	b.apps.app = accounts.ConnectedApp{ID: uuid.Must(uuid.NewV7()), ClientID: "diary", Name: "Mi Diario", GrantedAt: f.now(), ExpiresAt: f.now().AddDate(1, 0, 0)}
	receipt := "/account/apps/" + b.apps.app.ID.String()
	if _, _, body := b.get(receipt); !strings.Contains(body, receipt+"/complaint") {
		t.Error("the receipt does not lead to a complaint")
	}
	for field, form := range map[string]url.Values{
		"kind": {"text": {"Me llaman."}}, "kind ": {"kind": {"rude"}, "text": {"Me llaman."}},
		"text": {"kind": {"other"}, "text": {"  "}}, "text ": {"kind": {"shared"}, "text": {strings.Repeat("n", 1001)}},
	} {
		field = strings.TrimSpace(field)
		if status, _, body := b.post("/account/language", receipt+"/complaint", form); status != 422 || !strings.Contains(body, `id="`+field+`-error"`) || !strings.Contains(body, strings.TrimSpace(form.Get("text"))) {
			t.Errorf("%v = %d, want 422 at %s with the text kept", form, status, field)
		}
	}
	if len(b.apps.complaints) != 0 {
		t.Fatalf("stored: %+v", b.apps.complaints)
	}
	status, _, body := b.post("/account/language", receipt+"/complaint", url.Values{"kind": {"shared"}, "text": {" Me llaman.\r\nNo di permiso. "}})
	number := uuid.NewSHA1(uuid.Nil, []byte("sharedMe llaman.\r\nNo di permiso.")).String()
	if status != 200 || !strings.Contains(body, number) || !strings.Contains(body, receipt+"/stop") {
		t.Errorf("%d, want the number %s and the way to stop the app:\n%s", status, number, body)
	}
	if said := b.apps.complaints; len(said) != 1 || said[0].ClientID != "diary" || said[0].Kind != "shared" {
		t.Errorf("stored: %+v", said)
	}
	b.apps.app.Own = true // the programme's own app is no partner's
	if status, location, _ := b.get(receipt + "/complaint"); status != 303 || location != "/account/apps" {
		t.Errorf("a complaint about an own app = %d to %q", status, location)
	}
	b.apps.stopped = 1
	if status, location, _ := b.get(receipt + "/complaint"); status != 303 || location != "/account/apps?note=over" {
		t.Errorf("a complaint about a stopped app = %d to %q", status, location)
	}
}
