package main

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/partners"
	"huskyidp/provider"
)

// TestPartnerSettings: a host of its own, a name, by https, or no partner area at all.
func TestPartnerSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ listen, address, want string }{
		"none":           {"", "", ""},
		"both":           {":8444", "https://partners.example", ""},
		"address alone":  {"", "https://partners.example", "IDP_PARTNER_LISTEN"},
		"listener alone": {":8444", "", "IDP_PARTNER_ADDRESS"},
		"http":           {":8444", "http://partners.example", "IDP_PARTNER_ADDRESS"},
		"an IP address":  {":8444", "https://192.0.2.7", "passkeys belong to one"},
		"the issuer's":   {":8444", "https://idp.example:8444", "has the host of https://idp.example"},
		"the desk's":     {":8444", "https://desk.example:8444", "has the host of https://desk.example"},
	} {
		e := environment{Issuer: "https://idp.example", DeskListen: ":8443", DeskAddress: "https://desk.example", PartnerListen: c.listen, PartnerAddress: c.address}
		m := &mistakes{}
		e.check(m)
		said := ""
		for line := range strings.Lines(errorText(m.err())) {
			if strings.Contains(line, "PARTNER") {
				said += line
			}
		}
		if c.want == "" && said != "" || !strings.Contains(said, c.want) {
			t.Errorf("%s: %q, want %q", name, said, c.want)
		}
	}
}

// TestPartnersAreServed: the area answers on its own listener, and on no other; the members' pages are not there.
func TestPartnersAreServed(t *testing.T) {
	t.Parallel()
	own := freeAddress(t)
	i := startInstance(t, "0s", map[string]string{"IDP_PARTNER_LISTEN": own, "IDP_PARTNER_ADDRESS": "https://partners.example"})
	ask := func(address, host, path string) (int, http.Header) {
		r := httptest.NewRequest(http.MethodGet, "http://"+address+path, nil)
		r.RequestURI, r.Host = "", host
		response, err := ownClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.StatusCode, response.Header
	}
	if status, header := ask(own, "partners.example", "/"); status != 200 || !strings.Contains(header.Get("Set-Cookie"), "__Host-browser") || !strings.Contains(header.Get("Set-Cookie"), "SameSite=Strict") {
		t.Errorf("the area's door is %d %v", status, header["Set-Cookie"])
	}
	for _, path := range []string{"/login", "/jwks", "/account", "/search", "/admin/v1/me"} {
		if status, _ := ask(own, "partners.example", path); status != 404 {
			t.Errorf("%s on the area's listener is %d", path, status)
		}
	}
	if status, _ := ask(own, "idp.example", "/"); status != 421 {
		t.Errorf("another host on the area's listener is %d, want 421", status)
	}
	for _, path := range []string{"/join", "/people", "/requests/x", "/apps/x"} {
		if status, _ := ask(i.address, "idp.example", path); status != 404 {
			t.Errorf("%s on the members' listener is %d", path, status)
		}
	}
}

// TestPartnersAreClients: what partners register obeys the provider's rules, with the profile partner, or smart where the health
// record is asked for; a private key, another's name and our own are refused at their member; a suspension is refused at once.
func TestPartnersAreClients(t *testing.T) {
	t.Parallel()
	_, s, err := readEnvironment(production())
	if err != nil {
		t.Fatal(err)
	}
	s.dsn, s.agreementDir, s.partnerAddress = postgrestest.DSN(t), "", "https://partners.example"
	a, err := build(t.Context(), s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	ctx, apps := t.Context(), partnerApps{a.clients, a.web.Brands()}
	_, _, err = a.clients.Create(ctx, "fhir", provider.Metadata{ClientName: "FHIR", Profile: provider.ProfileService, SmartMetadata: provider.SmartMetadata{FHIRServer: "records"}, ResourceServer: []string{"https://fhir.example/r4"}})
	if err != nil {
		t.Fatal(err)
	}
	app := partners.App{Operator: "Diary Inc.", NameEN: "My Diary", NameES: "Mi Diario", RedirectURIs: []string{"https://diary.example/cb"}, Auth: "client_secret_basic", Scopes: []string{"openid", "profile"}, Reviewed: true}
	public := `{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`
	private := strings.Replace(public, `"x":`, `"d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI","x":`, 1)
	for name, c := range map[string]struct {
		change func(*partners.App)
		member string
	}{
		"a private key":    {func(a *partners.App) { a.Auth, a.JWKS = "private_key_jwt", private }, "jwks"},
		"no keys":          {func(a *partners.App) { a.Auth = "private_key_jwt" }, "jwks"},
		"no JSON":          {func(a *partners.App) { a.Auth, a.JWKS = "private_key_jwt", "keys" }, "jwks"},
		"http":             {func(a *partners.App) { a.RedirectURIs = []string{"http://diary.example/cb"} }, "redirect_uris"},
		"our own name":     {func(a *partners.App) { a.NameEN = "HUSKY Health" }, "client_name"},
		"another's name":   {func(a *partners.App) { a.NameES = "FHIR" }, "client_name#es"},
		"a private scope":  {func(a *partners.App) { a.Scopes = []string{"openid", "husky.member"} }, "scope"},
		"the desk's scope": {func(a *partners.App) { a.Scopes = []string{"openid", "admin"} }, "scope"},
		"a logo here":      {func(a *partners.App) { a.LogoURI = "https://127.0.0.1/logo.png" }, "logo_uri"},
	} {
		wrong := app
		c.change(&wrong)
		_, err := apps.Check(ctx, wrong)
		fault, _ := errors.AsType[*partners.Fault](err)
		if fault == nil || fault.Member != c.member {
			t.Errorf("%s: %v, want a fault of %s", name, err, c.member)
		}
	}
	register := func(id string, a partners.App) *provider.Client {
		t.Helper()
		make, err := apps.Check(ctx, a)
		if err == nil {
			err = make(ctx, id)
		}
		client, findErr := apps.clients.Find(ctx, id)
		if err = errors.Join(err, findErr); err != nil {
			t.Fatal(err)
		}
		return client
	}
	if m := register("web", app).Metadata; m.Profile != provider.ProfilePartner || !m.OperatorVerified || m.SubjectType != "pairwise" || len(m.GrantTypes) != 1 {
		t.Errorf("a web app: %+v", m)
	}
	health := app
	health.NameEN, health.NameES, health.Scopes, health.Auth, health.JWKS, health.Own = "My Health", "Mi Salud", []string{"openid", "launch/patient", "patient/Observation.rs", "offline_access"}, "private_key_jwt", public, []string{"web"}
	if m := register("health", health).Metadata; m.Profile != provider.ProfileSmart || len(m.Audience) != 1 || m.Audience[0] != "https://fhir.example/r4" || len(m.GrantTypes) != 2 {
		t.Errorf("an app of the health record: %+v", m)
	}
	if err := apps.SetKeys(ctx, "health", private, ""); err == nil {
		t.Error("a private key replaces a public one")
	}
	if err := apps.SetKeys(ctx, "health", public, ""); err != nil {
		t.Error(err)
	}
	first, err := apps.RotateSecret(ctx, "web")
	if second, again := apps.RotateSecret(ctx, "web"); err != nil || again != nil || first == second || len(first) < 43 {
		t.Errorf("secrets: %v, %v", err, again)
	}
	if u, err := apps.Usage(ctx, "web"); err != nil || u != (partners.Usage{}) {
		t.Errorf("usage %v, %v", u, err)
	}
	if changed, err := apps.SetUse(ctx, "web", false, "criterion 3", "somebody"); err != nil || !changed {
		t.Fatal(changed, err)
	}
	if _, err := a.clients.Find(ctx, "web"); !errors.Is(err, provider.ErrNoClient) {
		t.Errorf("a suspended app is found: %v", err)
	}
	if c, err := apps.Client(ctx, "web"); err != nil || c.DisabledAt.IsZero() {
		t.Errorf("its state: %+v, %v", c, err)
	}
}
