package partners

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// ceremonyLife is how long a browser may take to answer.
const ceremonyLife = 5 * time.Minute

func newWebAuthn(base *url.URL) (*webauthn.WebAuthn, error) {
	if base.Hostname() == "" || net.ParseIP(base.Hostname()) != nil {
		return nil, fmt.Errorf("passkeys belong to a name, not to %q", base.Hostname())
	}
	return webauthn.New(&webauthn.Config{
		RPID: base.Hostname(), RPDisplayName: base.Hostname(), RPOrigins: []string{base.Scheme + "://" + base.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
}

// passkeyUser is a person as the library sees them. The user handle is a random ID.
type passkeyUser struct {
	id   uuid.UUID
	name string
	keys []webauthn.Credential
}

func (u *passkeyUser) WebAuthnID() []byte                         { return u.id[:] }
func (u *passkeyUser) WebAuthnName() string                       { return u.name }
func (u *passkeyUser) WebAuthnDisplayName() string                { return u.name }
func (u *passkeyUser) WebAuthnCredentials() []webauthn.Credential { return u.keys }

// BeginSignIn asks the browser for any passkey of the area.
func (s *Service) BeginSignIn(ctx context.Context, browser []byte, source string) (json.RawMessage, error) {
	if err := s.Limiter.Take(ctx, signInSource.Times(web.SourceFactor(ctx)), source, s.Now()); err != nil {
		return nil, err
	}
	options, state, err := s.webauthn.BeginDiscoverableLogin()
	if err != nil {
		return nil, fmt.Errorf("asking for a passkey: %w", err)
	}
	return s.keepCeremony(ctx, browser, nil, state, options)
}

// BeginPasskey asks the browser to make the passkey of whoever holds a link.
func (s *Service) BeginPasskey(ctx context.Context, browser []byte, link string) (json.RawMessage, error) {
	l, err := s.Link(ctx, link)
	if err != nil {
		return nil, err
	}
	options, state, err := s.webauthn.BeginRegistration(&passkeyUser{id: uuid.Must(uuid.NewV7()), name: l.Email})
	if err != nil {
		return nil, fmt.Errorf("asking for a new passkey: %w", err)
	}
	return s.keepCeremony(ctx, browser, seal.Digest(link), state, options)
}

func (s *Service) keepCeremony(ctx context.Context, browser, link []byte, state *webauthn.SessionData, options any) (json.RawMessage, error) {
	raw, err := json.Marshal(state)
	if err != nil {
		return nil, err
	}
	_, err = s.DB.From(ctx).Exec(ctx, `insert into partner_ceremonies (digest, browser, link, state, expires_at) values ($1, $2, $3, $4, $5)`,
		seal.Digest(state.Challenge), browser, link, raw, s.Now().Add(ceremonyLife))
	if err != nil {
		return nil, fmt.Errorf("keeping a passkey's ceremony: %w", err)
	}
	return json.Marshal(options)
}

// takeCeremony ends a ceremony, which answers once, in the browser that began it.
func (s *Service) takeCeremony(ctx context.Context, browser, link []byte, challenge string) (state webauthn.SessionData, err error) {
	var raw []byte
	err = s.DB.From(ctx).QueryRow(ctx, `
		delete from partner_ceremonies where digest = $1 and browser = $2 and link is not distinct from $3 and expires_at > $4 returning state`,
		seal.Digest(challenge), browser, link, s.Now()).Scan(&raw)
	if errors.Is(err, pgx.ErrNoRows) {
		return state, ErrPasskey
	}
	if err == nil {
		err = json.Unmarshal(raw, &state)
	}
	return state, err
}

// provePasskey returns the owner of the passkey that answered. A key whose counter does not advance may be a copy and is refused.
func (s *Service) provePasskey(ctx context.Context, browser []byte, answer string) (owner uuid.UUID, err error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return owner, ErrPasskey
	}
	if owner, err = uuid.FromBytes(parsed.Response.UserHandle); err != nil {
		return owner, ErrPasskey
	}
	state, err := s.takeCeremony(ctx, browser, nil, parsed.Response.CollectedClientData.Challenge)
	if err != nil {
		return owner, err
	}
	rows, err := s.DB.From(ctx).Query(ctx, `
		select k.credential, k.sign_count from partner_passkeys k join partner_people p on p.id = k.person_id
		where p.id = $1 and p.removed_at is null for update of k`, owner)
	if err != nil {
		return owner, fmt.Errorf("reading passkeys: %w", err)
	}
	keys, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c webauthn.Credential, err error) {
		var count int64
		err = row.Scan(&c, &count)
		c.Authenticator.SignCount = uint32(count)
		return c, err
	})
	if err != nil {
		return owner, fmt.Errorf("reading passkeys: %w", err)
	}
	user := func(_, _ []byte) (webauthn.User, error) { return &passkeyUser{id: owner, keys: keys}, nil }
	_, key, err := s.webauthn.ValidatePasskeyLogin(user, state, parsed)
	if err != nil || key.Authenticator.CloneWarning {
		return owner, ErrPasskey
	}
	_, err = s.DB.From(ctx).Exec(ctx, `update partner_passkeys set credential = $2, sign_count = $3 where credential_id = $1`,
		key.ID, key, int64(key.Authenticator.SignCount))
	return owner, err
}

// newPasskey checks what the browser made for the holder of a link, and returns it with the ID of the person to be.
func (s *Service) newPasskey(ctx context.Context, browser, link []byte, answer string) (id uuid.UUID, key *webauthn.Credential, err error) {
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return id, nil, ErrPasskey
	}
	state, err := s.takeCeremony(ctx, browser, link, parsed.Response.CollectedClientData.Challenge)
	if err != nil {
		return id, nil, err
	}
	if id, err = uuid.FromBytes(state.UserID); err != nil {
		return id, nil, ErrPasskey
	}
	if key, err = s.webauthn.CreateCredential(&passkeyUser{id: id}, state, parsed); err != nil {
		return id, nil, ErrPasskey
	}
	key.Attestation = webauthn.CredentialAttestation{} // not requested, and large
	return id, key, nil
}

var signInSource = ratelimit.Limit{Name: "partner_sign_in_source", Count: 60, Per: time.Hour}
