package members

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/seal"
)

// identity is what a person keeps when a number changes, in the spelling in which cards are compared. The suffix is not part of
// it: files omit it.
type identity struct {
	first, last string
	born        Date
}

func (r record) identity() identity {
	first, last, _ := splitNames(r.FirstName, r.LastName, r.Suffix)
	return identity{fold(first), fold(last), r.BirthDate}
}

// parts are what is left of a person if a name or the birth date is wrong.
func (who identity) parts() (parts []identity) {
	if who.first != "" && who.last != "" {
		parts = append(parts, identity{who.first, who.last, Date{}})
	}
	if !who.born.IsZero() && who.first != "" {
		parts = append(parts, identity{who.first, "", who.born})
	}
	if !who.born.IsZero() && who.last != "" {
		parts = append(parts, identity{"", who.last, who.born})
	}
	return parts
}

// identityMACs returns the digests under which a person is found without a number; the first is the one to store.
func (r *Roster) identityMACs(who identity) [][]byte {
	return r.deps.Keyring.MACs(seal.Index, identityParts(who)...)
}

func (r *Roster) identityMAC(who identity) []byte {
	return r.deps.Keyring.MAC(seal.Index, identityParts(who)...)
}

func identityParts(who identity) [][]byte {
	return [][]byte{[]byte("member identity"), []byte(who.last), []byte(who.first), []byte(who.born.String())}
}

// maxNamesakes bounds the members that FindByName returns.
const maxNamesakes = 50

// FindByName reads the members with a first name, a last name and a birth date, for support staff, the newest first and at most 50.
// Names are compared as on the card, without the suffix. Members who ended, and those whose number was given away, are included;
// several people may have one name and birth date. Rows from before the digest existed are found after the next import.
func (r *Roster) FindByName(ctx context.Context, first, last string, born Date) (found []Member, err error) {
	who := record{FirstName: readName(first), LastName: readName(last), BirthDate: born}.identity()
	if who.first == "" || who.last == "" || born.IsZero() {
		return nil, nil
	}
	rows, err := r.store.byIdentity(ctx, r.identityMACs(who))
	if err != nil {
		return nil, fmt.Errorf("finding members by name: %w", err)
	}
	for _, row := range rows {
		rec, err := r.unseal(row.ID, row.Sealed)
		if err != nil {
			return nil, fmt.Errorf("finding members by name: %w", err)
		}
		if rec.identity() == who {
			found = append(found, rec.member(row, DateOf(r.deps.Now())))
		}
	}
	return found, nil
}

// byIdentity returns the rows with a digest. The release before changes names without it, so the record has to be compared.
func (s store) byIdentity(ctx context.Context, macs [][]byte) ([]memberRow, error) {
	rows, err := s.db.From(ctx).Query(ctx, memberColumns+` WHERE identity_mac = ANY($1) ORDER BY created_at DESC, id DESC LIMIT $2`, macs, maxNamesakes)
	if err != nil {
		return nil, fmt.Errorf("reading the roster: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[memberRow])
	if err != nil {
		return nil, fmt.Errorf("reading the roster: %w", err)
	}
	return found, nil
}

// fillIdentities computes the digests that rows lack, because they were written by a release without it. A row that cannot be
// opened keeps none, and is matched by nobody.
func (r *Roster) fillIdentities(ctx context.Context) error {
	lacking, err := r.store.withoutIdentity(ctx)
	if err != nil {
		return err
	}
	for len(lacking) > 0 {
		page := lacking[:min(len(lacking), chunkEntries)]
		lacking = lacking[len(page):]
		ids, macs, err := r.store.identities(ctx, page, func(id uuid.UUID, sealed []byte) ([]byte, error) {
			rec, err := r.unseal(id, sealed)
			if err != nil {
				return nil, err
			}
			return r.identityMAC(rec.identity()), nil
		})
		if err != nil {
			return err
		}
		if err := r.store.setIdentities(ctx, ids, macs); err != nil {
			return err
		}
	}
	return nil
}

func (s store) withoutIdentity(ctx context.Context) ([]uuid.UUID, error) {
	rows, err := s.db.From(ctx).Query(ctx, `SELECT id FROM members WHERE identity_mac IS NULL ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("reading members without a digest of their name: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("reading members without a digest of their name: %w", err)
	}
	return ids, nil
}

// identities computes digests from the sealed records of a page, leaving out those that cannot be opened.
func (s store) identities(ctx context.Context, page []uuid.UUID, digest func(uuid.UUID, []byte) ([]byte, error)) (ids []uuid.UUID, macs [][]byte, err error) {
	rows, err := s.db.From(ctx).Query(ctx, `SELECT id, sealed FROM members WHERE id = ANY($1)`, page)
	if err != nil {
		return nil, nil, fmt.Errorf("reading members without a digest of their name: %w", err)
	}
	var id uuid.UUID
	var sealed []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &sealed}, func() error {
		mac, err := digest(id, sealed)
		if errors.Is(err, seal.ErrOpen) {
			return nil
		}
		ids, macs = append(ids, id), append(macs, mac)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("reading members without a digest of their name: %w", err)
	}
	return ids, macs, nil
}

func (s store) setIdentities(ctx context.Context, ids []uuid.UUID, macs [][]byte) error {
	_, err := s.db.From(ctx).Exec(ctx, `
		UPDATE members m SET identity_mac = said.mac FROM unnest($1::uuid[], $2::bytea[]) AS said (id, mac) WHERE m.id = said.id`, ids, macs)
	if err != nil {
		return fmt.Errorf("storing digests of names: %w", err)
	}
	return nil
}
