package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/members"
)

// Deps are the dependencies of a Service. All are required.
type Deps struct {
	DB       *postgres.DB
	Audit    *audit.Log
	Accounts *accounts.Service
	Roster   *members.Roster
	Sample   string // the invented roster, CSV with a header; more.csv is added to it
	// Accept returns the texts in force in a language, as accepted by a member.
	Accept func(now time.Time, language string) (agreement, certification accounts.Acceptance)
	Now    func() time.Time
}

// Service makes the first state of a sandbox.
type Service struct {
	Deps
	roster []byte
	cards  map[string]card
}

// New checks the dependencies.
func New(d Deps) (*Service, error) {
	if d.DB == nil || d.Audit == nil || d.Accounts == nil || d.Roster == nil || d.Accept == nil || d.Now == nil {
		return nil, errors.New("sandbox: a dependency is missing")
	}
	s := &Service{Deps: d, roster: slices.Concat([]byte(d.Sample), more)}
	var err error
	s.cards, err = cardsOf(s.roster)
	return s, err
}

// Start imports the roster and makes the first state, unless it was made before. Instances may start together, and a start that was
// killed is finished by the next.
func (s *Service) Start(ctx context.Context) error {
	if err := Check(ctx, s.DB, true); err != nil {
		return err
	}
	if err := s.importRoster(ctx); err != nil {
		return fmt.Errorf("importing the invented roster: %w", err)
	}
	return s.reset(ctx, true)
}

func (s *Service) importRoster(ctx context.Context) error {
	for {
		imported, err := s.Roster.Imported(ctx)
		if err != nil || imported {
			return err
		}
		_, err = s.Roster.Import(ctx, bytes.NewReader(s.roster), members.ImportOptions{})
		if !errors.Is(err, members.ErrImportRunning) { // by another instance
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}
