package partners

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/audit"
)

// Sample makes an invented organisation with a request that waits for the desk, and invites an address to it, unless there is an
// organisation already. It is for the demo.
func (s *Service) Sample(ctx context.Context, organisation, email, lang string, values Values) error {
	var known bool
	if err := s.DB.From(ctx).QueryRow(ctx, `select exists (select from partner_organisations)`).Scan(&known); err != nil || known {
		return err
	}
	now := s.Now()
	a := Application{ID: uuid.Must(uuid.NewV7()), OrganisationID: uuid.Must(uuid.NewV7()), State: Sent, Version: 1, SentAt: now, form: form{Values: values, CheckedAt: now}}
	var err error
	if a.Criteria, err = s.criteria(ctx, a); err != nil {
		return err
	}
	sealed, err := s.sealForm(a.ID, form{})
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.DB.From(ctx).Exec(ctx, `insert into partner_organisations (id, name, created_at) values ($1, $2, $3)`, a.OrganisationID, organisation, now); err != nil {
			return fmt.Errorf("making the sample partner: %w", err)
		}
		_, err := s.DB.From(ctx).Exec(ctx, `insert into partner_applications (id, organisation_id, state, form_sealed, created_at, changed_at) values ($1, $2, 'draft', $3, $4, $4)`, a.ID, a.OrganisationID, sealed, now)
		if err != nil {
			return fmt.Errorf("making the sample request: %w", err)
		}
		if err := s.update(ctx, a); err != nil {
			return err
		}
		if err := s.note(ctx, audit.Event{Kind: audit.PartnerSent, Subject: a.OrganisationID.String(), Actor: "demo", Success: true, Data: map[string]string{"request": a.ID.String()}}); err != nil {
			return err
		}
		return s.mailLink(ctx, "partner_invited", email, lang, a.OrganisationID, 24*time.Hour)
	})
}
