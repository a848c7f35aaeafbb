package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
)

// SealedColumns lists this package's sealed columns that live for long, for key rotation.
var SealedColumns = []seal.Column{
	{Purpose: seal.PII, Table: "grants", Column: "launch", Row: "id::text"},
	{Purpose: seal.PII, Table: "app_complaints", Column: "text_sealed", Row: "id::text"},
}

var (
	errNoLaunch   = errors.New("provider: there is no such launch")
	errLaunchUsed = errors.New("provider: the launch was used by another request")
)

func launchPlace(hash []byte) seal.Place {
	return seal.Place{Table: "smart_launches", Column: "context", Row: string(hash)}
}

func grantLaunchPlace(id uuid.UUID) seal.Place {
	return seal.Place{Table: "grants", Column: "launch", Row: id.String()}
}

// keepLaunch stores a launch and returns its handle. What it says may tell of the member's health, so it is sealed.
func (s *store) keepLaunch(ctx context.Context, l *handedLaunch, now time.Time) (handle string, err error) {
	handle = seal.NewToken()
	l.hash = seal.Digest(handle)
	sealed, err := s.sealContext(seal.Session, launchPlace(l.hash), l.context)
	if err != nil {
		return "", err
	}
	b := &pgx.Batch{}
	b.Queue(`insert into smart_launches (handle_hash, made_by, client_id, member_id, audience, context, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7)`, l.hash, l.madeBy, l.clientID, l.member, l.audience, sealed, l.expiresAt)
	s.audit.Queue(ctx, b, audit.Event{Kind: audit.LaunchMade, At: now, ClientID: l.madeBy, Success: true, Data: map[string]string{"app": l.clientID}})
	if err := s.db.From(ctx).SendBatch(ctx, b).Close(); err != nil {
		return "", fmt.Errorf("keeping a launch: %w", err)
	}
	return handle, nil
}

// launch finds a launch by the digest of its handle. The caller decides whether it is still good. The error is
// errNoLaunch, or one of the database.
func (s *store) launch(ctx context.Context, hash []byte) (*handedLaunch, error) {
	l := &handedLaunch{hash: hash}
	var sealed []byte
	err := s.db.From(ctx).QueryRow(ctx, `
		select made_by, client_id, member_id, audience, context, expires_at, used_at is not null from smart_launches where handle_hash = $1`, hash).
		Scan(&l.madeBy, &l.clientID, &l.member, &l.audience, &sealed, &l.expiresAt, &l.used)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errNoLaunch
	}
	if err != nil {
		return nil, fmt.Errorf("loading a launch: %w", err)
	}
	l.context, err = s.openContext(seal.Session, launchPlace(hash), sealed)
	return l, err
}

// queueLaunchUse marks the handle used. A use by another interaction violates smart_launches_uses_check and undoes the
// batch.
func queueLaunchUse(b *pgx.Batch, hash, flowHash []byte, now time.Time) {
	b.Queue(`
		update smart_launches set used_at = coalesce(used_at, $1), used_by = coalesce(used_by, $2),
			uses = uses + case when used_by = $2 then 0 else 1 end
		where handle_hash = $3`, now, flowHash, hash)
}

// sealLaunch sets what a grant keeps of the launch that it came from.
func (s *store) sealLaunch(g *grant, l *handedLaunch) (err error) {
	if l != nil {
		g.Launch, err = s.sealContext(seal.PII, grantLaunchPlace(g.ID), l.context)
	}
	return err
}

// launchOf returns what a grant keeps of its launch, nil if it came from none or the scopes do not include launch.
func (s *store) launchOf(g *grant, scopes []string) (*launchContext, error) {
	if g == nil || g.Launch == nil || !slices.Contains(scopes, scopeLaunch) {
		return nil, nil
	}
	found, err := s.openContext(seal.PII, grantLaunchPlace(g.ID), g.Launch)
	return &found, err
}

func (s *store) sealContext(p seal.Purpose, at seal.Place, l launchContext) ([]byte, error) {
	text, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("writing a launch: %w", err)
	}
	return s.keyring.Seal(p, at, text), nil
}

func (s *store) openContext(p seal.Purpose, at seal.Place, sealed []byte) (l launchContext, err error) {
	text, err := s.keyring.Open(p, at, sealed)
	if err == nil {
		err = json.Unmarshal(text, &l)
	}
	if err != nil {
		return l, fmt.Errorf("opening a launch: %w", err)
	}
	return l, nil
}
