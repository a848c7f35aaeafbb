package provider

import (
	"context"
	"slices"
	"strings"

	"github.com/ory/fosite"

	"huskyidp/internal/web"
)

// A client with profile smart is a partner that reads the member's record at a FHIR server: SMART App Launch 2.2,
// standalone launch with patient context, and launch by a FHIR server or portal (authorize_launch.go). This server knows who the member is and what they allowed; the record belongs
// to the FHIR server, which accepts our access tokens.

// Scopes of SMART App Launch section 3 in addition to those of the record itself.
const (
	scopeLaunchPatient = "launch/patient" // the token response names the patient
	scopeFHIRUser      = "fhirUser"       // the ID token names the member's resource
)

var smartScopes = append(slices.Clone(partnerScopes), scopeFHIRUser, scopeLaunchPatient, scopeLaunch)

// completeSmart fills in and checks what SMART App Launch requires of a registration.
func (m *Metadata) completeSmart() error {
	m.defaults([]string{"authorization_code", "refresh_token"}, slices.DeleteFunc(slices.Clone(smartScopes), func(scope string) bool { return scope == scopeLaunch }))
	if m.SubjectType == "" {
		m.SubjectType = subjectPairwise
	}
	for _, scope := range m.Scope {
		if !inPatientRecord(scope) && !slices.Contains(smartScopes, scope) {
			return &MetadataError{"scope", scope + " is neither patient/Type.actions nor one of " + strings.Join(smartScopes, ", ")}
		}
	}
	switch {
	case len(m.Audience) == 0:
		return &MetadataError{"audience", "is required: the address of the FHIR server, which the app sends as aud"}
	case !m.pkce():
		return &MetadataError{"require_pkce", "is always true in the profile smart"}
	}
	return nil
}

// readAud checks that the request names the client's FHIR server (SMART App Launch 2.1.1): a token must not reach
// another one that an app was lured to. resource is equivalent (RFC 8707), for request objects, whose aud is this
// server.
func (r *authorizeRequest) readAud() error {
	if r.client.Metadata.Profile != ProfileSmart {
		return nil
	}
	aud := strings.TrimSuffix(r.form.Get("aud"), "/")
	i := slices.IndexFunc(r.client.Metadata.Audience, func(a string) bool { return strings.TrimSuffix(a, "/") == aud })
	switch {
	case aud == "" && r.form.Get("resource") != "":
		return nil
	case aud == "":
		return worded(fosite.ErrInvalidRequest, "The parameter aud is missing: it is the address of the FHIR server.")
	case i < 0:
		return worded(fosite.ErrInvalidRequest, "The parameter aud is "+web.Clip(r.form.Get("aud"), repeatedMax)+", not the FHIR server that the client is registered for.")
	}
	if registered := r.client.Metadata.Audience[i]; !slices.Contains(r.audience, registered) {
		r.audience = append(r.audience, registered)
	}
	return nil
}

// launch is the launch context of a token request: whose record it is. The ID is the roster's own, random, and known to
// the FHIR server; never the member number (S-42).
type launch struct {
	patient  string         // "" for none
	fhirUser string         // address of the member's resource; "" for none
	context  *launchContext // what the app was launched with; nil for a standalone launch
}

// answer adds the launch context to a token response (SMART App Launch 2.2, "Scopes and Launch Context").
func (l launch) answer(response fosite.AccessResponder) {
	if l.patient != "" {
		response.SetExtra("patient", l.patient)
	}
	c := l.context
	if c == nil {
		return
	}
	if c.Encounter != "" {
		response.SetExtra("encounter", c.Encounter)
	}
	if c.FHIRContext != nil {
		response.SetExtra("fhirContext", c.FHIRContext)
	}
	if c.Intent != "" {
		response.SetExtra("intent", c.Intent)
	}
	if c.Banner != nil {
		response.SetExtra("need_patient_banner", *c.Banner)
	}
	if c.StyleURL != "" {
		response.SetExtra("smart_style_url", c.StyleURL)
	}
}

// readLaunch returns the launch context that the scopes of g ask for.
func (s *Service) readLaunch(ctx context.Context, client *Client, g *grant) (launch, error) {
	if client.Metadata.Profile != ProfileSmart || !slices.ContainsFunc(g.Scopes, namesPatient) {
		return launch{}, nil
	}
	account, err := s.accounts.Get(ctx, g.AccountID)
	if err != nil || account.Staff() { // staff have no record
		return launch{}, err
	}
	var l launch
	if l.context, err = s.store.launchOf(g, g.Scopes); err != nil {
		return launch{}, err
	}
	id := account.MemberID.String()
	if slices.ContainsFunc(g.Scopes, func(scope string) bool { return scope != scopeFHIRUser && namesPatient(scope) }) {
		l.patient = id
	}
	if slices.Contains(g.Scopes, scopeFHIRUser) && len(g.Audience) > 0 {
		l.fhirUser = strings.TrimSuffix(g.Audience[0], "/") + "/Patient/" + id
	}
	return l, nil
}

// namesPatient reports whether a scope refers to one person's record.
func namesPatient(scope string) bool {
	return inPatientRecord(scope) || scope == scopeLaunch || scope == scopeLaunchPatient || scope == scopeFHIRUser
}

// knowsScope reports whether a requested scope is judged rather than ignored: the client registered it or, for an app
// of the record, it is any scope of the record, so that an unregistered one is refused.
func (c *Client) knowsScope(scope string) bool {
	return coversScope(c.Metadata.Scope, scope) || inPatientRecord(scope) && c.Metadata.Profile == ProfileSmart
}
