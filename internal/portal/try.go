package portal

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"huskyidp/internal/site"
)

// The paths of the clients that developers try: a sign-in, and an app of the health record. Their registrations, those
// of public clients, name the callbacks.
const (
	TryPath               = "/try"
	TryCallbackPath       = "/try/callback"
	TryHealthPath         = "/try/health"
	TryHealthLaunchPath   = "/try/health/start" // with iss and launch, as a FHIR server opens it
	TryHealthCallbackPath = "/try/health/callback"
)

const (
	tryAge    = time.Hour
	maxAnswer = 64 << 10 // bytes of an answer that is shown
)

// trial is a client that developers try.
type trial struct {
	path, start, callback string
	cookie                string
	clientID              string
	scopes                []string
	fhir                  string // base address of the FHIR server; "" for a plain sign-in
}

// tryPage shows what went over the wire. Start is the path that begins; Steps is empty
// before the first time. Health is about an app of the health record.
type tryPage struct {
	Start, Error string
	Steps        []tryStep
	Health       bool
}

type tryStep struct{ ID, Title, Note, Text string }

func (p *Portal) mountTry() {
	if id := p.options.TryClientID; id != "" {
		p.mountTrial(trial{TryPath, "/try/start", TryCallbackPath, "try", id, []string{"openid", "profile", "email", "offline_access"}, ""})
	}
	if id := p.options.HealthClientID; id != "" {
		p.mountTrial(trial{TryHealthPath, TryHealthLaunchPath, TryHealthCallbackPath, "try_health", id, healthScopes, p.options.FHIRServer})
	}
}

func (p *Portal) mountTrial(t trial) {
	p.mux.HandleFunc("GET "+t.path, func(w http.ResponseWriter, r *http.Request) { p.showTry(w, r, t, nil, "") })
	p.mux.HandleFunc("GET "+t.start, func(w http.ResponseWriter, r *http.Request) { p.startTry(w, r, t) })
	p.mux.HandleFunc("GET "+t.callback, func(w http.ResponseWriter, r *http.Request) { p.finishTry(w, r, t) })
}

func (p *Portal) showTry(w http.ResponseWriter, r *http.Request, t trial, steps []tryStep, failed string) {
	status := http.StatusOK
	if failed != "" {
		status = http.StatusBadRequest
	}
	p.site.Page(w, r, status, "portal/try", tryPage{t.start, failed, steps, t.fhir != ""}, site.PageOptions{})
}

func (p *Portal) tryConfig(provider *provider, t trial) oauth2.Config {
	scopes := t.scopes
	if t.fhir == "" {
		scopes = provider.knownScopes(scopes)
	}
	return oauth2.Config{ClientID: t.clientID, RedirectURL: p.options.BaseURL + t.callback, Endpoint: provider.Endpoint(), Scopes: scopes}
}

// startTry begins the code flow with PKCE, as a public client does.
func (p *Portal) startTry(w http.ResponseWriter, r *http.Request, t trial) {
	provider, err := p.provider.discover(r.Context())
	if err != nil {
		p.showTry(w, r, t, nil, "provider_unavailable")
		return
	}
	entry := pending{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), At: time.Now().Unix()}
	if t.fhir != "" {
		if entry.Launch, err = t.launched(r.URL.Query()); err != nil {
			p.showTry(w, r, t, nil, "login_failed")
			return
		}
	}
	sealed, err := p.box.seal(t.cookie, entry)
	if err != nil {
		p.showTry(w, r, t, nil, "login_failed")
		return
	}
	p.site.SetCookie(w, t.cookie, sealed, tryAge)
	http.Redirect(w, r, p.tryAddress(provider, t, entry), http.StatusSeeOther)
}

func (p *Portal) tryAddress(provider *provider, t trial, entry pending) string {
	config := p.tryConfig(provider, t)
	parameters := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(entry.Verifier), oauth2.SetAuthURLParam("nonce", entry.Nonce)}
	if t.fhir != "" {
		parameters = append(parameters, oauth2.SetAuthURLParam("aud", t.fhir))
	}
	if entry.Launch != "" {
		config.Scopes = append([]string{"launch"}, config.Scopes...)
		parameters = append(parameters, oauth2.SetAuthURLParam("launch", entry.Launch))
	}
	return config.AuthCodeURL(entry.State, parameters...)
}

// finishTry exchanges the code and shows every step, the tokens decoded. They are the
// visitor's own, and are kept nowhere.
func (p *Portal) finishTry(w http.ResponseWriter, r *http.Request, t trial) {
	query := r.URL.Query()
	var entry pending
	if p.box.open(t.cookie, p.site.Cookie(r, t.cookie), &entry) != nil || time.Since(time.Unix(entry.At, 0)) > tryAge {
		p.showTry(w, r, t, nil, "login_expired")
		return
	}
	if entry.State != query.Get("state") { // the sign-in of this browser still waits
		p.showTry(w, r, t, nil, "foreign_state")
		return
	}
	p.site.SetCookie(w, t.cookie, "", -time.Second)
	provider, err := p.provider.discover(r.Context())
	if err == nil {
		err = provider.checkIssuer(query)
	}
	if err != nil {
		p.showTry(w, r, t, nil, "login_failed")
		return
	}
	steps := []tryStep{
		{"request", "1. Authorization request", "Your app sends the browser to this address.", spread(p.tryAddress(provider, t, entry))},
		{"answer", "2. Authorization response", "The browser comes back to your redirect_uri. Compare state and iss.", spread(p.options.BaseURL + r.URL.RequestURI())},
	}
	if code := query.Get("error"); code != "" {
		p.showTry(w, r, t, steps, errorCode(code))
		return
	}
	if p.redeemedBefore(entry) {
		http.Redirect(w, r, t.start, http.StatusSeeOther)
		return
	}
	more, err := p.exchangeSteps(r.Context(), provider, t, entry, query.Get("code"))
	if err != nil {
		p.options.Logger.WarnContext(r.Context(), "a tried sign-in failed", "cause", err)
		p.showTry(w, r, t, append(steps, more...), "login_failed")
		return
	}
	p.showTry(w, r, t, append(steps, more...), "")
}

// exchangeSteps are the calls of the app itself. It is by hand where the portal's own
// sign-in uses a library, since what is to be seen is what goes over the wire.
func (p *Portal) exchangeSteps(ctx context.Context, provider *provider, t trial, entry pending, code string) ([]tryStep, error) {
	config := p.tryConfig(provider, t)
	form := url.Values{"grant_type": {"authorization_code"}, "client_id": {config.ClientID}, "code": {code},
		"redirect_uri": {config.RedirectURL}, "code_verifier": {entry.Verifier}}
	steps := []tryStep{{"exchange", "3. Token request", "A form, sent by your app itself.", "POST " + config.Endpoint.TokenURL + "\n" + strings.ReplaceAll(form.Encode(), "&", "\n&")}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, config.Endpoint.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return steps, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	body, err := p.call(request)
	steps = append(steps, tryStep{"tokens", "4. Token response", "", indented(body)})
	if err != nil {
		return steps, err
	}
	var tokens struct {
		AccessToken string `json:"access_token"`
		IDToken     string `json:"id_token"`
		Patient     string `json:"patient"`
	}
	if err := json.Unmarshal(body, &tokens); err != nil {
		return steps, err
	}
	idToken, err := provider.Verifier(&oidc.Config{ClientID: config.ClientID}).Verify(oidc.ClientContext(ctx, p.options.Client), tokens.IDToken)
	if err != nil || idToken.Nonce != entry.Nonce {
		return steps, errors.Join(errors.New("the ID token does not hold"), err)
	}
	steps = append(steps,
		tryStep{"id-token", "5. ID token, decoded", "Signature, issuer, audience, expiry and nonce were checked.", decoded(tokens.IDToken)},
		tryStep{"access-token", "6. Access token, decoded", "For the API that aud names. Your app does not read it.", decoded(tokens.AccessToken)})
	if t.fhir != "" {
		more, err := p.recordSteps(ctx, t, tokens.Patient, tokens.AccessToken)
		return append(steps, more...), err
	}
	body, err = p.ask(ctx, provider.UserInfoEndpoint(), tokens.AccessToken)
	return append(steps, tryStep{"userinfo", "7. Userinfo", "GET " + provider.UserInfoEndpoint(), indented(body)}), err
}

// ask calls an API with an access token.
func (p *Portal) ask(ctx context.Context, address, token string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	return p.call(request)
}

func (p *Portal) call(r *http.Request) ([]byte, error) {
	response, err := p.options.Client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %d", r.URL.Path, response.StatusCode)
	}
	return body, err
}

// spread puts each parameter of an address on a line.
func spread(address string) string {
	return strings.NewReplacer("?", "\n  ?", "&", "\n  &").Replace(address)
}

func indented(body []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, body, "", "  ") != nil {
		return string(body)
	}
	return b.String()
}

// decoded shows header and claims of a JWT; what is none is shown as it is.
func decoded(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return token
	}
	var shown []string
	for part := range slices.Values(parts[:2]) {
		raw, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			return token
		}
		shown = append(shown, indented(raw))
	}
	return strings.Join(shown, "\n.\n")
}
