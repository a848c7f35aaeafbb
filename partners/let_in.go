package partners

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/templates"
)

// IsAlone reports whether an organisation has one person, or none any more.
func (s *Service) IsAlone(ctx context.Context, organisation uuid.UUID) (bool, error) {
	people, err := s.People(ctx, organisation)
	return len(people) <= 1, err
}

// LetIn is the way back of an organisation's only person who lost the passkey; others are invited by a colleague. The person is removed
// with passkey and sessions, and a link goes to the same address, and word of it to the request's other contacts: neither the mailbox nor
// the desk alone lets anybody in unseen. The error is ErrNotFound, ErrState if there are
// several, or the database's.
func (s *Service) LetIn(ctx context.Context, request, by uuid.UUID) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		a, err := s.Request(ctx, request)
		if err != nil {
			return err
		}
		if err := s.lockOrganisation(ctx, a.OrganisationID); err != nil {
			return err
		}
		isAlone, err := s.IsAlone(ctx, a.OrganisationID)
		if err != nil {
			return err
		}
		if !isAlone {
			return ErrState
		}
		var person Colleague
		var lang string
		var sealed []byte
		var isRemoved bool // let in before, by a link that was not used in time
		err = s.DB.From(ctx).QueryRow(ctx, `
			select id, email_sealed, language, removed_at is not null from partner_people where organisation_id = $1 order by removed_at desc nulls first limit 1`,
			a.OrganisationID).Scan(&person.ID, &sealed, &lang, &isRemoved)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrState
		}
		if err != nil {
			return fmt.Errorf("reading an organisation's last person: %w", err)
		}
		if person.Email, err = s.openEmail("partner_people", person.ID.String(), sealed); err != nil {
			return err
		}
		if known, err := s.known(ctx, person.Email); err != nil || known && isRemoved { // of another organisation by now
			return cmp.Or(err, ErrState)
		}
		if !isRemoved {
			err = s.remove(ctx, a.OrganisationID, person.ID)
		}
		if err != nil {
			return err
		}
		e := audit.Event{Kind: audit.PartnerRemoved, Subject: a.OrganisationID.String(), Actor: by.String(), Success: true, Data: map[string]string{"person": person.ID.String()}}
		if err := s.note(ctx, e); err != nil {
			return err
		}
		told := map[string]bool{person.Email: true}
		for _, field := range []string{"security_contact", "contact"} {
			if contact := a.Values[field]; contact != "" && !told[contact] {
				told[contact] = true
				if err := s.send(ctx, "partner_let_in", contact, lang, 0, templates.Args{"at": s.Now()}); err != nil {
					return err
				}
			}
		}
		return s.mailLink(ctx, "partner_invited", person.Email, lang, a.OrganisationID, inviteLife)
	})
}
