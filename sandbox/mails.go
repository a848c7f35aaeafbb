package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/mail"
	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
	"huskyidp/templates"
)

// keep is how many mails are shown: the newest.
const keep = 200

// SealedColumns are the columns with sealed values, for key rotation.
var SealedColumns = []seal.Column{
	{Purpose: seal.Queue, Table: "sandbox_mails", Column: "sealed", Row: "id::text"},
}

// Keeper keeps mails in the place of a mail server. It is a mail.Sender.
type Keeper struct {
	DB      *postgres.DB
	Keyring *seal.Keyring
	Mails   *templates.Set
	Now     func() time.Time
}

// Mail is a mail that was kept.
type Mail struct {
	ID                      uuid.UUID `json:"-"`
	At                      time.Time `json:"-"` // when it was kept, UTC
	To, Subject, Text, HTML string
}

func mailPlace(id uuid.UUID) seal.Place {
	return seal.Place{Table: "sandbox_mails", Column: "sealed", Row: id.String()}
}

// Send keeps a mail, once, and marks its subject as that of a test environment.
func (k *Keeper) Send(ctx context.Context, o mail.Outgoing) error {
	m := Mail{To: o.To, Subject: k.Mails.Text(o.Lang, "sandbox.mail.subject", templates.Args{"subject": o.Subject}), Text: o.Text, HTML: o.HTML}
	plain, err := json.Marshal(m)
	if err != nil {
		return err
	}
	b := &pgx.Batch{}
	b.Queue(`insert into sandbox_mails (id, at, sealed) values ($1, $2, $3) on conflict on constraint sandbox_mails_pkey do nothing`,
		o.ID, k.Now(), k.Keyring.Seal(seal.Queue, mailPlace(o.ID), plain))
	b.Queue(`delete from sandbox_mails where id in (select id from sandbox_mails order by at desc, id desc offset $1)`, keep)
	if err := k.DB.From(ctx).SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("keeping a mail: %w", err)
	}
	return nil
}

// List returns the mails, the newest first.
func (k *Keeper) List(ctx context.Context) ([]Mail, error) {
	rows, err := k.DB.From(ctx).Query(ctx, `select id, at, sealed from sandbox_mails order by at desc, id desc limit $1`, keep)
	if err != nil {
		return nil, fmt.Errorf("reading the mails: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Mail, error) { return k.open(row) })
}

// Find returns one of them; found is false if there is none, or not any more.
func (k *Keeper) Find(ctx context.Context, id string) (m Mail, found bool, err error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return m, false, nil
	}
	m, err = k.open(k.DB.From(ctx).QueryRow(ctx, `select id, at, sealed from sandbox_mails where id = $1`, parsed))
	if errors.Is(err, pgx.ErrNoRows) {
		return m, false, nil
	}
	return m, err == nil, err
}

func (k *Keeper) open(row pgx.Row) (m Mail, err error) {
	var id uuid.UUID
	var at time.Time
	var sealed []byte
	if err := row.Scan(&id, &at, &sealed); err != nil {
		return m, fmt.Errorf("reading a mail: %w", err)
	}
	plain, err := k.Keyring.Open(seal.Queue, mailPlace(id), sealed)
	if err == nil {
		err = json.Unmarshal(plain, &m)
	}
	if err != nil {
		return m, fmt.Errorf("opening a mail: %w", err)
	}
	m.ID, m.At = id, at.UTC()
	return m, nil
}
