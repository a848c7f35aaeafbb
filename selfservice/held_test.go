package selfservice

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/templates"
)

// waiting is what waits for an account; the second is stopped.
type waiting struct {
	list []templates.HeldChange
	sids []string
}

func (w *waiting) Held(context.Context, uuid.UUID) ([]templates.HeldChange, error) {
	return w.list, nil
}

func (w *waiting) StopBySession(_ context.Context, _, id uuid.UUID, sid string) (bool, error) {
	w.sids = append(w.sids, sid)
	for _, c := range w.list {
		if c.ID == id.String() && c.InPerson {
			return false, nil
		}
	}
	w.list = nil
	return true, nil
}

// S-21: who is signed in sees what waits, and stops it by a button; a second press gets the same answer. What was asked for
// in person has the telephone in place of the button.
func TestHeldChangeIsShown(t *testing.T) {
	t.Parallel()
	f, b, account := member(t)
	for _, path := range []string{"/account", "/account/factors"} {
		if _, _, body := b.get(path); strings.Contains(body, "/account/held/") || strings.Contains(body, "en espera") {
			t.Errorf("%s: something waits", path)
		}
	}
	change := templates.HeldChange{ID: uuid.Must(uuid.NewV7()).String(), Act: "reset_factor", AskedAt: f.now(), ApplyAt: f.now().Add(24 * time.Hour)}
	stop := "/account/held/" + change.ID + "/stop"
	b.changes.list = []templates.HeldChange{change}
	for _, path := range []string{"/account", "/account/factors"} {
		_, _, body := b.get(path)
		for _, want := range []string{say("admin.act.reset_factor"), "Se hará el 2", "Alguien lo pidió el 2", `action="` + stop + `"`, say("recovery.cancel.stop")} {
			if !strings.Contains(body, want) {
				t.Errorf("%s does not say %q:\n%s", path, want, body)
			}
		}
	}
	for _, path := range []string{"/account/password", "/account/question", "/account/sessions", "/account/apps", "/account/history", "/account/language", "/account/email", "/account/factors/totp"} {
		_, _, body := b.get(path)
		if !strings.Contains(body, "Un cambio está en espera: Quitar la verificación en dos pasos. Se hará el 2") || !strings.Contains(body, `<a href="/account">Ver el cambio</a>`) {
			t.Errorf("%s says nothing of it:\n%s", path, body)
		}
	}
	if status, location, _ := b.get(stop); status != http.StatusSeeOther || location != "/account" || len(b.changes.list) != 1 {
		t.Errorf("GET %s = %d to %q", stop, status, location)
	}
	_, _, form := b.get("/account")
	fields := url.Values{"csrf": {csrfField.FindStringSubmatch(form)[1]}}
	for range 2 {
		r, err := b.client.PostForm(b.address+stop, fields)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if at := r.Header.Get("Location"); r.StatusCode != http.StatusSeeOther || at != "/account?note=held" {
			t.Errorf("POST %s = %d to %q", stop, r.StatusCode, at)
		}
	}
	if want := f.sid(account); len(b.changes.sids) != 2 || b.changes.sids[0] != want {
		t.Errorf("stopped by %v, want %s", b.changes.sids, want)
	}
	if _, _, body := b.get("/account?note=held"); !strings.Contains(body, say("recovery.cancel.done_title")) || strings.Contains(body, stop) {
		t.Errorf("afterwards:\n%s", body)
	}
	change.InPerson = true
	b.changes.list = []templates.HeldChange{change}
	for _, path := range []string{"/account", "/account/factors"} {
		_, _, body := b.get(path)
		if strings.Contains(body, stop) || !strings.Contains(body, "en persona, con una identificación") || !strings.Contains(body, "1-800-859-9889") {
			t.Errorf("%s of a change that was asked for in person:\n%s", path, body)
		}
	}
	if status, location, _ := b.post("/account/language", stop, nil); status != http.StatusSeeOther || location != "/account" {
		t.Errorf("stopping it all the same = %d to %q", status, location)
	}
	if status, location, _ := newBrowser(t, f, nil).get("/account"); status != http.StatusSeeOther || location != "/login" {
		t.Errorf("a stranger: %d to %q", status, location)
	}
}
