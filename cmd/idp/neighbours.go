package main

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"huskyidp/members"
	"huskyidp/provider"
	"huskyidp/recovery"
	"huskyidp/registration"
	"huskyidp/selfservice"
	"huskyidp/templates"
)

// The adapters in this file connect packages that do not know each other.

// cards shows the member's card on the account page.
type cards struct{ roster *members.Roster }

func (c cards) Card(ctx context.Context, memberID uuid.UUID) (selfservice.Card, error) {
	m, err := c.roster.Member(ctx, memberID)
	if errors.Is(err, members.ErrUnknown) {
		return selfservice.Card{}, selfservice.ErrNoCard
	}
	if err != nil {
		return selfservice.Card{}, err
	}
	name := m.FirstName + " " + m.LastName
	if m.Suffix != "" {
		name += " " + m.Suffix
	}
	return selfservice.Card{Name: name, BirthYear: m.BirthDate.Year, BirthDate: m.BirthDate.String(), MemberNumber: m.MemberNumber}, nil
}

// heldChanges shows members the held changes of their accounts.
type heldChanges struct{ desk *recovery.Service }

func (h heldChanges) Held(ctx context.Context, accountID uuid.UUID) (list []templates.HeldChange, err error) {
	held, err := h.desk.Pending(ctx, accountID)
	for _, c := range held {
		list = append(list, templates.HeldChange{ID: c.ID.String(), Act: string(c.Act), AskedAt: c.AskedAt, ApplyAt: c.ApplyAt, InPerson: c.InPerson})
	}
	return list, err
}

func (h heldChanges) StopHeld(ctx context.Context, accountID, id uuid.UUID, sid string) (bool, error) {
	return h.desk.StopBySession(ctx, accountID, id, sid)
}

// emails lets members change their own address, with the same hold as at the desk.
type emails struct{ desk *recovery.Service }

func (e emails) HoldEmail(ctx context.Context, accountID uuid.UUID, email string) error {
	_, err := e.desk.Hold(ctx, recovery.Change{AccountID: accountID, Act: recovery.ChangeEmail, Email: email})
	if errors.Is(err, recovery.ErrHeld) {
		return nil
	}
	return err
}

func (e emails) HeldEmail(ctx context.Context, accountID uuid.UUID) (time.Time, error) {
	held, err := e.desk.Pending(ctx, accountID)
	for _, c := range held {
		if c.Act == recovery.ChangeEmail {
			return c.ApplyAt, err
		}
	}
	return time.Time{}, err
}

func (e emails) StopEmail(ctx context.Context, accountID uuid.UUID) error {
	return e.desk.StopOwn(ctx, accountID)
}

// closings lets members close their own accounts, held by recovery like a change of address.
type closings struct{ desk *recovery.Service }

func (l closings) HoldClosing(ctx context.Context, accountID uuid.UUID) error {
	_, err := l.desk.Hold(ctx, recovery.Change{AccountID: accountID, Act: recovery.CloseAccount})
	if errors.Is(err, recovery.ErrHeld) {
		return nil
	}
	return err
}

func (l closings) ClosingHold() time.Duration { return l.desk.ClosingHold() }

// agreementOf lets the provider ask for a new version of the agreement.
func agreementOf(legal *registration.Legal) func(time.Time, string) provider.Agreement {
	return func(now time.Time, lang string) provider.Agreement {
		doc := legal.Agreement(now, lang)
		return provider.Agreement{Version: doc.Version, Language: doc.Language, Published: doc.Published, Paragraphs: doc.Paragraphs, Hash: doc.Hash}
	}
}

// flows tells registration which request is pending and where it continues.
type flows struct{ idp *provider.Service }

func (f flows) Flow(ctx context.Context, id string, browser []byte) (registration.Flow, error) {
	flow, err := f.idp.Flow(ctx, id, browser)
	return registration.Flow(flow), err
}
func (f flows) ResumePath(id string) string { return provider.ResumePath(id) }

// apps tells recovery which app is waiting.
type apps struct{ idp *provider.Service }

func (f apps) Flow(ctx context.Context, id string, browser []byte) (recovery.Flow, error) {
	flow, err := f.idp.Flow(ctx, id, browser)
	return recovery.Flow{App: flow.App}, err
}
