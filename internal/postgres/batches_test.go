package postgres_test

import (
	"testing"

	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
)

// TestDeleteBatches: a sweep continues until nothing is left, however much there was (S-73).
func TestDeleteBatches(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	for _, rows := range []int64{0, 1, postgres.Batch, 2*postgres.Batch + 5000} {
		_, err := db.From(t.Context()).Exec(t.Context(), `
			insert into rate_limits (name, key, opened_at, count, expires_at)
			select 'test', sha256(n::text::bytea), now(), 1, now() - interval '1 minute' from generate_series(1, $1) n`, rows)
		if err != nil {
			t.Fatal(err)
		}
		deleted, err := db.DeleteBatches(t.Context(), `
			delete from rate_limits where (name, key) in (select name, key from rate_limits where expires_at <= now() limit 10000 for update skip locked)`)
		if err != nil || deleted != rows {
			t.Errorf("of %d rows %d were deleted: %v", rows, deleted, err)
		}
	}
}
