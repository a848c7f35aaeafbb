package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/ory/fosite"

	"huskyidp/internal/jws"
	"huskyidp/members"
)

// launchPath is where a FHIR server or a portal makes the handle that it launches an app with.
const launchPath = "/smart/launch"

// makeLaunch answers a FHIR server or portal, authenticated as at introspection, with a handle. It then opens the app's
// launch address with the parameters iss and launch (SMART App Launch 2.2, "App Launch", EHR launch).
func (h *Handler) makeLaunch(c *gin.Context) error {
	ctx := c.Request.Context()
	in, client, err := h.authenticatedCall(c)
	if err != nil {
		return h.tokenError(c, err)
	}
	l, err := h.service.newLaunch(ctx, client, in.form, in.now)
	if err != nil {
		return h.tokenError(c, err)
	}
	handle, err := h.service.store.keepLaunch(ctx, l, in.now)
	if err != nil {
		return err
	}
	noStore(c)
	c.JSON(http.StatusCreated, gin.H{"launch": handle, "iss": l.audience, "expires_in": int(launchLife.Seconds())})
	return nil
}

// newLaunch checks a request for a launch: who may make it, for which app at which server, whose record, and the
// context that is passed through.
func (s *Service) newLaunch(ctx context.Context, client *Client, form url.Values, now time.Time) (*handedLaunch, error) {
	server, base, err := s.launches(client, form.Get("aud"))
	if err != nil {
		return nil, err
	}
	l := &handedLaunch{madeBy: client.ID, expiresAt: now.Add(launchLife)}
	app, err := s.clients.Find(ctx, form.Get("app"))
	if err != nil || app.Metadata.Profile != ProfileSmart || !slices.Contains(app.Metadata.Scope, scopeLaunch) {
		return nil, worded(fosite.ErrInvalidRequest, "The parameter app is not the client_id of an app that is registered for the scope launch.")
	}
	i := slices.IndexFunc(app.Metadata.Audience, func(one string) bool { return sameBase(one, base) })
	if i < 0 {
		return nil, worded(fosite.ErrInvalidRequest, "The app is not registered for this FHIR server.")
	}
	l.clientID, l.audience = app.ID, app.Metadata.Audience[i]
	if l.context, err = readContext(form); err != nil {
		return nil, err
	}
	l.context.StyleURL = server.Metadata.SmartStyleURL
	l.member, err = uuid.Parse(form.Get("patient"))
	if err == nil {
		_, err = s.members.Member(ctx, l.member)
	} else {
		err = members.ErrUnknown
	}
	if errors.Is(err, members.ErrUnknown) {
		return nil, worded(fosite.ErrInvalidRequest, "The parameter patient is not an id that this server has given as patient.")
	}
	return l, err
}

// launches returns the FHIR server for which the client may launch apps, and its address that aud names; without aud,
// the only one.
func (s *Service) launches(client *Client, aud string) (server *Client, base string, err error) {
	var bases []string
	for name, one := range s.clients.seen().fhirServers {
		if one.ID != client.ID && !slices.Contains(client.Metadata.SmartLaunch, name) {
			continue
		}
		for _, address := range one.Metadata.ResourceServer {
			if bases = append(bases, address); aud == "" || sameBase(address, aud) {
				server, base = one, address
			}
		}
	}
	switch {
	case client.IsPublic() || len(bases) == 0:
		return nil, "", worded(fosite.ErrUnauthorizedClient, "The client is not a FHIR server, and its smart_launch names none.")
	case server == nil:
		return nil, "", worded(fosite.ErrInvalidRequest, "The parameter aud is not an address of a FHIR server for which the client launches apps.")
	case aud == "" && len(bases) > 1:
		return nil, "", worded(fosite.ErrInvalidRequest, "The parameter aud is missing: it is the address of the FHIR server, of which there are several.")
	}
	return server, base, nil
}

// sameBase compares addresses of FHIR servers, with which people add and leave out the last slash.
func sameBase(a, b string) bool { return strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/") }

const (
	maxIntent      = 128
	maxFHIRContext = 4 << 10 // bytes
)

var (
	fhirID        = regexp.MustCompile(`^[A-Za-z0-9.-]{1,64}$`) // FHIR R4 2.24.0.1
	intentPattern = regexp.MustCompile(`^[\x21-\x7e]+$`)
)

// readContext reads what the launch passes through to the app.
func readContext(form url.Values) (l launchContext, err error) {
	l.Encounter, l.Intent = form.Get("encounter"), form.Get("intent")
	switch {
	case l.Encounter != "" && !fhirID.MatchString(l.Encounter):
		return l, worded(fosite.ErrInvalidRequest, "The parameter encounter is not the id of a FHIR resource.")
	case l.Intent != "" && (len(l.Intent) > maxIntent || !intentPattern.MatchString(l.Intent)):
		return l, worded(fosite.ErrInvalidRequest, "The parameter intent is not 1 to 128 visible ASCII characters.")
	}
	switch banner := form.Get("need_patient_banner"); banner {
	case "":
	case "true", "false":
		needed := banner == "true"
		l.Banner = &needed
	default:
		return l, worded(fosite.ErrInvalidRequest, "The parameter need_patient_banner is not true or false.")
	}
	l.FHIRContext, err = readFHIRContext(form.Get("fhirContext"))
	return l, err
}

// readFHIRContext reads an array of objects that each name a resource. The patient and the encounter have parameters
// of their own; a reference to one needs another role than launch.
func readFHIRContext(text string) ([]json.RawMessage, error) {
	if text == "" {
		return nil, nil
	}
	wrong := worded(fosite.ErrInvalidRequest, "The parameter fhirContext is not a JSON array of 1 to 20 objects with a reference, canonical or identifier, of at most 4 KiB.")
	var all []json.RawMessage
	if len(text) > maxFHIRContext || !jws.Shallow([]byte(text)) || json.Unmarshal([]byte(text), &all) != nil || len(all) == 0 || len(all) > 20 {
		return nil, wrong
	}
	for i, one := range all {
		var resource struct {
			Reference, Canonical, Role, Type string
			Identifier                       map[string]any
		}
		if repeats(one) || json.Unmarshal(one, &resource) != nil || resource.Reference == "" && resource.Canonical == "" && resource.Identifier == nil {
			return nil, wrong
		}
		kind, _, _ := strings.Cut(resource.Reference, "/")
		if (kind == "Patient" || kind == "Encounter") && (resource.Role == "" || resource.Role == "launch") {
			return nil, worded(fosite.ErrInvalidRequest, "The parameter fhirContext names a patient or encounter without a role: they are parameters of their own.")
		}
		var short bytes.Buffer
		if json.Compact(&short, one) != nil {
			return nil, wrong
		}
		all[i] = short.Bytes()
	}
	return all, nil
}
