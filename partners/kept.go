package partners

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/seal"
)

// draft is a form that came after the end of its session. It waits, sealed, for the same person to sign in in the same browser.
type draft struct {
	Path string
	Form Values
}

func draftPlace(person uuid.UUID) seal.Place {
	return seal.Place{Table: "partner_sessions", Column: "draft", Row: person.String()}
}

// ended finds the session that a cookie belonged to, open or not, of a person who is still one of their organisation. The error is
// ErrNoSession, or the database's.
func (s *Service) ended(ctx context.Context, token string) (session, person uuid.UUID, err error) {
	err = s.DB.From(ctx).QueryRow(ctx, `
		select s.id, s.person_id from partner_sessions s join partner_people p on p.id = s.person_id where s.digest = $1 and p.removed_at is null`, seal.Digest(token)).Scan(&session, &person)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNoSession
	}
	return session, person, err
}

func (s *Service) keepDraft(ctx context.Context, token string, person uuid.UUID, d draft) error {
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	_, err = s.DB.From(ctx).Exec(ctx, `update partner_sessions set draft = $2 where digest = $1`, seal.Digest(token), s.Keyring.Seal(seal.Session, draftPlace(person), text))
	return err
}

// takeDraft returns the form that waits for a page, once; nil for none.
func (s *Service) takeDraft(ctx context.Context, token string, p Person, path string) (form Values, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		var sealed []byte
		if err := s.DB.From(ctx).QueryRow(ctx, `select draft from partner_sessions where digest = $1 for update`, seal.Digest(token)).Scan(&sealed); err != nil || sealed == nil {
			return err
		}
		text, err := s.Keyring.Open(seal.Session, draftPlace(p.ID), sealed)
		if err != nil {
			return fmt.Errorf("opening a form: %w", err)
		}
		var d draft
		if err := json.Unmarshal(text, &d); err != nil || d.Path != path {
			return err
		}
		form = d.Form
		_, err = s.DB.From(ctx).Exec(ctx, `update partner_sessions set draft = null where digest = $1`, seal.Digest(token))
		return err
	})
	return form, err
}
