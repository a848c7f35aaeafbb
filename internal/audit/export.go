package audit

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// exported is one line of an export.
type exported struct {
	Position  *int64            `json:"position,omitempty"` // in the chain, once it is sealed
	ID        uuid.UUID         `json:"id"`
	At        time.Time         `json:"at"`
	Kind      Kind              `json:"kind"`
	AccountID string            `json:"account_id,omitempty"`
	ClientID  string            `json:"client_id,omitempty"`
	SessionID string            `json:"session_id,omitempty"`
	Subject   string            `json:"subject,omitempty"`
	Actor     string            `json:"actor,omitempty"`
	RequestID string            `json:"request_id,omitempty"`
	Success   bool              `json:"success"`
	Reason    string            `json:"reason,omitempty"`
	Data      map[string]string `json:"data,omitempty"`
}

// Export writes the rows from from (inclusive) to to (exclusive), one JSON document per line, ordered by instant. It
// reads page by page, so that memory use is constant and no statement runs long.
func (l *Log) Export(ctx context.Context, w io.Writer, from, to time.Time) error {
	out := bufio.NewWriterSize(w, 64<<10)
	encoder := json.NewEncoder(out)
	after := struct {
		at time.Time
		id uuid.UUID
	}{from, uuid.Nil}
	for {
		rows, err := l.db.From(ctx).Query(ctx, `
			select c.position, e.id, `+columns+` from audit_events e left join audit_chain c on c.event_id = e.id
			where e.at >= $1 and e.at < $2 and (e.at, e.id) > ($1, $3) order by e.at, e.id limit 1000`, after.at, to, after.id)
		if err != nil {
			return fmt.Errorf("exporting the audit: %w", err)
		}
		n := 0
		_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
			var x exported
			var e Event
			if err := row.Scan(append([]any{&x.Position, &x.ID}, e.targets()...)...); err != nil {
				return struct{}{}, err
			}
			n++
			after.at, after.id = e.At, x.ID
			x.At, x.Kind, x.AccountID, x.ClientID, x.SessionID, x.Subject = e.At.UTC(), e.Kind, e.AccountID, e.ClientID, e.SessionID, e.Subject
			x.Actor, x.RequestID, x.Success, x.Reason, x.Data = e.Actor, e.RequestID, e.Success, e.Reason, e.Data
			return struct{}{}, encoder.Encode(x)
		})
		if err != nil {
			return fmt.Errorf("exporting the audit: %w", err)
		}
		if n < 1000 {
			return out.Flush()
		}
	}
}
