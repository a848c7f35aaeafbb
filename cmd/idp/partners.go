package main

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
	"huskyidp/partners"
	"huskyidp/partners/conformance"
	"huskyidp/provider"
)

// newPartners builds the use cases of the partner area, which the desk needs also where the area has no address.
func (a *app) newPartners(s settings, sv *services) (err error) {
	apps := partnerApps{sv.clients, a.web.Brands()}
	sv.partners, err = partners.New(partners.Deps{
		DB: a.db, Keyring: sv.keyring, Limiter: sv.limiter, Audit: sv.audit, Outbox: sv.outbox, Mails: a.templates, Now: time.Now,
		Apps: apps, Sandbox: a.newSandboxClients(s, apps), Fetcher: sv.calls, Base: s.partnerAddress,
	})
	if err != nil {
		return err
	}
	sv.checks, err = conformance.New(conformance.Deps{DB: a.db, Keyring: sv.keyring, Limiter: sv.limiter, Poster: sv.calls, Base: cmp.Or(s.checksAddress, s.partnerAddress), Now: time.Now})
	return err
}

// openPartners builds the partner area on a listener of its own.
func (a *app) openPartners(s settings, sv *services) (err error) {
	a.partnersWeb, err = web.New(web.Options{
		Templates: a.templates, Keyring: sv.keyring, Issuer: s.partnerAddress, Language: s.language, TrustedProxies: s.proxies, Limits: s.limits,
		Logger: a.logger, Now: time.Now, Tracer: a.telemetry.Tracer(), Observe: a.meters.request, Refused: a.meters.refusal,
		Sandbox: s.sandbox, Strict: true, ErrorPage: "partners/error",
	})
	if err != nil {
		return err
	}
	pages, err := partners.NewHandler(sv.partners, a.partnersWeb, sv.checks)
	if err != nil {
		return err
	}
	engine := a.partnersWeb.Engine()
	engine.GET("/static/*file", gin.WrapH(a.templates.Static()))
	a.partnersWeb.MountWellKnown(engine, web.WellKnown{})
	pages.Mount(engine)
	a.partners = engine
	return nil
}

// partnersURL is the address of the area, "" without one.
func (a *app) partnersURL() string { return a.partnerArea.Base }

// partnerApps is the registry of clients as the partner area sees it.
type partnerApps struct {
	clients *provider.Clients
	brands  []string
}

// metadata is what an app is registered with. One that asks for scopes of the health record is an app of SMART App Launch, for the FHIR
// servers that are registered.
func (p partnerApps) metadata(a partners.App) provider.Metadata {
	m := provider.Metadata{
		Profile: provider.ProfilePartner, ClientName: a.NameEN, OperatorName: a.Operator, OperatorVerified: a.Reviewed, RedirectURIs: a.RedirectURIs, ApplicationType: "web",
		TokenEndpointAuthMethod: a.Auth, Scope: a.Scopes, PolicyURI: a.PolicyURI, LogoURI: a.LogoURI, Contacts: a.Contacts,
		LanguageMetadata: provider.LanguageMetadata{ClientNameEN: a.NameEN, ClientNameES: a.NameES}, KeyMetadata: keysOf(a.JWKS, a.JWKSURI),
	}
	if a.Native {
		m.ApplicationType = "native"
	}
	if provider.AsksForRecord(a.Scopes) {
		m.Profile, m.Audience = provider.ProfileSmart, p.clients.FHIRServers()
	}
	if m.GrantTypes = []string{"authorization_code"}; hasOffline(a.Scopes) {
		m.GrantTypes = append(m.GrantTypes, "refresh_token")
	}
	return m
}

func hasOffline(scopes []string) bool {
	for _, scope := range scopes {
		if scope == "offline_access" || scope == "online_access" {
			return true
		}
	}
	return false
}

func keysOf(jwks, jwksURI string) (k provider.KeyMetadata) {
	k.JWKSURI = strings.TrimSpace(jwksURI)
	if jwks = strings.TrimSpace(jwks); jwks != "" {
		k.JWKS = &provider.KeySet{}
		_ = k.JWKS.UnmarshalJSON([]byte(jwks)) // its faults are told by the check
	}
	return k
}

// fault gives the partner area its own type of an error.
func fault(err error) error {
	if wrong, ok := errors.AsType[*provider.MetadataError](err); ok {
		return &partners.Fault{Member: wrong.Member, Rule: wrong.Rule}
	}
	if errors.Is(err, provider.ErrNoClient) {
		return partners.ErrNotFound
	}
	return err
}

func (p partnerApps) Check(ctx context.Context, a partners.App) (func(context.Context, string) error, error) {
	register, err := p.clients.Prepare(ctx, p.metadata(a), p.brands, a.Own)
	return register, fault(err)
}

func (p partnerApps) Client(ctx context.Context, id string) (c partners.Client, err error) {
	client, err := p.clients.Known(ctx, id)
	if err != nil {
		return c, fault(err)
	}
	m := client.Metadata
	c = partners.Client{ID: client.ID, Name: m.ClientName, RedirectURIs: m.RedirectURIs, Scopes: m.Scope, Auth: m.TokenEndpointAuthMethod, JWKSURI: m.JWKSURI}
	if client.DisabledAt != nil {
		c.DisabledAt = client.DisabledAt.UTC()
	}
	if m.JWKS != nil {
		text, err := m.JWKS.MarshalJSON()
		c.JWKS = string(text)
		return c, err
	}
	return c, nil
}

func (p partnerApps) RotateSecret(ctx context.Context, id string) (string, error) {
	secret, err := p.clients.RotateSecret(ctx, id)
	return secret, fault(err)
}

func (p partnerApps) SetKeys(ctx context.Context, id, jwks, jwksURI string) error {
	return fault(p.clients.SetKeys(ctx, id, keysOf(jwks, jwksURI)))
}

func (p partnerApps) Errors(ctx context.Context, id string) (all []partners.RefusedRequest, err error) {
	refused, err := p.clients.Errors(ctx, id)
	for _, e := range refused {
		all = append(all, partners.RefusedRequest(e))
	}
	return all, fault(err)
}

func (p partnerApps) Usage(ctx context.Context, id string) (partners.Usage, error) {
	u, err := p.clients.Usage(ctx, id)
	return partners.Usage(u), fault(err)
}

func (p partnerApps) Complaints(ctx context.Context, id string) (all []partners.Complaint, err error) {
	found, err := p.clients.Complaints(ctx, id)
	for _, c := range found {
		all = append(all, partners.Complaint{Number: c.ID.String(), Kind: c.Kind, Text: c.Text, At: c.At})
	}
	return all, fault(err)
}

func (p partnerApps) SetUse(ctx context.Context, id string, allow bool, reason, by string) (bool, error) {
	use, err := p.clients.SetUse(ctx, id, allow, reason, by)
	return use.Changed, fault(err)
}
