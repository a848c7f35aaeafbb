package portal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// logoutTokenAge is how long the provider's logout tokens may live; as long a handled one is remembered.
const logoutTokenAge = 10 * time.Minute

// backchannelLogout ends what the provider says is over (OpenID Connect Back-Channel Logout 1.0, 2.5 to 2.8): the member signed
// out there, perhaps at a computer that others use. The provider tells it again until it hears 200, so that a token which was
// handled is answered alike, and does nothing.
func (p *Portal) backchannelLogout(w http.ResponseWriter, r *http.Request) {
	token, err := p.verifyLogout(r.Context(), r.PostFormValue("logout_token"))
	if err != nil {
		p.options.Logger.WarnContext(r.Context(), "a logout token was refused", "cause", err)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_request"})
		return
	}
	if p.isFirst(p.loggedOut, token.TokenID) {
		for _, id := range p.sessions.Keys() {
			if s, ok := p.sessions.Peek(id); ok && (s.Subject == token.Subject && token.SessionID == "" || s.SID == token.SessionID && token.SessionID != "" && (token.Subject == "" || s.Subject == token.Subject)) {
				p.sessions.Remove(id)
			}
		}
	}
	w.WriteHeader(http.StatusOK)
}

// verifyLogout checks the token as an ID token is checked, and that it is a logout token and nothing else.
func (p *Portal) verifyLogout(ctx context.Context, raw string) (*oidc.LogoutToken, error) {
	provider, err := p.provider.discover(ctx)
	if err != nil {
		return nil, err
	}
	token, err := provider.Verifier(&oidc.Config{ClientID: p.options.ClientID}).VerifyLogout(oidc.ClientContext(ctx, p.options.Client), raw)
	if err != nil {
		return nil, fmt.Errorf("checking the logout token: %w", err)
	}
	if token.IssuedAt.IsZero() || time.Since(token.IssuedAt) > logoutTokenAge {
		return nil, errors.New("the logout token is old")
	}
	signed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256, jose.PS256, jose.RS256, jose.EdDSA})
	if err != nil {
		return nil, err
	}
	if typ, _ := signed.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string); typ != "logout+jwt" {
		return nil, fmt.Errorf("the token is of the type %q", typ)
	}
	return token, nil
}
