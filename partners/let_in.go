package partners

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"huskyidp/internal/audit"
	"huskyidp/templates"
)

// IsAlone reports whether an organisation has one person.
func (s *Service) IsAlone(ctx context.Context, organisation uuid.UUID) (bool, error) {
	people, err := s.People(ctx, organisation)
	return len(people) == 1, err
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
		people, err := s.People(ctx, a.OrganisationID)
		if err != nil {
			return err
		}
		if len(people) != 1 {
			return ErrState
		}
		person := people[0]
		var lang string
		if err := s.DB.From(ctx).QueryRow(ctx, `select language from partner_people where id = $1`, person.ID).Scan(&lang); err != nil {
			return fmt.Errorf("reading a person's language: %w", err)
		}
		if err := s.remove(ctx, a.OrganisationID, person.ID); err != nil {
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
