package main

import (
	"context"
	"fmt"
	"time"

	"huskyidp/internal/postgres"
)

// judgeIssuer refuses an issuer other than that of the instances that serve from the same database: apps would get tokens of both.
func (e *environment) judgeIssuer(ctx context.Context, db *postgres.DB, now time.Time) error {
	var served string
	err := db.InTx(ctx, func(ctx context.Context) error {
		_, err := db.From(ctx).Exec(ctx, `insert into served_issuer (issuer, since) values ($1, $2) on conflict on constraint served_issuer_pkey do nothing`, e.Issuer, now)
		if err != nil {
			return err
		}
		if e.accepts(acceptIssuer) {
			_, err = db.From(ctx).Exec(ctx, `update served_issuer set issuer = $1, since = $2 where issuer <> $1`, e.Issuer, now)
		}
		if err != nil {
			return err
		}
		return db.From(ctx).QueryRow(ctx, `select issuer from served_issuer`).Scan(&served)
	})
	if err != nil {
		return databaseError(e.DatabaseURL, err)
	}
	if served != e.Issuer {
		return &oneLine{fmt.Sprintf("IDP_ISSUER: is %s, but this database serves %s: give all instances the same, or move to the new one: IDP_ACCEPT=%s",
			e.Issuer, served, acceptIssuer), nil}
	}
	return nil
}
