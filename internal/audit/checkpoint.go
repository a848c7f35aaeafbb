package audit

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/seal"
)

// Checkpoint records the end of the chain. Signed and kept elsewhere, it proves that the chain has not been truncated
// or rewritten since.
type Checkpoint struct {
	Position int64     `json:"position"`
	Seal     string    `json:"seal"` // hexadecimal
	At       time.Time `json:"at"`
	Signed   string    `json:"-"` // a compact JWS of the above, EdDSA
}

// checkpointTyp is the typ of these signatures, so that no other kind is accepted in their place.
const checkpointTyp = "audit-checkpoint+jws"

// signers returns the keys that sign checkpoints, one per version of the audit's data key, from which they are derived.
func (c *Chain) signers() (keys []ed25519.PrivateKey) {
	for _, seed := range c.keyring.MACs(seal.AuditSeal, []byte("checkpoint key")) {
		keys = append(keys, ed25519.NewKeyFromSeed(seed))
	}
	return keys
}

// PublicKey verifies checkpoints signed now.
func (c *Chain) PublicKey() ed25519.PublicKey {
	return ed25519.NewKeyFromSeed(c.keyring.MAC(seal.AuditSeal, []byte("checkpoint key"))).Public().(ed25519.PublicKey)
}

const checkpointEvery = time.Hour

// Checkpoint signs the end of the chain and stores it in the database, unless the latest checkpoint is the same or
// younger than an hour; ok reports whether a new one was made. A checkpoint in the database is lost with it: see End.
func (c *Chain) Checkpoint(ctx context.Context) (p Checkpoint, ok bool, err error) {
	now := c.now()
	var due bool
	err = c.db.From(ctx).QueryRow(ctx, `
		select exists (select from audit_chain where position > coalesce((select max(position) from audit_checkpoints), 0))
			and not exists (select from audit_checkpoints where position = (select max(position) from audit_checkpoints) and at > $1)`, now.Add(-checkpointEvery)).Scan(&due)
	if err != nil || !due {
		return p, false, err
	}
	err = c.db.InTx(ctx, func(ctx context.Context) error {
		ok = false
		last, err := c.last(ctx)
		if err != nil || last.Position == 0 {
			return err
		}
		var before int64
		var at time.Time
		err = c.db.From(ctx).QueryRow(ctx, `select position, at from audit_checkpoints order by position desc limit 1`).Scan(&before, &at)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
		case err != nil:
			return err
		case before == last.Position || now.Before(at.Add(checkpointEvery)):
			return nil
		}
		if p, err = c.checkpoint(last, now); err != nil {
			return err
		}
		tag, err := c.db.From(ctx).Exec(ctx, `
			insert into audit_checkpoints (position, at, signed) values ($1, $2, $3) on conflict do nothing`, p.Position, p.At, p.Signed)
		ok = err == nil && tag.RowsAffected() == 1
		return err
	})
	if err != nil {
		return p, false, fmt.Errorf("making a checkpoint: %w", err)
	}
	return p, ok, nil
}

func (c *Chain) checkpoint(l link, now time.Time) (p Checkpoint, err error) {
	p = Checkpoint{Position: l.Position, Seal: hex.EncodeToString(l.Seal), At: now.UTC().Truncate(time.Microsecond)}
	p.Signed, err = c.sign(p)
	return p, err
}

// endPause is the time between two checkpoints that an instance writes to its log: a truncation of less than that goes
// unnoticed.
const endPause = time.Minute

// End signs the end of the chain for callers who keep it elsewhere and whose latest checkpoint was before. ok is true
// if the end has moved and a minute has passed. The error is a *Fault if the chain no longer contains what before says:
// it was truncated or rewritten.
func (c *Chain) End(ctx context.Context, before Checkpoint) (p Checkpoint, ok bool, err error) {
	now := c.now()
	last, err := c.last(ctx)
	if err != nil {
		return p, false, fmt.Errorf("reading the end of the audit: %w", err)
	}
	if before.Position > 0 {
		var there string
		err := c.db.From(ctx).QueryRow(ctx, `select coalesce((select encode(seal, 'hex') from audit_chain where position = $1), '')`, before.Position).Scan(&there)
		switch {
		case err != nil:
			return p, false, fmt.Errorf("reading the end of the audit: %w", err)
		case there == "":
			return p, false, cutAt(last.Position, before)
		case there != before.Seal:
			return p, false, &Fault{Position: before.Position, What: "the checkpoint of " + before.At.Format(time.RFC3339) + " has a different seal: the chain was rewritten"}
		}
	}
	if last.Position == before.Position || now.Before(before.At.Add(endPause)) {
		return p, false, nil
	}
	p, err = c.checkpoint(last, now)
	return p, err == nil, err
}

func (c *Chain) sign(p Checkpoint) (string, error) {
	key := ed25519.NewKeyFromSeed(c.keyring.MAC(seal.AuditSeal, []byte("checkpoint key")))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: key}, (&jose.SignerOptions{}).WithType(checkpointTyp))
	if err != nil {
		return "", err
	}
	plain, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(plain)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// ReadCheckpoint verifies a signature and returns its content.
func (c *Chain) ReadCheckpoint(signed string) (p Checkpoint, err error) {
	parsed, err := jose.ParseSignedCompact(signed, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return p, fmt.Errorf("the checkpoint is not a valid signature: %w", err)
	}
	for _, key := range c.signers() {
		plain, err := parsed.Verify(key.Public())
		if err != nil {
			continue
		}
		if typ, _ := parsed.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string); typ != checkpointTyp {
			return p, errors.New("a checkpoint has the wrong type")
		}
		p.Signed = signed
		return p, json.Unmarshal(plain, &p)
	}
	return p, errors.New("a checkpoint is not signed by this service")
}
