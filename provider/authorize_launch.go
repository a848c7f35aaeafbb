package provider

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/ory/fosite"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
)

// scopeLaunch is the scope of an app that was launched by a FHIR server or a portal (SMART App Launch 2.2, "App
// Launch", EHR launch). Its request brings the handle that the app was launched with.
const scopeLaunch = "launch"

// launchLife is how long a handle can begin an authorization request: the app is being opened meanwhile.
const launchLife = 5 * time.Minute

// handedLaunch is a launch of an app for one member, made by a FHIR server or a portal.
type handedLaunch struct {
	hash      []byte
	madeBy    string // client_id
	clientID  string // the app's
	member    uuid.UUID
	audience  string // address of the FHIR server, as the app registered it
	context   launchContext
	expiresAt time.Time
	used      bool
}

// launchContext is what a launch says beside the member, in the members of the token response (SMART App Launch 2.2,
// "Scopes and Launch Context").
type launchContext struct {
	Encounter   string            `json:"encounter,omitempty"`
	FHIRContext []json.RawMessage `json:"fhirContext,omitempty"`
	Intent      string            `json:"intent,omitempty"`
	Banner      *bool             `json:"need_patient_banner,omitempty"`
	StyleURL    string            `json:"smart_style_url,omitempty"`
}

// launchRefusals limits the audit rows that wrong handles cause, per app.
var launchRefusals = ratelimit.Limit{Name: "launch_refused", Count: 100, Per: time.Hour}

// readHandle finds the launch that the request names. A launch that was live when the request arrived stays good until
// the member has signed in. The error is an OAuth error, or one of the database.
func (s *Service) readHandle(ctx context.Context, r *authorizeRequest) error {
	handle, asked := r.form.Get("launch"), slices.Contains(r.scopes, scopeLaunch)
	switch {
	case r.client.Metadata.Profile != ProfileSmart || handle == "" && !asked:
		return nil
	case handle == "":
		return worded(fosite.ErrInvalidRequest, "The parameter launch is missing: the scope launch is for apps that were launched with one.")
	case !asked:
		return worded(fosite.ErrInvalidRequest, "The scope launch is missing: the parameter launch needs it.")
	}
	found, err := s.store.launch(ctx, seal.Digest(handle))
	switch {
	case errors.Is(err, errNoLaunch) || err == nil && found.clientID != r.client.ID:
		return s.refuseHandle(ctx, r, "unknown", "The launch is unknown, or was made for another app.")
	case err != nil:
		return err
	case !r.requestedAt.Before(found.expiresAt):
		return s.refuseHandle(ctx, r, "expired", "The launch has expired: the app has to be launched again.")
	case !slices.Contains(r.audience, found.audience):
		return s.refuseHandle(ctx, r, "audience", "The launch was made by another FHIR server than aud names.")
	}
	r.launched = found
	return nil
}

// freshHandle refuses a used handle in a request that arrives. A stored request is answered again with the handle that
// it has used itself; saveGrant refuses one that another request has used meanwhile.
func (s *Service) freshHandle(ctx context.Context, r *authorizeRequest) error {
	if r.launched == nil || !r.launched.used {
		return nil
	}
	return s.refuseHandle(ctx, r, "used", usedLaunch)
}

const usedLaunch = "The launch has been used: the app has to be launched again."

// refuseHandle records the refusal, and returns it as an error for the app.
func (s *Service) refuseHandle(ctx context.Context, r *authorizeRequest, reason, text string) error {
	now := s.now()
	err := s.limiter.Take(ctx, launchRefusals, r.client.ID, now)
	if err == nil {
		err = s.store.audit.Record(ctx, audit.Event{Kind: audit.LaunchRefused, At: now, ClientID: r.client.ID, Reason: reason})
	}
	if _, exceeded := errors.AsType[*ratelimit.Exceeded](err); err != nil && !exceeded {
		return err
	}
	return worded(fosite.ErrInvalidRequest, text)
}

// stranger reports whether the app was launched for somebody else than who is signed in. Only the member may open their
// own record today. session is nil without one.
func (s *Service) stranger(ctx context.Context, r *authorizeRequest, session *accounts.Session) (bool, error) {
	launched, handle := r.launched, r.form.Get("launch")
	if session == nil || handle == "" || r.client.Metadata.Profile != ProfileSmart {
		return false, nil
	}
	var err error
	if launched == nil { // a page's request, which is not judged
		if launched, err = s.store.launch(ctx, seal.Digest(handle)); err != nil {
			if errors.Is(err, errNoLaunch) {
				err = nil
			}
			return false, err
		}
	}
	account, err := s.accounts.Get(ctx, session.AccountID)
	return err == nil && account.MemberID != launched.member, err
}
