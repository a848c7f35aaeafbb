package main

import (
	"context"

	"huskyidp/internal/postgres"
)

// judgeRole refuses a database role that could alter the schema or the record of security events (S-79), unless that is
// accepted by name.
func (e *environment) judgeRole(ctx context.Context, db *postgres.DB) error {
	owns, err := postgres.Owns(ctx, db)
	if err != nil {
		return databaseError(e.DatabaseURL, err)
	}
	if owns && !e.accepts(acceptOwner) {
		return &oneLine{"IDP_DATABASE_URL: its role can alter the schema and the audit; serve with one that is a member of " + postgres.AppRole +
			" (deploy/roles.sql), or accept it: IDP_ACCEPT=" + acceptOwner, nil}
	}
	return nil
}
