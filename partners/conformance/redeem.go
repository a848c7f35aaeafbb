package conformance

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// refusal is an error of RFC 6749, 5.2.
type refusal struct{ Code, Description string }

// status is that of the answer.
func (e *refusal) status() int {
	if e.Code == "invalid_client" {
		return http.StatusUnauthorized
	}
	return http.StatusBadRequest
}

// tokenRequest is a request to the token endpoint.
type tokenRequest struct {
	form             url.Values
	id, secret       string // of HTTP Basic, decoded
	hasBasic, isGood bool   // whether there is one, and whether it can be read
}

// token answers the token endpoint: a token response, or a refusal. The error is ErrNotFound or the database's.
func (s *Service) token(ctx context.Context, id string, q tokenRequest) (answer map[string]any, refused *refusal, err error) {
	now := s.Now()
	err = s.change(ctx, id, func(r *Run) (err error) {
		answer, refused = nil, nil
		if found, detail := s.unauthenticated(r, q, now); found != "" {
			r.set("authentication", now, Failed, found, detail)
			refused = &refusal{"invalid_client", "The client authentication is not as registered: " + detail}
			return nil
		}
		r.set("authentication", now, Passed, "", "")
		switch q.form.Get("grant_type") {
		case "authorization_code":
			answer, refused, err = s.redeem(r, q.form, now)
		case "refresh_token":
			answer, refused = s.refresh(r, q.form.Get("refresh_token"), now)
		default:
			refused = &refusal{"unsupported_grant_type", "The grants here are authorization_code and refresh_token."}
		}
		return err
	})
	return answer, refused, err
}

// unauthenticated judges the client authentication: what is wrong with it, "" for nothing.
func (s *Service) unauthenticated(r *Run, q tokenRequest, now time.Time) (found, detail string) {
	secret, assertion := q.form.Get("client_secret"), q.form.Get("client_assertion")
	ways := 0
	for _, is := range []bool{q.hasBasic, secret != "", assertion != ""} {
		if is {
			ways++
		}
	}
	switch {
	case ways > 1:
		return "two_ways", "more than one method (RFC 6749, 2.3)"
	case q.hasBasic && !q.isGood:
		return "wrong_client", "the header Authorization cannot be read (RFC 6749, 2.3.1)"
	case q.hasBasic && q.id != r.ID, !q.hasBasic && assertion == "" && q.form.Get("client_id") != r.ID:
		return "wrong_client", "another client_id, or none"
	}
	switch r.Auth {
	case "none":
		if ways > 0 {
			return "wrong_client", "this client is public, and sends no secret"
		}
	case "private_key_jwt":
		if assertion == "" {
			return "wrong_client", "private_key_jwt needs a client_assertion"
		}
		return s.wrongAssertion(r, assertion, now)
	default:
		if q.hasBasic {
			secret = q.secret
		}
		if subtle.ConstantTimeCompare([]byte(secret), []byte(r.Secret)) != 1 {
			return "wrong_client", "another secret, or none"
		}
	}
	return "", ""
}

var assertionAlgs = []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.ES384, jose.RS384, jose.EdDSA}

// wrongAssertion judges a client assertion (RFC 7523, 3).
func (s *Service) wrongAssertion(r *Run, assertion string, now time.Time) (found, detail string) {
	var keys jose.JSONWebKeySet
	var claims jwt.Claims
	token, err := jwt.ParseSigned(assertion, assertionAlgs)
	if err == nil {
		err = json.Unmarshal([]byte(r.JWKS), &keys)
	}
	if err != nil || !slices.ContainsFunc(keys.Keys, func(k jose.JSONWebKey) bool { return token.Claims(k.Key, &claims) == nil }) {
		return "wrong_client", "no key of the client's JWK Set verifies the assertion"
	}
	err = claims.ValidateWithLeeway(jwt.Expected{Issuer: r.ID, Subject: r.ID, AnyAudience: jwt.Audience{s.issuer(r.ID), s.issuer(r.ID) + "/token"}, Time: now}, time.Minute)
	if err != nil || claims.Expiry == nil || claims.ID == "" {
		return "wrong_client", "iss, sub, aud, exp or jti of the assertion (RFC 7523, 3)"
	}
	return "", ""
}

// redeem answers a code.
func (s *Service) redeem(r *Run, form url.Values, now time.Time) (map[string]any, *refusal, error) {
	f, c := &r.Flow, byID[r.Flow.Check]
	if f.Code == "" || subtle.ConstantTimeCompare([]byte(form.Get("code")), []byte(f.Code)) != 1 {
		if c.stage == ofCallback { // an app that sends whatever it has after an error
			r.set(c.ID, now, Failed, "asked_for_tokens", "")
		}
		return nil, &refusal{"invalid_grant", "The code is not that of the newest sign-in."}, nil
	}
	f.Redeemed++
	switch c.stage {
	case ofCallback:
		r.set(c.ID, now, Failed, "code_redeemed", "")
		return nil, &refusal{"invalid_grant", "The code came with an answer that your app had to refuse."}, nil
	case ofCode:
		if f.Redeemed > 1 {
			r.set(c.ID, now, Failed, "code_again", "")
		}
		return nil, &refusal{"invalid_grant", "A check of your app: codes can be refused."}, nil
	case ofRequest, ofIDToken, ofSignIn, ofRefresh, ofLogout:
	}
	switch digest := sha256.Sum256([]byte(form.Get("code_verifier"))); {
	case f.Redeemed > 1:
		return nil, &refusal{"invalid_grant", "The code was used before (RFC 6749, 4.1.2)."}, nil
	case form.Get("redirect_uri") != f.RedirectURI:
		r.set("request", now, Failed, "parameter", "redirect_uri="+form.Get("redirect_uri"))
		return nil, &refusal{"invalid_grant", "redirect_uri is not that of the authorization request (RFC 6749, 4.1.3)."}, nil
	case f.Challenge != "" && base64.RawURLEncoding.EncodeToString(digest[:]) != f.Challenge:
		r.set("pkce", now, Failed, "verifier", "")
		return nil, &refusal{"invalid_grant", "code_verifier does not match code_challenge (RFC 7636, 4.6)."}, nil
	}
	f.Access, f.Refresh = rand.Text(), []string{rand.Text()}
	answer := map[string]any{"access_token": f.Access, "token_type": "Bearer", "expires_in": int(tokenLife.Seconds()), "refresh_token": f.Refresh[0]}
	if c.stage == ofRefresh {
		answer["expires_in"] = int(refreshSoon.Seconds())
	}
	if c.ID != "no_id_token" {
		token, err := s.idToken(r, now)
		if err != nil {
			return nil, nil, err
		}
		answer["id_token"] = token
	}
	if c.ID == "sign_in" && r.is(c.ID) == Given {
		r.set(c.ID, now, Passed, "redeemed", "")
	}
	return answer, nil, nil
}

// race is how long the refresh token before is answered as the newest was: of two tabs that refresh at once none loses.
const race = 10 * time.Second

// refresh answers a refresh token with the next one.
func (s *Service) refresh(r *Run, sent string, now time.Time) (map[string]any, *refusal) {
	f, c := &r.Flow, byID[r.Flow.Check]
	n := slices.Index(f.Refresh, sent)
	if n < 0 || sent == "" {
		return nil, &refusal{"invalid_grant", "The refresh token is not of the newest sign-in."}
	}
	r.use(now, "refreshed")
	switch last := len(f.Refresh) - 1; {
	case n == last:
		if c.stage == ofRefresh && n > 0 {
			r.set(c.ID, now, Passed, "in_turn", "")
		}
		f.Refresh, f.RefreshedAt, f.Access = append(f.Refresh, rand.Text()), now, rand.Text()
	case n < last-1 || now.Sub(f.RefreshedAt) > race:
		if c.stage == ofRefresh {
			r.set(c.ID, now, Failed, "old_refresh", "")
		}
		f.Refresh, f.Access = nil, ""
		return nil, &refusal{"invalid_grant", "The refresh token was used before: all that came of it is revoked (RFC 9700, 4.14.2)."}
	}
	return map[string]any{"access_token": f.Access, "token_type": "Bearer", "expires_in": int(refreshSoon.Seconds()), "refresh_token": f.Refresh[len(f.Refresh)-1]}, nil
}

// member is what userinfo says: an invented person.
var member = map[string]any{"sub": subject, "name": "ANA INVENTED", "given_name": "ANA", "family_name": "INVENTED", "locale": "es", "email": "ana@example.invalid", "email_verified": false}

// userinfo answers an access token; ok is false for one that is not of the newest sign-in. The error is ErrNotFound or the database's.
func (s *Service) userinfo(ctx context.Context, id, access string) (ok bool, err error) {
	err = s.change(ctx, id, func(r *Run) error {
		ok = access != "" && subtle.ConstantTimeCompare([]byte(access), []byte(r.Flow.Access)) == 1
		if ok {
			r.use(s.Now(), "userinfo")
		}
		return nil
	})
	return ok, err
}

// bearer is the token of an Authorization header (RFC 6750, 2.1).
func bearer(header string) string {
	if scheme, token, ok := strings.Cut(header, " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	return ""
}
