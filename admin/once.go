package admin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/seal"
)

// replyLife is how long a reply is kept for repeats.
const replyLife = 24 * time.Hour

// Once identifies a call that may be repeated: its Idempotency-Key, and its content.
type Once struct {
	Key  string
	Body []byte
	// Replayed is set when the answer is that of an earlier call.
	Replayed bool
}

// errReplayed ends a use case whose reply is known; record writes nothing of it.
var errReplayed = errors.New("admin: answered before")

// once runs a use case at most once per key, in the transaction of ctx, and keeps its reply. A concurrent call waits
// for the first. The same key with another body is ErrOtherBody; denied calls keep nothing and may be retried.
func (s *Service) once(ctx context.Context, p Person, o *Once, answer any, use func(ctx context.Context) error) error {
	if o == nil {
		return use(ctx)
	}
	o.Replayed = false
	key := sha256.Sum256([]byte(o.Key))
	id := uuid.NewSHA1(p.ID, key[:]) // binds the sealed reply to its row
	kept, err := s.store.claim(ctx, p.ID, key[:], s.keyring.MAC(seal.Session, []byte("desk reply"), o.Body), s.now())
	if err != nil {
		return err
	}
	if kept != nil {
		if !bytes.Equal(kept.BodyMAC, s.keyring.MAC(seal.Session, []byte("desk reply"), o.Body)) {
			return ErrOtherBody
		}
		text, err := s.keyring.Open(seal.Session, replyPlace(id), kept.Reply)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, answer); err != nil {
			return err
		}
		o.Replayed = true
		return errReplayed
	}
	if err := use(ctx); err != nil {
		return err
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return s.store.keepReply(ctx, p.ID, key[:], s.keyring.Seal(seal.Session, replyPlace(id), text))
}

func replyPlace(id uuid.UUID) seal.Place {
	return seal.Place{Table: "desk_replies", Column: "reply", Row: id.String()}
}

type replyRow struct {
	BodyMAC []byte `db:"body_mac"`
	Reply   []byte
}

// claim takes the key, or returns the reply kept under it. After a day it is ignored, swept or not.
func (s *store) claim(ctx context.Context, person uuid.UUID, key, body []byte, now time.Time) (*replyRow, error) {
	tag, err := s.db.From(ctx).Exec(ctx, `
		insert into desk_replies as r (staff_id, key_hash, body_mac, reply, created_at) values ($1, $2, $3, '', $4)
		on conflict on constraint desk_replies_pkey do update set body_mac = excluded.body_mac, reply = '', created_at = excluded.created_at
			where r.created_at < $5`, person, key, body, now, now.Add(-replyLife))
	if err != nil {
		return nil, busy(err)
	}
	if tag.RowsAffected() == 1 {
		return nil, nil
	}
	rows, err := s.db.From(ctx).Query(ctx, `select body_mac, reply from desk_replies where staff_id = $1 and key_hash = $2`, person, key)
	if err != nil {
		return nil, err
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[replyRow])
	if err != nil {
		return nil, fmt.Errorf("reading a kept answer: %w", err)
	}
	return &row, nil
}

func (s *store) keepReply(ctx context.Context, person uuid.UUID, key, reply []byte) error {
	_, err := s.db.From(ctx).Exec(ctx, `update desk_replies set reply = $3 where staff_id = $1 and key_hash = $2`, person, key, reply)
	return err
}
