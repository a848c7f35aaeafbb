package main

import (
	"strings"
	"sync"
	"testing"
	"time"

	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
)

// An instance with another issuer than that of its database does not start: a slip in one of two would give apps tokens of both.
// A move is accepted by name, and the instance of before is then the one that is wrong.
func TestIssuerOfTheDatabase(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, postgres.Options{DSN: postgrestest.DSN(t), MaxConns: 4})
	judge := func(issuer string, accept ...string) error {
		e := environment{Issuer: issuer, Accept: accept}
		return e.judgeIssuer(t.Context(), db, time.Now())
	}
	var instances sync.WaitGroup
	for range 4 {
		instances.Go(func() {
			if err := judge("https://one.example"); err != nil {
				t.Error(err)
			}
		})
	}
	instances.Wait()
	err := judge("https://two.example")
	if err == nil || !strings.Contains(err.Error(), "IDP_ISSUER: is https://two.example, but this database serves https://one.example") || !strings.Contains(err.Error(), "IDP_ACCEPT=another-issuer") {
		t.Errorf("another issuer: %v", err)
	}
	if err := judge("https://two.example", acceptIssuer); err != nil {
		t.Errorf("a move: %v", err)
	}
	if err := judge("https://two.example"); err != nil {
		t.Errorf("after the move: %v", err)
	}
	if err := judge("https://one.example"); err == nil {
		t.Error("the issuer of before starts after the move")
	}
}
