package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/seal"
)

// BeginNewPasskey asks the browser to make a passkey, which belongs to the session until it is enrolled.
func (s *Service) BeginNewPasskey(ctx context.Context, account Account, sid string) (PasskeyOptions, error) {
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
	if err := s.keepCeremony(ctx, "create", seal.Digest(sid), "", account.ID, state); err != nil {
		return nil, err
	}
	return json.Marshal(options)
}

const passkeyLabel = 40 // characters

func labelPlace(id uuid.UUID) seal.Place {
	return seal.Place{Table: "account_passkeys", Column: "label_sealed", Row: id.String()}
}

// FinishNewPasskey enrols the key that the browser made, and notifies the member by mail. The error is ErrPasskey,
// ErrHasFactor (this key is enrolled), or the database's.
func (s *Service) FinishNewPasskey(ctx context.Context, account Account, sid, label, answer string) (usable time.Time, err error) {
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if s.webauthn == nil || err != nil {
		return usable, ErrPasskey
	}
	err = s.inCeremony(ctx, func(ctx context.Context) error {
		usable, err = s.enrolPasskey(ctx, account, sid, label, answer, parsed)
		return err
	})
	return usable, err
}

// enrolPasskey is FinishNewPasskey within a transaction.
func (s *Service) enrolPasskey(ctx context.Context, account Account, sid, label, answer string, parsed *protocol.ParsedCredentialCreationData) (usable time.Time, err error) {
	if err := s.StillOpen(ctx, account.ID, sid); err != nil {
		return usable, err
	}
	challenge := parsed.Response.CollectedClientData.Challenge
	state, again, err := s.takeCeremony(ctx, "create", challenge, answer, seal.Digest(sid), account.ID)
	if again || errors.Is(err, ErrPasskey) { // see JustEnrolled
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
	if usable, err = s.usableFrom(ctx, account.ID); err != nil {
		return usable, err
	}
	id := uuid.Must(uuid.NewV7())
	_, err = s.db.From(ctx).Exec(ctx, `
		insert into account_passkeys (id, account_id, credential_id, credential, sign_count, label_sealed, created_at, usable_from, sid)
		values (@id, @account_id, @credential_id, @credential, @sign_count, @label, @now, @usable_from, @sid)`,
		pgx.NamedArgs{"id": id, "account_id": account.ID, "credential_id": key.ID, "credential": raw, "sign_count": int64(key.Authenticator.SignCount),
			"label": s.keyring.Seal(seal.PII, labelPlace(id), []byte(label)), "now": s.now(), "usable_from": usable, "sid": sid})
	if err != nil {
		return usable, Refused(err)
	}
	if err := s.proveCeremony(ctx, challenge, answer); err != nil {
		return usable, err
	}
	return usable, s.factorNotice(ctx, account.ID, Passkey, usable)
}

// JustEnrolled returns what FinishNewPasskey did if the session has just enrolled a key by this answer, which is then sent
// again, else zero. Its challenge is known to nobody but the browser that made the key.
func (s *Service) JustEnrolled(ctx context.Context, accountID uuid.UUID, sid, answer string) (usable time.Time, err error) {
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return time.Time{}, nil
	}
	err = s.db.From(ctx).QueryRow(ctx, `
		select p.usable_from from passkey_ceremonies c join account_passkeys p on p.account_id = c.account_id and p.sid = @sid and p.credential_id = @key
		where c.digest = @digest and c.kind = 'create' and c.browser = @browser and c.account_id = @account_id and c.proved = @answer and c.used_at > @since`,
		pgx.NamedArgs{"sid": sid, "key": parsed.RawID, "digest": seal.Digest(parsed.Response.CollectedClientData.Challenge), "browser": seal.Digest(sid),
			"account_id": accountID, "answer": seal.Digest(answer), "since": s.now().Add(-changedAgain)}).Scan(&usable)
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, nil
	}
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
