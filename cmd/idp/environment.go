package main

import (
	"io"
	"time"

	"huskyidp/internal/audit"
	"huskyidp/internal/outbound"
	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
	"huskyidp/members"
	"huskyidp/provider"
	"huskyidp/templates"
)

// Environment is what the commands work with; main fills it in. DB and Keyring are nil for commands that need neither
// (roster sample).
type Environment struct {
	DB            *postgres.DB
	Keyring       *seal.Keyring
	MemberNumbers members.NumberFormat // zero: nine digits
	Stdout        io.Writer            // results
	Stderr        io.Writer            // progress and faults
	RSABits       int                  // 0: 2048
	ClientRules   provider.Rules
	Outbound      outbound.Options
	AgreementDir  string            // or ""
	Looks         templates.Options // of mails
	Now           func() time.Time

	leftOut bool // an import left out some lines
}

func (env *Environment) audit() *audit.Log { return audit.New(env.DB) }
