package main

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/provider"
	"huskyidp/recovery"
	"huskyidp/registration"
	"huskyidp/selfservice"
	"huskyidp/templates"
)

// The adapters in this file connect packages that do not import each other and whose types differ.

// ownChanges lets members hold, see and stop changes of their own accounts, with the same hold as at the desk.
type ownChanges struct{ *recovery.Service }

func (o ownChanges) Held(ctx context.Context, accountID uuid.UUID) (list []templates.HeldChange, err error) {
	held, err := o.Pending(ctx, accountID)
	for _, c := range held {
		list = append(list, templates.HeldChange{ID: c.ID.String(), Act: string(c.Act), AskedAt: c.AskedAt, ApplyAt: c.ApplyAt, Email: c.ShownEmail(), InPerson: c.InPerson, Own: c.AskedBy == ""})
	}
	return list, err
}

func (o ownChanges) HoldEmail(ctx context.Context, session accounts.Session, email string) error {
	_, err := o.Hold(ctx, recovery.Change{AccountID: session.AccountID, SID: session.SID, Act: recovery.ChangeEmail, Email: email})
	if errors.Is(err, recovery.ErrHeld) {
		return selfservice.ErrEmailHeld
	}
	return err
}

func (o ownChanges) HeldEmail(ctx context.Context, accountID uuid.UUID) (string, time.Time, error) {
	held, err := o.Pending(ctx, accountID)
	for _, c := range held {
		if c.Act == recovery.ChangeEmail {
			return c.ShownEmail(), c.ApplyAt, err
		}
	}
	return "", time.Time{}, err
}

func (o ownChanges) HoldClosing(ctx context.Context, session accounts.Session) error {
	_, err := o.Hold(ctx, recovery.Change{AccountID: session.AccountID, SID: session.SID, Act: recovery.CloseAccount})
	if errors.Is(err, recovery.ErrHeld) { // it stays
		return nil
	}
	return err
}

// agreementOf lets the provider ask for a new version of the agreement.
func agreementOf(legal *registration.Legal) func(time.Time, string) provider.Agreement {
	return func(now time.Time, lang string) provider.Agreement {
		doc := legal.Agreement(now, lang)
		return provider.Agreement{Version: doc.Version, Language: doc.Language, Published: doc.Published, Paragraphs: doc.Paragraphs, Hash: doc.Hash}
	}
}
