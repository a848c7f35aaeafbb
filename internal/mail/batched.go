package mail

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// batched lets River add its job to the batch that holds the mail's row: what River executes or copies is queued, what
// it reads goes to the transaction at once.
type batched struct {
	pgx.Tx
	batch *pgx.Batch
}

func (b *batched) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	b.batch.Queue(sql, args...)
	return pgconn.CommandTag{}, nil
}

// CopyFrom queues one insert per row.
func (b *batched) CopyFrom(_ context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (n int64, err error) {
	names, places := make([]string, len(columns)), make([]string, len(columns))
	for i, column := range columns {
		names[i], places[i] = pgx.Identifier{column}.Sanitize(), fmt.Sprintf("$%d", i+1)
	}
	insert := fmt.Sprintf("insert into %s (%s) values (%s)", table.Sanitize(), strings.Join(names, ", "), strings.Join(places, ", "))
	for ; rows.Next(); n++ {
		values, err := rows.Values()
		if err != nil {
			return n, err
		}
		b.batch.Queue(insert, values...)
	}
	return n, rows.Err()
}
