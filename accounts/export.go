package accounts

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
)

// Exported is a member's account in a form that another system can import.
type Exported struct {
	Account
	PasswordHash string // PHC string of Argon2id over the password in NFKC, or the imported hash; "" if there is none or it was not requested
}

// exportBatch is the number of accounts read at once.
const exportBatch = 1000

// Export passes every member's account to each, in the order of IDs and in batches; secrets includes password hashes.
// The export is recorded in the audit before the first account is read.
func (s *Service) Export(ctx context.Context, secrets bool, each func([]Exported) error) error {
	err := s.audit.Record(ctx, audit.Event{Kind: audit.AccountsExported, At: s.now(), Success: true, Data: map[string]string{"password_hashes": fmt.Sprint(secrets)}})
	if err != nil {
		return err
	}
	for after := uuid.Nil; ; {
		rows, err := s.db.From(ctx).Query(ctx, `select `+accountColumns+` from accounts a where kind = 'member' and closed_at is null and id > $1 order by id limit $2`, after, exportBatch)
		if err != nil {
			return fmt.Errorf("exporting accounts: %w", err)
		}
		var all []Exported
		for rows.Next() {
			var row accountRow
			if err := rows.Scan(row.targets()...); err != nil {
				rows.Close()
				return fmt.Errorf("exporting accounts: %w", err)
			}
			one, err := s.export(row, secrets)
			if err != nil {
				rows.Close()
				return err
			}
			all = append(all, one)
		}
		if err := rows.Err(); err != nil || len(all) == 0 {
			return err
		}
		after = all[len(all)-1].ID
		if err := each(all); err != nil {
			return err
		}
	}
}

func (s *Service) export(row accountRow, secrets bool) (one Exported, err error) {
	if one.Account, err = s.store.open(row); err != nil || !secrets || len(row.PasswordSealed) == 0 {
		return one, err
	}
	plain, err := s.keyring.Open(seal.PepperPassword, passwordPlace(one.ID), row.PasswordSealed)
	if err != nil {
		return one, fmt.Errorf("opening a hash: %w", err)
	}
	one.PasswordHash = strings.TrimPrefix(string(plain), foreignMark)
	return one, nil
}
