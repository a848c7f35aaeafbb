package recovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/seal"
	"huskyidp/members"
)

func cardPlace(id uuid.UUID) seal.Place {
	return seal.Place{Table: "recovery_cards", Column: "sealed", Row: id.String()}
}

func (s store) queueCard(b *pgx.Batch, id uuid.UUID, claim members.Claim, now time.Time) error {
	plain, err := json.Marshal(claim)
	if err != nil {
		return err
	}
	b.Queue(`insert into recovery_cards (id, sealed, created_at) values ($1, $2, $3)`, id, s.sealed(cardPlace(id), string(plain)), now)
	return nil
}

// card locks and reads what was typed; nil if it has been processed.
func (s store) card(ctx context.Context, id uuid.UUID) (*members.Claim, error) {
	var sealed []byte
	err := s.db.From(ctx).QueryRow(ctx, `select sealed from recovery_cards where id = $1 for update`, id).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading a card: %w", err)
	}
	plain, err := s.opened(cardPlace(id), sealed)
	if err != nil {
		return nil, err
	}
	var claim members.Claim
	return &claim, json.Unmarshal([]byte(plain), &claim)
}

func (s store) dropCard(ctx context.Context, id uuid.UUID) error {
	_, err := s.db.From(ctx).Exec(ctx, `delete from recovery_cards where id = $1`, id)
	return err
}
