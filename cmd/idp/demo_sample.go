package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"huskyidp/accounts"
	"huskyidp/admin"
	"huskyidp/internal/portal"
	"huskyidp/members"
	"huskyidp/partners"
	"huskyidp/provider"
)

// sampleCards are those of the first three sample members that are on the roster: two surnames and an ñ, a suffix, and
// a plain one.
func sampleCards(ctx context.Context, roster *members.Roster) (cards [][]string, err error) {
	rows, err := csv.NewReader(strings.NewReader(sampleRoster)).ReadAll()
	if err != nil {
		return nil, err
	}
	for _, card := range rows[1:4] {
		m, err := roster.Find(ctx, card[0])
		switch {
		case errors.Is(err, members.ErrUnknown):
		case err != nil:
			return nil, err
		case !m.Ended && m.FirstName == card[1] && m.LastName == card[2]:
			cards = append(cards, card)
		}
	}
	return cards, nil
}

// importSample fills an empty roster. One that was imported from another file stays as it is.
func importSample(ctx context.Context, a *app) error {
	imported, err := a.roster.Imported(ctx)
	if err == nil && !imported {
		_, err = a.roster.Import(ctx, strings.NewReader(sampleRoster), members.ImportOptions{})
	}
	if err != nil {
		return fmt.Errorf("importing the sample roster: %w", err)
	}
	return nil
}

// tryClientID is the public client that developers use to try a sign-in.
const tryClientID = "try-it"

func tryClient(ctx context.Context, a *app, base string) error {
	m := provider.Metadata{ClientName: "Prueba de ingreso", Profile: provider.ProfileOwn, TokenEndpointAuthMethod: "none",
		RedirectURIs: []string{base + portal.TryCallbackPath}, InitiateLoginURI: base + portal.TryPath, ClientURI: base + portal.TryPath}
	m.ClientNameEN = "Sign-in trial"
	return publicClient(ctx, a, tryClientID, m)
}

func publicClient(ctx context.Context, a *app, id string, m provider.Metadata) error {
	_, _, err := a.clients.Create(ctx, id, m)
	if errors.Is(err, provider.ErrClientExists) {
		_, err = a.clients.Update(ctx, id, m)
	}
	return err
}

// sampleStaff are the people of the demo's support desk: an agent and a second person.
var sampleStaff = []admin.NewPerson{
	{Username: "apoyo.rosa", Email: "rosa@apoyo.invalid", Name: "Rosa Vega", Language: "es", Roles: []admin.Role{admin.Read, admin.Recover}},
	{Username: "apoyo.luis", Email: "luis@apoyo.invalid", Name: "Luis Prado", Language: "es", Roles: []admin.Role{admin.Approve, admin.Admin, admin.Audit, admin.Partners}},
}

// hireSample creates their accounts at the first start. They have no passwords; their first codes go to the mailbox.
func hireSample(ctx context.Context, a *app) error {
	for _, person := range sampleStaff {
		if _, err := a.staff.AddPerson(ctx, person, operator); err != nil && !errors.Is(err, accounts.ErrUsernameTaken) {
			return fmt.Errorf("making the sample staff: %w", err)
		}
	}
	return nil
}

// samplePartner is an invented organisation whose app waits for the desk.
func samplePartner(ctx context.Context, a *app) error {
	return a.partnerArea.Sample(ctx, "Recetas de Ejemplo (inventada)", "eva@recetas.invalid", "es", partners.Values{
		"operator": "Recetas de Ejemplo (inventada)", "website": "https://recetas.invalid", "contact": "eva@recetas.invalid", "security_contact": "seguridad@recetas.invalid",
		"complaints_contact": "quejas@recetas.invalid", "name_en": "Sample recipes (invented)", "name_es": "Recetas de ejemplo (inventada)",
		"purpose": "Una aplicación inventada para esta demostración. Muestra recetas a quien la permite.", "policy_uri": "https://recetas.invalid/privacidad",
		"app_type": "web", "redirect_uris": "https://recetas.invalid/callback", "auth": "client_secret_basic", "profile": "yes",
		"ask_first": "yes", "use": "yes", "no_sale": "yes", "security": "yes", "deletion": "yes", "changes": "yes", "complaints": "yes",
	})
}

// portalClient registers the portal, or updates its addresses.
func portalClient(ctx context.Context, a *app, dir, base string) (string, error) {
	m := provider.Metadata{
		ClientName: "Portal de muestra", Profile: provider.ProfileOwn, RedirectURIs: []string{base + "/callback"},
		PostLogoutRedirectURIs: []string{base + "/"}, InitiateLoginURI: base + portal.LoginPath, ClientURI: base + "/",
		BackchannelLogoutURI: base + portal.BackchannelLogoutPath,
	}
	m.ClientNameEN = "Sample portal"
	return secretClient(ctx, a, filepath.Join(dir, "portal-secret"), "sample-portal", m)
}

// secretClient registers a client whose secret is kept in a file, or updates it.
func secretClient(ctx context.Context, a *app, path, id string, m provider.Metadata) (string, error) {
	secret, err := os.ReadFile(path)
	if err == nil {
		if _, err := a.clients.Update(ctx, id, m); err == nil {
			return string(secret), nil
		} else if !errors.Is(err, provider.ErrNoClient) {
			return "", err
		}
	}
	fresh, err := makeSecretClient(ctx, a, id, m)
	if err != nil {
		return "", err
	}
	if err := writeWhole(path, fresh, 0o600); err != nil {
		return "", err
	}
	return fresh, nil
}

func makeSecretClient(ctx context.Context, a *app, id string, m provider.Metadata) (string, error) {
	_, secret, err := a.clients.Create(ctx, id, m)
	if errors.Is(err, provider.ErrClientExists) { // the file with its secret is gone
		if _, err := a.clients.Update(ctx, id, m); err != nil {
			return "", err
		}
		return a.clients.RotateSecret(ctx, id)
	}
	return secret, err
}
