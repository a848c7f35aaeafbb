package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/ory/fosite"

	"huskyidp/internal/jws"
)

const (
	requestObjectSize  = 16 << 10         // bytes
	requestObjectLife  = 60 * time.Minute // from nbf to exp (FAPI 2.0 Message Signing 5.3.1)
	requestObjectAhead = 30 * time.Second // how far nbf may be in the future
)

// openRequest returns the effective parameters. Without a request object they are those sent. For a client that may
// sign, the object's members override them (OpenID Connect Core 6.1); for one that must sign, only the object counts
// (RFC 9101 6.3). With an error they are those sent, to determine where to send it.
func (s *Service) openRequest(ctx context.Context, sent url.Values, now time.Time) (url.Values, error) {
	client, err := s.clients.Get(sent.Get("client_id"))
	if err != nil {
		return sent, nil // refused by parseAuthorizeRequest
	}
	object, address := sent.Get("request"), sent.Get("request_uri")
	switch {
	case address != "" && object != "":
		return sent, worded(fosite.ErrInvalidRequest, "The parameters request and request_uri cannot be combined.")
	case address != "" && len(client.Metadata.RequestURIs) == 0:
		return sent, fosite.ErrRequestURINotSupported
	case address != "" && !client.registeredRequestURI(address):
		return sent, worded(fosite.ErrInvalidRequestURI, "The client has not registered this request_uri.")
	case address != "":
		if object, err = s.clients.fetchObject(ctx, address); err != nil {
			return sent, worded(fosite.ErrInvalidRequestURI, "The request object could not be fetched from the request_uri.")
		}
	}
	switch {
	case object != "" && client.Metadata.requestAlgs() == nil:
		return sent, fosite.ErrRequestNotSupported
	case object == "" && client.Metadata.RequireSignedRequest:
		return sent, worded(fosite.ErrInvalidRequest, "This client signs its requests: the parameter request is missing.")
	case object == "":
		return sent, nil
	}
	inside, err := s.requestObject(ctx, client, object, now)
	if err != nil {
		return sent, err
	}
	if client.Metadata.RequireSignedRequest {
		return inside, nil
	}
	if outer := sent.Get("response_type"); inside.Has("response_type") && outer != "" && outer != inside.Get("response_type") {
		return sent, badObject("has another response_type than the request.")
	}
	merged := maps.Clone(sent)
	merged.Del("request")
	merged.Del("request_uri")
	maps.Copy(merged, inside)
	return merged, nil
}

// badObject is the error for an invalid request object.
func badObject(rule string) error {
	return worded(fosite.ErrInvalidRequestObject, "The request object "+rule)
}

// requestObject verifies a request object with a key and an algorithm that the client registered, and unpacks its
// parameters.
func (s *Service) requestObject(ctx context.Context, client *Client, object string, now time.Time) (url.Values, error) {
	if jws.Check(object, requestObjectSize) != nil {
		return nil, badObject("is not a signed JWT of the allowed size.")
	}
	algs := client.Metadata.requestAlgs()
	parsed, err := jose.ParseSignedCompact(object, algorithms(algs))
	if err != nil {
		return nil, badObject("is not signed with " + strings.Join(algs, ", ") + ".")
	}
	header := parsed.Signatures[0].Header
	typ, _ := header.ExtraHeaders[jose.HeaderType].(string)
	typ = strings.TrimPrefix(strings.ToLower(typ), "application/")
	if typ != "" && typ != "oauth-authz-req+jwt" && (typ != "jwt" || client.Metadata.RequireSignedRequest) {
		return nil, badObject("has a typ that is not oauth-authz-req+jwt.")
	}
	candidates, err := s.keysOf(ctx, client, header.KeyID, header.Algorithm)
	if _, unknown := errors.AsType[refusal](err); unknown {
		return nil, badObject("cannot be checked: the client's keys could not be fetched.")
	}
	if err != nil {
		return nil, err
	}
	for _, key := range candidates {
		if payload, err := parsed.Verify(key.Key); err == nil {
			return s.requestMembers(client, payload, now)
		}
	}
	return nil, badObject("is not signed with a key of this client.")
}

// requestClaims are the members of a request object about itself.
type requestClaims struct {
	Issuer    string           `json:"iss"`
	Audience  jwt.Audience     `json:"aud"`
	Expiry    *jwt.NumericDate `json:"exp"`
	NotBefore *jwt.NumericDate `json:"nbf"`
	ClientID  string           `json:"client_id"`
}

// check applies the rules of RFC 9101 and FAPI 2.0 Message Signing 5.3.1.
func (c requestClaims) check(client *Client, issuer string, now time.Time) error {
	switch {
	case c.Issuer != client.ID:
		return badObject("has an iss that is not the client_id.")
	case !slices.Contains(c.Audience, issuer): // other audiences are allowed: the object proves nothing to them
		return badObject("has an aud without this issuer.")
	case c.ClientID != client.ID:
		return badObject("has another client_id.")
	case c.Expiry == nil && client.Metadata.Profile == ProfileCertification: // Core 6.1 does not require exp
		return nil
	case c.Expiry == nil || !now.Before(c.Expiry.Time()):
		return badObject("has no exp, or has expired.")
	case c.NotBefore == nil && client.Metadata.RequireSignedRequest:
		return badObject("has no nbf.")
	case c.NotBefore == nil:
		return nil
	case c.NotBefore.Time().Sub(now) > requestObjectAhead:
		return badObject("is not valid yet.")
	case c.Expiry.Time().Sub(c.NotBefore.Time()) > requestObjectLife: // so its nbf is no older either
		return badObject("is valid for more than 60 minutes.")
	}
	return nil
}

// ownMembers are JWT members that are not parameters.
var ownMembers = []string{"iss", "aud", "exp", "nbf", "iat", "jti", "sub"}

// requestMembers unpacks a verified payload: text and numbers as they are, objects and arrays as JSON, which is the
// format of the parameters claims and authorization_details.
func (s *Service) requestMembers(client *Client, payload []byte, now time.Time) (url.Values, error) {
	var own requestClaims
	var members map[string]json.RawMessage
	if json.Unmarshal(payload, &own) != nil || json.Unmarshal(payload, &members) != nil {
		return nil, badObject("has members of the wrong type.")
	}
	if err := own.check(client, s.strategy.issuer, now); err != nil {
		return nil, err
	}
	inside := url.Values{}
	for name, raw := range members {
		switch {
		case slices.Contains(ownMembers, name) || bytes.Equal(raw, []byte("null")):
		case name == "request" || name == "request_uri":
			return nil, badObject("holds " + name + " (RFC 9101 4).")
		case name == "resource" && raw[0] == '[': // RFC 8707 2
			var several []string
			if json.Unmarshal(raw, &several) != nil {
				return nil, badObject("has members of the wrong type.")
			}
			inside[name] = several
		case raw[0] == '"':
			var text string
			if json.Unmarshal(raw, &text) != nil {
				return nil, badObject("has members of the wrong type.")
			}
			inside.Set(name, strings.ReplaceAll(text, "\x00", "\uFFFD"))
		default:
			inside.Set(name, string(raw))
		}
	}
	return inside, nil
}
