package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
)

// ceremonyLife is how long a browser may take to answer.
const ceremonyLife = 5 * time.Minute

// newWebAuthn returns nil if the issuer's host is an IP address, since passkeys belong to a name.
func newWebAuthn(issuer string) (*webauthn.WebAuthn, error) {
	u, err := url.Parse(issuer)
	if err != nil || u.Hostname() == "" || net.ParseIP(u.Hostname()) != nil {
		return nil, err
	}
	return webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: u.Hostname(), RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
}

// passkeyUser is an account as the library sees it. The user handle is the account's ID, which is not secret and
// reveals nothing.
type passkeyUser struct {
	id       uuid.UUID
	username string
	keys     []webauthn.Credential
}

func (u *passkeyUser) WebAuthnID() []byte                         { return u.id[:] }
func (u *passkeyUser) WebAuthnName() string                       { return u.username }
func (u *passkeyUser) WebAuthnDisplayName() string                { return u.username }
func (u *passkeyUser) WebAuthnCredentials() []webauthn.Credential { return u.keys }

// PasskeyOptions are the options for the browser, as JSON of WebAuthn 3, 5.4 or 5.5.
type PasskeyOptions = json.RawMessage

// passkeys reads the usable keys of an account.
func (s *Service) passkeys(ctx context.Context, accountID uuid.UUID, usableAt time.Time) ([]webauthn.Credential, error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		select credential, sign_count from account_passkeys where account_id = $1 and usable_from <= $2 order by created_at`, accountID, usableAt)
	if err != nil {
		return nil, fmt.Errorf("reading passkeys: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c webauthn.Credential, err error) {
		var raw []byte
		var count int64
		if err = row.Scan(&raw, &count); err == nil {
			err = json.Unmarshal(raw, &c)
		}
		c.Authenticator.SignCount = uint32(count)
		return c, err
	})
}

// BeginPasskey requests a passkey from the browser: of one account or, with uuid.Nil, of any account, in place of a
// password; the latter counts against the limit of the source. The error is ErrNoFactor, *ratelimit.Exceeded, or the
// database's.
func (s *Service) BeginPasskey(ctx context.Context, browser []byte, source string, accountID uuid.UUID) (PasskeyOptions, error) {
	if s.webauthn == nil {
		return nil, ErrNoFactor
	}
	var options *protocol.CredentialAssertion
	var state *webauthn.SessionData
	var err error
	if accountID == uuid.Nil {
		options, state, err = s.webauthn.BeginDiscoverableLogin()
	} else {
		var keys []webauthn.Credential
		if keys, err = s.passkeys(ctx, accountID, s.now()); err != nil {
			return nil, err
		}
		if len(keys) == 0 {
			return nil, ErrNoFactor
		}
		options, state, err = s.webauthn.BeginLogin(&passkeyUser{id: accountID, keys: keys})
	}
	if err != nil {
		return nil, fmt.Errorf("asking for a passkey: %w", err)
	}
	if err := s.keepCeremony(ctx, "get", browser, source, accountID, state); err != nil {
		return nil, err
	}
	return json.Marshal(options)
}

// BeginNewPasskey asks the browser to make a passkey; session is the digest of the session that it belongs to.
func (s *Service) BeginNewPasskey(ctx context.Context, session []byte, account Account) (PasskeyOptions, error) {
	if s.webauthn == nil {
		return nil, ErrNoFactor
	}
	keys, err := s.passkeys(ctx, account.ID, s.now().Add(newFactorWait))
	if err != nil {
		return nil, err
	}
	options, state, err := s.webauthn.BeginRegistration(&passkeyUser{account.ID, account.Username, keys},
		webauthn.WithExclusions(webauthn.Credentials(keys).CredentialDescriptors()))
	if err != nil {
		return nil, fmt.Errorf("asking for a new passkey: %w", err)
	}
	if err := s.keepCeremony(ctx, "create", session, "", account.ID, state); err != nil {
		return nil, err
	}
	return json.Marshal(options)
}

func (s *Service) keepCeremony(ctx context.Context, kind string, browser []byte, source string, accountID uuid.UUID, state *webauthn.SessionData) error {
	now := s.now()
	raw, err := json.Marshal(state)
	if err != nil {
		return err
	}
	var limited error
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		limited = nil
		b := &pgx.Batch{}
		if accountID == uuid.Nil {
			s.limiter.Queue(b, &limited, now, ratelimit.Ask{Limit: s.sourceLimit, Key: source})
		}
		b.Queue(`
			insert into passkey_ceremonies (digest, browser, kind, account_id, state, expires_at)
			values ($1, $2, $3, nullif($4::uuid, '00000000-0000-0000-0000-000000000000'), $5, $6)`,
			seal.Digest(state.Challenge), browser, kind, accountID, raw, now.Add(ceremonyLife))
		if err := s.store.run(ctx, b); err != nil {
			return err
		}
		return limited
	})
	if err != nil && limited == nil {
		return fmt.Errorf("keeping a passkey's ceremony: %w", err)
	}
	return err
}

// takeCeremony ends the ceremony of a challenge, which belongs to one browser and account. Anything else, including a
// second use, is answered with ErrPasskey.
func (s *Service) takeCeremony(ctx context.Context, kind, challenge string, browser []byte, accountID uuid.UUID) (state webauthn.SessionData, err error) {
	var raw []byte
	err = s.db.From(ctx).QueryRow(ctx, `
		delete from passkey_ceremonies
		where digest = $1 and kind = $2 and browser = $3 and expires_at > $5
			and account_id is not distinct from nullif($4::uuid, '00000000-0000-0000-0000-000000000000')
		returning state`, seal.Digest(challenge), kind, browser, accountID, s.now()).Scan(&raw)
	if errors.Is(err, pgx.ErrNoRows) {
		return state, ErrPasskey
	}
	if err == nil {
		err = json.Unmarshal(raw, &state)
	}
	return state, err
}

// FinishPasskey checks a browser's answer to BeginPasskey for the same account, or uuid.Nil, and returns the key's
// owner. The error is ErrPasskey, whatever is wrong, with uuid.Nil also ErrDisabled, or the database's. A key whose
// counter does not advance may be a copy and is refused.
func (s *Service) FinishPasskey(ctx context.Context, browser []byte, accountID uuid.UUID, answer string) (Account, error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if s.webauthn == nil || err != nil {
		return Account{}, ErrPasskey
	}
	state, err := s.takeCeremony(ctx, "get", parsed.Response.CollectedClientData.Challenge, browser, accountID)
	if err != nil {
		return Account{}, err
	}
	owner := accountID
	if owner == uuid.Nil {
		if owner, err = uuid.FromBytes(parsed.Response.UserHandle); err != nil {
			return Account{}, ErrPasskey
		}
	}
	keys, err := s.passkeys(ctx, owner, s.now())
	if err != nil {
		return Account{}, err
	}
	key, err := s.validate(&passkeyUser{id: owner, keys: keys}, state, parsed)
	if err != nil {
		return Account{}, s.refusedFactor(ctx, owner, Passkey, ErrPasskey)
	}
	if key.Authenticator.CloneWarning {
		return Account{}, s.refusedFactor(ctx, owner, Passkey, ErrCloned)
	}
	if err := s.spendPasskey(ctx, key); err != nil {
		return Account{}, err
	}
	account, err := s.Get(ctx, owner)
	switch {
	case err != nil || accountID != uuid.Nil: // whoever asked for one account knows its state
		return account, err
	case account.Status == Protected: // as with a password, nothing is revealed
		return Account{}, ErrPasskey
	case account.Status != Active:
		return Account{}, ErrDisabled
	}
	return account, nil
}

func (s *Service) validate(user *passkeyUser, state webauthn.SessionData, parsed *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error) {
	if len(state.UserID) > 0 {
		return s.webauthn.ValidateLogin(user, state, parsed)
	}
	_, key, err := s.webauthn.ValidatePasskeyLogin(func(_, _ []byte) (webauthn.User, error) { return user, nil }, state, parsed)
	return key, err
}

// spendPasskey stores the counter unless another request has stored a newer one.
func (s *Service) spendPasskey(ctx context.Context, key *webauthn.Credential) error {
	raw, err := json.Marshal(key)
	if err != nil {
		return err
	}
	tag, err := s.db.From(ctx).Exec(ctx, `
		update account_passkeys set credential = $2, sign_count = $3, last_used_at = $4
		where credential_id = $1 and (sign_count < $3 or sign_count = 0 and $3 = 0)`, key.ID, raw, int64(key.Authenticator.SignCount), s.now())
	if err == nil && tag.RowsAffected() == 0 {
		return ErrPasskey
	}
	return err
}

const passkeyLabel = 40 // characters

func labelPlace(id uuid.UUID) seal.Place {
	return seal.Place{Table: "account_passkeys", Column: "label_sealed", Row: id.String()}
}

// FinishNewPasskey enrols the key that the browser made, and notifies the member by mail. The error is ErrPasskey,
// ErrHasFactor (this key is enrolled), or the database's.
func (s *Service) FinishNewPasskey(ctx context.Context, session []byte, account Account, label, answer string) (usable time.Time, err error) {
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if s.webauthn == nil || err != nil {
		return usable, ErrPasskey
	}
	state, err := s.takeCeremony(ctx, "create", parsed.Response.CollectedClientData.Challenge, session, account.ID)
	if errors.Is(err, ErrPasskey) { // a browser that lost the answer sends the key again
		err = s.enrolled(ctx, account.ID, parsed.RawID)
	}
	if err != nil {
		return usable, err
	}
	key, err := s.webauthn.CreateCredential(&passkeyUser{id: account.ID}, state, parsed)
	if err != nil {
		return usable, ErrPasskey
	}
	key.Attestation = webauthn.CredentialAttestation{} // not requested, and large
	raw, err := json.Marshal(key)
	if err != nil {
		return usable, err
	}
	if label = strings.TrimSpace(label); len([]rune(label)) > passkeyLabel {
		label = string([]rune(label)[:passkeyLabel])
	}
	id, now := uuid.Must(uuid.NewV7()), s.now()
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if usable, err = s.usableFrom(ctx, account.ID); err != nil {
			return err
		}
		_, err := s.db.From(ctx).Exec(ctx, `
			insert into account_passkeys (id, account_id, credential_id, credential, sign_count, label_sealed, created_at, usable_from)
			values (@id, @account_id, @credential_id, @credential, @sign_count, @label, @now, @usable_from)`,
			pgx.NamedArgs{"id": id, "account_id": account.ID, "credential_id": key.ID, "credential": raw, "sign_count": int64(key.Authenticator.SignCount),
				"label": s.keyring.Seal(seal.PII, labelPlace(id), []byte(label)), "now": now, "usable_from": usable})
		if err != nil {
			return Refused(err)
		}
		return s.factorNotice(ctx, account.ID, Passkey, true)
	})
	return usable, err
}

// enrolled returns ErrHasFactor if the account has a key of this ID, else ErrPasskey. It proves nothing.
func (s *Service) enrolled(ctx context.Context, accountID uuid.UUID, credentialID []byte) error {
	var has bool
	err := s.db.From(ctx).QueryRow(ctx, `select exists (select from account_passkeys where account_id = $1 and credential_id = $2)`, accountID, credentialID).Scan(&has)
	switch {
	case err != nil:
		return fmt.Errorf("reading a passkey: %w", err)
	case has:
		return ErrHasFactor
	}
	return ErrPasskey
}

// RemovePasskey removes one key from the account and, with the last factor, the saved codes. It is idempotent.
func (s *Service) RemovePasskey(ctx context.Context, accountID, id uuid.UUID) error {
	return s.removeFactor(ctx, accountID, Passkey, `delete from account_passkeys where account_id = $1 and id = $2`, accountID, id)
}
