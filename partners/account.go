package partners

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/mail"
	"huskyidp/internal/postgres"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

const (
	linkLife   = time.Hour
	inviteLife = 24 * time.Hour
	maxPeople  = 20 // of an organisation
)

var (
	joinSource  = ratelimit.Limit{Name: "partner_join_source", Count: 10, Per: time.Hour}
	joinAddress = ratelimit.Limit{Name: "partner_join_address", Count: 3, Per: time.Hour}
	invites     = ratelimit.Limit{Name: "partner_invites", Count: 20, Per: 24 * time.Hour}
)

// Join mails a link to an address that nobody has proven. A known address gets a mail without one, and the caller learns nothing: not
// of that, nor of an address that had its mails for this hour. The error is accounts.Flaw, *ratelimit.Exceeded of the source, or the database's.
func (s *Service) Join(ctx context.Context, typed, lang, source string) error {
	email, err := accounts.ParseEmail(typed)
	if err != nil {
		return err
	}
	if err := s.Limiter.Take(ctx, joinSource.Times(web.SourceFactor(ctx)), source, s.Now()); err != nil {
		return err
	}
	err = s.Limiter.Take(ctx, joinAddress, strings.ToLower(email), s.Now())
	if _, full := errors.AsType[*ratelimit.Exceeded](err); full {
		return nil
	}
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		known, err := s.known(ctx, email)
		if err != nil {
			return err
		}
		if known {
			return s.send(ctx, "partner_known", email, lang, 0, nil)
		}
		return s.mailLink(ctx, "partner_join", email, lang, uuid.Nil, linkLife)
	})
}

func (s *Service) known(ctx context.Context, email string) (known bool, err error) {
	err = s.DB.From(ctx).QueryRow(ctx, `select exists (select from partner_people where email_index = any($1) and removed_at is null)`, s.indexes(email)).Scan(&known)
	return known, err
}

func (s *Service) mailLink(ctx context.Context, kind, email, lang string, organisation uuid.UUID, life time.Duration) error {
	token, now := seal.NewToken(), s.Now()
	digest := seal.Digest(token)
	_, err := s.DB.From(ctx).Exec(ctx, `
		insert into partner_links (digest, email_index, email_sealed, organisation_id, created_at, expires_at) values ($1, $2, $3, $4, $5, $6)`,
		digest, s.index(email), s.sealEmail("partner_links", hexed(digest), email), postgres.Nullable(organisation), now, now.Add(life))
	if err != nil {
		return fmt.Errorf("keeping a link: %w", err)
	}
	if err := s.note(ctx, audit.Event{Kind: audit.PartnerLinkSent, Subject: subject(organisation), Success: true}); err != nil {
		return err
	}
	return s.send(ctx, kind, email, lang, life, templates.Args{"link": s.Base + linkPath + "?" + url.Values{"link": {token}}.Encode()})
}

// send mails one of the area's mails, which is of use for life, or always if that is 0. Nothing about members is in it.
func (s *Service) send(ctx context.Context, kind, email, lang string, life time.Duration, args templates.Args) error {
	all := templates.Args{"username": email, "address": s.Base}
	maps.Copy(all, args)
	content, err := s.Mails.Mail(lang, kind, all)
	if err != nil {
		return err
	}
	m := mail.Message{Kind: kind, To: email, Lang: lang, Content: content}
	if life > 0 {
		m.NotAfter = s.Now().Add(life)
	}
	return s.Outbox.Enqueue(ctx, m)
}

// Invitation is whom a link is for.
type Invitation struct {
	Email        string
	Organisation uuid.UUID // zero: a new one is made
	Name         string    // of it
}

// Link returns what a link is good for; reading it changes nothing, since mail programs open links. The error is ErrLink, or the database's.
func (s *Service) Link(ctx context.Context, link string) (l Invitation, err error) {
	if !seal.IsToken(link) {
		return l, ErrLink
	}
	digest := seal.Digest(link)
	var sealed []byte
	var organisation *uuid.UUID
	var name *string
	err = s.DB.From(ctx).QueryRow(ctx, `
		select l.email_sealed, o.id, o.name from partner_links l left join partner_organisations o on o.id = l.organisation_id
		where l.digest = $1 and l.used_at is null and l.expires_at > $2 for update of l`, digest, s.Now()).Scan(&sealed, &organisation, &name)
	if errors.Is(err, pgx.ErrNoRows) {
		return l, ErrLink
	}
	if err != nil {
		return l, fmt.Errorf("reading a link: %w", err)
	}
	l.Organisation, l.Name = postgres.Value(organisation), postgres.Value(name)
	l.Email, err = s.openEmail("partner_links", hexed(digest), sealed)
	return l, err
}

// Enter makes the account of whoever holds a link, with the passkey that the browser made, and opens their session. name is that of a
// new organisation. The link, and others to the same address, end. The error is ErrLink, ErrPasskey, ErrKnown, ErrTooMany, or the database's.
func (s *Service) Enter(ctx context.Context, browser []byte, link, name, lang, former, answer string) (token string, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		l, err := s.Link(ctx, link)
		if err != nil {
			return err
		}
		id, key, err := s.newPasskey(ctx, browser, seal.Digest(link), answer)
		if err != nil {
			return err
		}
		now, organisation := s.Now(), l.Organisation
		if organisation == uuid.Nil {
			organisation = uuid.Must(uuid.NewV7())
			if _, err := s.DB.From(ctx).Exec(ctx, `insert into partner_organisations (id, name, created_at) values ($1, $2, $3)`, organisation, name, now); err != nil {
				return fmt.Errorf("making an organisation: %w", err)
			}
		} else if err := s.room(ctx, organisation); err != nil {
			return err
		}
		raw, err := json.Marshal(key)
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		b.Queue(`insert into partner_people (id, organisation_id, email_index, email_sealed, language, created_at) values ($1, $2, $3, $4, $5, $6)`,
			id, organisation, s.index(l.Email), s.sealEmail("partner_people", id.String(), l.Email), lang, now)
		b.Queue(`insert into partner_passkeys (credential_id, person_id, credential, sign_count, created_at) values ($1, $2, $3, $4, $5)`,
			key.ID, id, raw, int64(key.Authenticator.SignCount), now)
		b.Queue(`update partner_links set used_at = $2, expires_at = least(expires_at, $2) where email_index = any($1) and used_at is null`, s.indexes(l.Email), now)
		err = s.DB.From(ctx).SendBatch(ctx, b).Close()
		switch postgres.Violated(err) {
		case "partner_people_email_key":
			return ErrKnown
		case "partner_passkeys_pkey":
			return ErrPasskey
		}
		if err != nil {
			return fmt.Errorf("making a partner's account: %w", err)
		}
		if token, err = s.openSession(ctx, id, former); err != nil {
			return err
		}
		return s.note(ctx, audit.Event{Kind: audit.PartnerJoined, Subject: organisation.String(), Actor: id.String(), Success: true})
	})
	return token, err
}

// room refuses one person more than an organisation may have; it allows one change of an organisation at a time.
func (s *Service) room(ctx context.Context, organisation uuid.UUID) error {
	var n int
	err := s.DB.From(ctx).QueryRow(ctx, `
		with one as (select id from partner_organisations where id = $1 for update)
		select count(p.id) from one left join partner_people p on p.organisation_id = one.id and p.removed_at is null`, organisation).Scan(&n)
	if err == nil && n >= maxPeople {
		return ErrTooMany
	}
	return err
}

// lockOrganisation allows one change of an organisation's people at a time.
func (s *Service) lockOrganisation(ctx context.Context, organisation uuid.UUID) error {
	if err := s.room(ctx, organisation); !errors.Is(err, ErrTooMany) {
		return err
	}
	return nil
}

// remove ends a person's sessions, passkeys and the organisation's open invitations.
func (s *Service) remove(ctx context.Context, organisation, id uuid.UUID) error {
	now := s.Now()
	tag, err := s.DB.From(ctx).Exec(ctx, `update partner_people set removed_at = $3 where id = $1 and organisation_id = $2 and removed_at is null`, id, organisation, now)
	if err != nil {
		return fmt.Errorf("removing a person: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrNotFound
	}
	b := &pgx.Batch{}
	b.Queue(`delete from partner_passkeys where person_id = $1`, id)
	b.Queue(`update partner_links set expires_at = least(expires_at, $2) where organisation_id = $1 and used_at is null`, organisation, now)
	if err := s.DB.From(ctx).SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("removing passkeys: %w", err)
	}
	return nil
}

// Colleague is a person on the page of people.
type Colleague struct {
	ID        uuid.UUID
	Email     string
	CreatedAt time.Time
}

// People are those of the organisation.
func (s *Service) People(ctx context.Context, organisation uuid.UUID) ([]Colleague, error) {
	rows, err := s.DB.From(ctx).Query(ctx, `select id, email_sealed, created_at from partner_people where organisation_id = $1 and removed_at is null order by created_at, id`, organisation)
	if err != nil {
		return nil, fmt.Errorf("reading a partner's people: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Colleague, err error) {
		var sealed []byte
		if err = row.Scan(&c.ID, &sealed, &c.CreatedAt); err == nil {
			c.Email, err = s.openEmail("partner_people", c.ID.String(), sealed)
		}
		return c, err
	})
}

// Invite mails a link by which the address becomes one of the organisation's people. For an address with an account, of this or another
// organisation, it looks the same. The error is accounts.Flaw, ErrTooMany, *ratelimit.Exceeded, or the database's.
func (s *Service) Invite(ctx context.Context, p Person, typed, lang string) error {
	email, err := accounts.ParseEmail(typed)
	if err != nil {
		return err
	}
	asks := []ratelimit.Ask{{Limit: invites, Key: p.Organisation.String()}, {Limit: joinAddress, Key: strings.ToLower(email)}}
	if err := s.Limiter.TakeAll(ctx, s.Now(), asks...); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		if err := s.room(ctx, p.Organisation); err != nil {
			return err
		}
		if err := s.note(ctx, audit.Event{Kind: audit.PartnerInvited, Subject: p.Organisation.String(), Actor: p.ID.String(), Success: true}); err != nil {
			return err
		}
		known, err := s.known(ctx, email)
		if err != nil {
			return err
		}
		if known {
			return s.send(ctx, "partner_known", email, lang, 0, nil)
		}
		return s.mailLink(ctx, "partner_invited", email, lang, p.Organisation, inviteLife)
	})
}

// Remove takes a person out of the organisation: their sessions find nobody from now on, their passkeys are deleted, and open invitations
// end, which may be their own way back. A person who lost
// their passkey is removed and invited again by a colleague. The last person stays. The error is ErrNotFound, ErrState, or the database's.
func (s *Service) Remove(ctx context.Context, p Person, id uuid.UUID) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		if err := s.lockOrganisation(ctx, p.Organisation); err != nil {
			return err
		}
		if id == p.ID {
			return ErrState
		}
		if err := s.remove(ctx, p.Organisation, id); err != nil {
			return err
		}
		return s.note(ctx, audit.Event{Kind: audit.PartnerRemoved, Subject: p.Organisation.String(), Actor: p.ID.String(), Success: true, Data: map[string]string{"person": id.String()}})
	})
}
