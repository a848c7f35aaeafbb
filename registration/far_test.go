package registration

import (
	"testing"
	"time"

	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
)

// with 400 ms to the database everything works, slowly, on connections that are new and whose statements nobody has
// prepared yet.
func TestFarDatabase(t *testing.T) {
	t.Parallel()
	dsn, proxy := postgrestest.Proxied(t, postgrestest.DSN(t))
	db := postgrestest.Open(t, postgres.Options{DSN: dsn, MaxConns: 4})
	s := newSiteOn(t, db, 3*time.Second)
	db.Pool().Reset() // new connections, with nothing prepared
	proxy.Delay(400 * time.Millisecond)
	if _, err := db.From(t.Context()).Exec(t.Context(), "select 1"); err != nil {
		t.Logf("a connection is being made: %v", err) // for the next
		time.Sleep(3 * time.Second)
	}
	b := s.browser()
	b.get("/register/agreement?flow=f1").post("act", "agree")
	b.get("/register/personal?flow=f1").on("/register/personal", 200).post(maria...).on("/register/credentials", 200)
	b.post(mariaChoice...).on("/register/code", 200).post("code", s.code()).on("/register/review", 200).send("certify", "yes")
	if b.status != 303 || s.count(`select count(*) from accounts`) != 1 {
		t.Errorf("Finalizar = %d, accounts %d", b.status, s.count(`select count(*) from accounts`))
	}
}
