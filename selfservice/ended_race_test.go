package selfservice

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/passkeytest"
	"huskyidp/internal/postgres/postgrestest"
)

// TestActWhileTheSessionEnds (S-39): what a page asks for while its session is being ended comes to nothing, whatever it is; the answer
// leads to where the page says why.
func TestActWhileTheSessionEnds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		path   string
		fields url.Values
		made   audit.Kind
	}{
		"no app":               {path: "/account/factors/totp/remove", made: audit.FactorRemoved},
		"no passkey":           {path: "/account/factors/passkey/", made: audit.FactorRemoved},
		"saved codes":          {path: "/account/factors/saved-codes", made: audit.SavedCodesMade},
		"language":             {path: "/account/language", fields: url.Values{"language": {"en"}}, made: audit.LanguageChanged},
		"other sessions":       {path: "/account/sessions", fields: url.Values{"end": {"others"}}},
		"another session":      {path: "/account/sessions", fields: url.Values{"end": {"its"}}},
		"a remembered browser": {path: "/account/sessions", fields: url.Values{"forget": {"01a22cf0-7d94-72e8-be8d-c0ea406ee426"}}},
		"an app's permission":  {path: "/account/apps/", made: audit.AppStopped},
	} {
		f := newFixture(t, 5)
		a := f.register("maria")
		f.enrolTOTP(a)
		b := newBrowser(t, f, nil, &held{f: f})
		b.get("/in/maria?step=two")
		b.apps.app = accounts.ConnectedApp{ID: uuid.Must(uuid.NewV7()), ClientID: "diary", Name: "Mi Diario"}
		path := test.path
		if name == "an app's permission" {
			path += b.apps.app.ID.String() + "/stop"
		}
		if name == "no passkey" {
			options, err := f.BeginNewPasskey(f.ctx(), a, f.sid(a))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.FinishNewPasskey(f.ctx(), a, f.sid(a), "", passkeytest.New(t, "https://idp.example").Create(options)); err != nil {
				t.Fatal(err)
			}
			list, err := f.EnrolledFactors(f.ctx(), a.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range list {
				if e.Factor == accounts.Passkey {
					path += e.ID.String() + "/remove"
				}
			}
		}
		token := b.token("/account/language")
		type answer struct {
			status   int
			location string
		}
		var done <-chan answer
		err := f.db.InTx(f.ctx(), func(ctx context.Context) error {
			if err := f.EndSessions(ctx, a.ID, ""); err != nil {
				return err
			}
			done = postgrestest.Beside(t, f.db, func() answer {
				status, header, _ := b.send(token, path, test.fields)
				return answer{status, header.Get("Location")}
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := <-done; got.status != http.StatusSeeOther || got.location != path {
			t.Errorf("%s: %d to %q, want 303 to the page itself", name, got.status, got.location)
		}
		if b.apps.stopped != 0 {
			t.Errorf("%s: the app is stopped", name)
		}
		if n := f.count(`select count(*) from audit_events where kind = $1 and success`, test.made); n != 0 {
			t.Errorf("%s: it was done", name)
		}
	}
}
