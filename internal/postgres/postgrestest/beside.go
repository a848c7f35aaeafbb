package postgrestest

import (
	"testing"
	"time"

	"huskyidp/internal/postgres"
)

// Beside starts use next to an open transaction and lets it come as far as that lets it: it returns once use has ended, or waits
// for a lock. A pause of some length would be too short on a busy machine, or outlast lock_timeout.
func Beside[T any](t testing.TB, db *postgres.DB, use func() T) <-chan T {
	t.Helper()
	conn := Owner(t, db)
	result, ended := make(chan T, 1), make(chan struct{})
	go func() {
		defer close(ended)
		result <- use()
	}()
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); {
		select {
		case <-ended:
			return result
		case <-time.After(5 * time.Millisecond):
		}
		var waits bool
		err := conn.QueryRow(t.Context(), `select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')`).Scan(&waits)
		if err != nil {
			t.Fatal(err)
		}
		if waits {
			break
		}
	}
	return result
}
