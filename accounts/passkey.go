package accounts

import (
	"cmp"
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
// password; the latter has a limit per source. The error is ErrNoFactor, *ratelimit.Exceeded, or the
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

// passkeyAsks is how often a source may have the browser asked for a passkey of any account. Nobody guesses by it, and a browser
// asks by itself where somebody chooses the username's field: it must not use up the attempts of those who type a password.
func passkeyAsks(attempts ratelimit.Limit) ratelimit.Limit {
	attempts.Name = "passkey_source"
	return attempts.Times(10)
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
			s.limiter.Queue(b, &limited, now, ratelimit.Ask{Limit: passkeyAsks(s.sourceLimit).Times(web.SourceFactor(ctx)), Key: source})
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

// takeCeremony ends the ceremony of a challenge, which belongs to one browser and account. again means that the same answer has
// just proven it, see proveCeremony: the browser sends it again because the reply was lost. Anything else, including another
// answer, is ErrPasskeyOver. It takes part in the transaction of ctx, so that the second of two presses waits for the first.
func (s *Service) takeCeremony(ctx context.Context, kind, challenge, answer string, browser []byte, accountID uuid.UUID) (state webauthn.SessionData, again bool, err error) {
	var raw []byte
	now := s.now()
	err = s.db.From(ctx).QueryRow(ctx, `
		with was as (
			select digest, used_at is not null as again from passkey_ceremonies
			where digest = @digest and kind = @kind and browser = @browser
				and account_id is not distinct from nullif(@account_id::uuid, '00000000-0000-0000-0000-000000000000')
				and (used_at is null and expires_at > @now or proved = @answer and used_at > @again_since)
			for update
		)
		update passkey_ceremonies c set used_at = coalesce(c.used_at, @now), expires_at = least(c.expires_at, @now)
		from was where c.digest = was.digest returning c.state, was.again`,
		pgx.NamedArgs{"digest": seal.Digest(challenge), "kind": kind, "browser": browser, "account_id": accountID, "answer": seal.Digest(answer),
			"now": now, "again_since": now.Add(-provedTwice)}).Scan(&raw, &again)
	if errors.Is(err, pgx.ErrNoRows) {
		return state, false, ErrPasskeyOver
	}
	if err == nil {
		err = json.Unmarshal(raw, &state)
	}
	return state, again, err
}

// proveCeremony notes the answer that proved a ceremony.
func (s *Service) proveCeremony(ctx context.Context, challenge, answer string) error {
	_, err := s.db.From(ctx).Exec(ctx, `update passkey_ceremonies set proved = $2 where digest = $1`, seal.Digest(challenge), seal.Digest(answer))
	return err
}

// FinishPasskey checks a browser's answer to BeginPasskey for the same account, or uuid.Nil, and returns the key's
// owner. The same answer, sent again within seconds by the same browser, gets the same outcome. The error is ErrPasskey,
// whatever is wrong, ErrPasskeyOver for an answer that comes too late or again, ErrPasskeyWaits for one that cannot be used yet, with uuid.Nil also ErrDisabled, or the database's. A
// key whose counter does not advance may be a copy and is refused.
func (s *Service) FinishPasskey(ctx context.Context, browser []byte, accountID uuid.UUID, answer string) (Account, error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if s.webauthn == nil || err != nil {
		return Account{}, ErrPasskey
	}
	owner := accountID
	if owner == uuid.Nil {
		if owner, err = uuid.FromBytes(parsed.Response.UserHandle); err != nil {
			return Account{}, ErrPasskey
		}
	}
	if err := s.inCeremony(ctx, func(ctx context.Context) error { return s.provePasskey(ctx, browser, accountID, owner, answer, parsed) }); err != nil {
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

// inCeremony runs fn in a transaction that also commits after ErrPasskey: the ceremony is used all the same.
func (s *Service) inCeremony(ctx context.Context, fn func(ctx context.Context) error) error {
	var refused error
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		refused = fn(ctx)
		if errors.Is(refused, ErrPasskey) {
			return nil
		}
		return refused
	})
	return cmp.Or(err, refused)
}

// provePasskey is FinishPasskey within a transaction.
func (s *Service) provePasskey(ctx context.Context, browser []byte, accountID, owner uuid.UUID, answer string, parsed *protocol.ParsedCredentialAssertionData) error {
	challenge := parsed.Response.CollectedClientData.Challenge
	state, again, err := s.takeCeremony(ctx, "get", challenge, answer, browser, accountID)
	if err != nil {
		return err
	}
	if again {
		return s.waits(ctx, owner, parsed.RawID)
	}
	keys, err := s.passkeys(ctx, owner, s.now().Add(newFactorWait))
	if err != nil {
		return err
	}
	key, err := s.validate(&passkeyUser{id: owner, keys: keys}, state, parsed)
	if err != nil {
		return s.refusedFactor(ctx, owner, Passkey, ErrPasskey)
	}
	if key.Authenticator.CloneWarning {
		return s.refusedFactor(ctx, owner, Passkey, ErrCloned)
	}
	if err := s.spendPasskey(ctx, key); err != nil {
		return err
	}
	if err := s.proveCeremony(ctx, challenge, answer); err != nil {
		return err
	}
	return s.waits(ctx, owner, key.ID)
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
		update account_passkeys set credential = $2, sign_count = $3, last_used_at = case when usable_from > $4 then last_used_at else $4 end
		where credential_id = $1 and (sign_count < $3 or sign_count = 0 and $3 = 0)`, key.ID, raw, int64(key.Authenticator.SignCount), s.now())
	if err == nil && tag.RowsAffected() == 0 {
		return ErrPasskey
	}
	return err
}

// waits returns ErrPasskeyWaits for a key of the account that cannot be used yet, ErrPasskey if it has none of this ID.
func (s *Service) waits(ctx context.Context, accountID uuid.UUID, credentialID []byte) error {
	var waits bool
	err := s.db.From(ctx).QueryRow(ctx, `select usable_from > $3 from account_passkeys where account_id = $1 and credential_id = $2`, accountID, credentialID, s.now()).Scan(&waits)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrPasskey
	case err == nil && waits:
		return ErrPasskeyWaits
	}
	return err
}
