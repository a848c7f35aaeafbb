package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/ory/fosite"

	"huskyidp/internal/dpop"
	"huskyidp/internal/web"
)

// call is a request to an endpoint that clients call directly.
type call struct {
	request *http.Request
	form    url.Values
	proof   *dpop.Proof // nil if the request has none
	source  string      // network that the request comes from
	now     time.Time
}

func (h *Handler) newCall(c *gin.Context) call {
	return call{request: c.Request, form: web.Form(c), source: web.Source(c), now: h.now()}
}

// authenticatedCall reads the form of an endpoint whose every client authenticates.
func (h *Handler) authenticatedCall(c *gin.Context) (in call, client *Client, err error) {
	in = h.newCall(c)
	if err = checkForm(c); err == nil {
		client, err = h.service.authenticateClient(c.Request.Context(), in)
	}
	return in, client, err
}

// terms are what the tokens of one answer say beyond their grant. They are complete before fosite asks for the tokens.
type terms struct {
	sender   *confirmation  // what the tokens are bound to; nil for bearer tokens
	resource string         // audience of the access token; "" for the first one granted
	launch   launch         // whose record it is, for apps with profile smart
	envelope *envelope      // encrypts the ID token; nil for none
	claims   map[string]any // the member's claims in the ID token
}

// exchange is the outcome of a token request that succeeded.
type exchange struct {
	client *Client
	presentedGrant
	terms
	made     made
	response fosite.AccessResponder
}

// exchange answers a token request. It loads what the request presents once, and writes once: the issued tokens, or the
// effect of the refusal on the grant. The error is an OAuth error or the database's.
func (s *Service) exchange(ctx context.Context, in call) (exchange, error) {
	client, err := s.authenticateClient(ctx, in)
	if err != nil {
		return exchange{}, err
	}
	var out exchange
	found, err := s.load(ctx, in, client)
	if err == nil {
		out, err = s.decide(ctx, in, client, found)
	}
	if err == nil {
		err = s.store.saveTokens(ctx, out, in.now)
	}
	if errors.Is(err, errLostRace) {
		found, err = s.join(ctx, out, in.now)
	}
	if err == nil {
		return out, nil
	}
	replayed := errors.Is(err, errReplayed) || s.stolen(found, client, in.now)
	if failure := s.store.saveFailure(ctx, found, replayed, in.now); failure != nil {
		return exchange{}, failure
	}
	return exchange{}, found.explain(in, client, replayed, err)
}

// decide asks fosite whether the request may have tokens, and has it issue them under our terms.
func (s *Service) decide(ctx context.Context, in call, client *Client, found presentedGrant) (exchange, error) {
	in.request.Form.Del("audience") // not a parameter of ours, so ignored (RFC 6749 3.2); fosite would check it
	in.request.PostForm.Del("audience")
	asked, err := s.fosite.NewAccessRequest(ctx, in.request, newTokenSession(client, found, in.now))
	if err != nil {
		return exchange{}, err
	}
	request := asked.(*fosite.AccessRequest)
	var t terms
	t.resource, err = client.pickResource(found.grant, in.form, s.strategy.issuer)
	var unbound error
	t.sender, unbound = s.bindTokens(in, client, found)
	if err := errors.Join(err, unbound, found.checkReuse(t, in.now)); err != nil {
		return exchange{}, err
	}
	switch {
	case found.grant == nil: // a service gets what it asks for: fosite has compared it with the registration
		if err := client.serviceTerms(&t, request.GetRequestedScopes()); err != nil {
			return exchange{}, err
		}
		request.GrantedScope, request.GrantedAudience = request.GetRequestedScopes(), request.GetRequestedAudience()
	case found.token != nil:
		if request.GrantedScope, err = narrowRefresh(request, client, found.grant); err != nil {
			return exchange{}, err
		}
	}
	if found.grant != nil {
		if err := s.release(ctx, &t, client, found, request.GetGrantedScopes()); err != nil {
			return exchange{}, err
		}
	}
	session := request.GetSession().(*tokenSession)
	session.terms = t
	response, err := s.fosite.NewAccessResponse(ctx, request)
	if err != nil {
		return exchange{}, err
	}
	response.SetTokenType(t.sender.tokenType())
	if found.grant == nil {
		response.SetExpiresIn(lifetimeOf(request.GetGrantedScopes()))
	}
	t.launch.answer(response)
	return exchange{client, found, t, session.made, response}, nil
}

// release completes the terms with what the tokens reveal about the member. scopes are those of this access token.
func (s *Service) release(ctx context.Context, t *terms, client *Client, found presentedGrant, scopes []string) (err error) {
	released := found.grant
	if found.token != nil {
		released = released.narrowed(scopes)
	}
	if t.claims, err = s.idTokenClaims(ctx, released); err != nil {
		return err
	}
	if t.launch, err = s.readLaunch(ctx, client, released); err != nil {
		return err
	}
	if found.grant.has("openid") {
		t.envelope, err = s.idTokenEnvelope(ctx, client)
	}
	return err
}
