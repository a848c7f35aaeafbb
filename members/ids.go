package members

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// IDs finds members by their numbers, each in the form of ParseMemberNumber. Numbers that are not on the roster are
// omitted; members whose coverage ended are included.
func (r *Roster) IDs(ctx context.Context, numbers []string) (map[string]uuid.UUID, error) {
	numberOf, macs := map[string]string{}, make([][]byte, 0, len(numbers))
	for _, number := range numbers {
		for _, mac := range r.numberMACs(number) {
			numberOf[string(mac)] = number
			macs = append(macs, mac)
		}
	}
	rows, err := r.store.db.From(ctx).Query(ctx, `SELECT id, number_mac FROM members WHERE number_mac = ANY($1)`, macs)
	if err != nil {
		return nil, fmt.Errorf("finding members: %w", err)
	}
	ids := map[string]uuid.UUID{}
	var id uuid.UUID
	var mac []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &mac}, func() error {
		ids[numberOf[string(mac)]] = id
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("finding members: %w", err)
	}
	return ids, nil
}

// Numbers reads the member numbers of members. A member whose number was given to another person has none.
func (r *Roster) Numbers(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	rows, err := r.store.db.From(ctx).Query(ctx, memberColumns+` WHERE id = ANY($1)`, ids)
	if err != nil {
		return nil, fmt.Errorf("reading members: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[memberRow])
	if err != nil {
		return nil, fmt.Errorf("reading members: %w", err)
	}
	numbers := map[uuid.UUID]string{}
	for _, row := range found {
		member, err := r.open(row)
		if err != nil {
			return nil, err
		}
		if !row.Replaced {
			numbers[row.ID] = member.MemberNumber
		}
	}
	return numbers, nil
}
