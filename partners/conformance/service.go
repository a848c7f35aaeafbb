package conformance

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/outbound"
	"huskyidp/internal/postgres"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
)

var (
	// ErrNotFound is also for the run of another organisation, and for one that is over.
	ErrNotFound = errors.New("conformance: there is no such run")
	// ErrTooMany means that an organisation has as many runs as it may.
	ErrTooMany = errors.New("conformance: there are as many runs as there may be")
)

// How long a run takes sign-ins after its last use, how long it is shown, and how many an organisation has.
const (
	idle    = 7 * 24 * time.Hour
	shown   = 90 * 24 * time.Hour
	maxRuns = 20
)

// starts bounds the keys that are made.
var starts = ratelimit.Limit{Name: "partner_checks", Count: 20, Per: 24 * time.Hour}

// calls bounds the logout tokens that are sent.
var calls = ratelimit.Limit{Name: "partner_check_calls", Count: 60, Per: time.Hour}

// Poster calls addresses of partners; *outbound.Client but in tests.
type Poster interface {
	Check(address string) error
	PostForm(ctx context.Context, address string, fields url.Values) (outbound.Answer, error)
}

// Deps are the dependencies of a Service; all are required but Base.
type Deps struct {
	DB      *postgres.DB
	Keyring *seal.Keyring
	Limiter *ratelimit.Limiter
	Poster  Poster
	Base    string // https://host of the partner area; "" while it is off
	Now     func() time.Time
}

// Service keeps the runs and answers their apps.
type Service struct{ Deps }

// New checks the dependencies.
func New(d Deps) (*Service, error) {
	if d.DB == nil || d.Keyring == nil || d.Limiter == nil || d.Poster == nil || d.Now == nil {
		return nil, errors.New("conformance: a dependency is missing")
	}
	return &Service{d}, nil
}

// Path begins the addresses of all runs' issuers.
const Path = "/check/"

func (s *Service) issuer(id string) string { return strings.TrimSuffix(s.Base, "/") + Path + id }

// Issuer is the issuer of a run, for the settings of the app.
func (s *Service) Issuer(r Run) string { return s.issuer(r.ID) }

// Settings are what an app is checked with.
type Settings struct {
	Name         string
	RedirectURIs []string
	LogoutURI    string // for logout tokens, or ""
	Auth         string // none, client_secret_basic (client_secret_post is taken as well) or private_key_jwt
	JWKS         string // of private_key_jwt
}

// Fault is what is wrong with a member of Settings, in technical English.
type Fault struct{ Member, Rule string }

func (f *Fault) Error() string { return f.Member + ": " + f.Rule }

func (s *Service) judge(o Settings) error {
	if len(o.RedirectURIs) == 0 || len(o.RedirectURIs) > 10 {
		return &Fault{"redirect_uris", "are one to ten addresses, one a line"}
	}
	for _, address := range o.RedirectURIs {
		u, err := url.Parse(address)
		if err != nil || u.User != nil || u.Fragment != "" || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u)) || len(address) > 2000 {
			return &Fault{"redirect_uris", "are https addresses, or http ones of 127.0.0.1 or [::1], without a fragment"}
		}
	}
	if o.LogoutURI != "" {
		if err := s.Poster.Check(o.LogoutURI); err != nil {
			return &Fault{"backchannel_logout_uri", outbound.Cause(err)}
		}
	}
	var keys jose.JSONWebKeySet
	switch o.Auth {
	case "none", "client_secret_basic":
	case "private_key_jwt":
		if err := json.Unmarshal([]byte(o.JWKS), &keys); err != nil || len(keys.Keys) == 0 {
			return &Fault{"jwks", "is not a JWK Set with keys"}
		}
		for _, k := range keys.Keys {
			if !k.Valid() || !k.IsPublic() {
				return &Fault{"jwks", "holds a key that is not public"}
			}
		}
	default:
		return &Fault{"token_endpoint_auth_method", "is none, client_secret_basic or private_key_jwt"}
	}
	return nil
}

// isLoopback reports whether an address is of the developer's own machine (RFC 8252, 7.3).
func isLoopback(u *url.URL) bool { return u.Hostname() == "127.0.0.1" || u.Hostname() == "::1" }

// Start makes a run. The error is *Fault, ErrTooMany, *ratelimit.Exceeded, or the database's.
func (s *Service) Start(ctx context.Context, organisation uuid.UUID, o Settings) (Run, error) {
	if err := s.judge(o); err != nil {
		return Run{}, err
	}
	if err := s.Limiter.Take(ctx, starts, organisation.String(), s.Now()); err != nil {
		return Run{}, err
	}
	r := Run{ID: strings.ToLower(rand.Text()), Organisation: organisation, CreatedAt: s.Now(), UsedAt: s.Now(), Settings: o, Next: all[0].ID}
	if o.Auth == "client_secret_basic" {
		r.Secret = rand.Text()
	}
	for i := range r.Keys {
		var err error
		if r.Keys[i], err = newKey(); err != nil {
			return Run{}, fmt.Errorf("making a key: %w", err)
		}
	}
	sealed, err := s.seal(r)
	if err != nil {
		return Run{}, err
	}
	tag, err := s.DB.From(ctx).Exec(ctx, `
		insert into partner_checks (id, organisation_id, created_at, used_at, run_sealed)
		select $1, $2, $3, $3, $4 where (select count(*) from partner_checks where organisation_id = $2) < $5`, r.ID, organisation, r.CreatedAt, sealed, maxRuns)
	if err != nil {
		return Run{}, fmt.Errorf("storing a run: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return Run{}, ErrTooMany
	}
	return r, nil
}

// Remove deletes a run of the organisation, also one that is gone already. The error is ErrNotFound for another's, or the database's.
func (s *Service) Remove(ctx context.Context, organisation uuid.UUID, id string) error {
	var isOthers bool
	err := s.DB.From(ctx).QueryRow(ctx, `
		with gone as (delete from partner_checks where id = $1 and organisation_id = $2)
		select exists (select from partner_checks where id = $1 and organisation_id <> $2)`, id, organisation).Scan(&isOthers)
	if err == nil && isOthers {
		err = ErrNotFound
	}
	return err
}

// Runs are the organisation's, the newest first.
func (s *Service) Runs(ctx context.Context, organisation uuid.UUID) ([]Run, error) {
	return s.read(ctx, `where organisation_id = $1 order by created_at desc, id`, organisation)
}

// Run is one of the organisation's. The error is ErrNotFound, or the database's.
func (s *Service) Run(ctx context.Context, organisation uuid.UUID, id string) (Run, error) {
	return one(s.read(ctx, `where id = $1 and organisation_id = $2`, id, organisation))
}

// known is the run of an app's request.
func (s *Service) known(ctx context.Context, id string) (Run, error) {
	return one(s.read(ctx, `where id = $1 and used_at > $2`, id, s.Now().Add(-idle)))
}

func one(found []Run, err error) (Run, error) {
	if err == nil && len(found) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Run{}, err
	}
	return found[0], nil
}

func (s *Service) read(ctx context.Context, where string, args ...any) ([]Run, error) {
	rows, err := s.DB.From(ctx).Query(ctx, `select id, organisation_id, created_at, used_at, run_sealed from partner_checks `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("reading runs: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r Run, err error) {
		var sealed []byte
		if err = row.Scan(&r.ID, &r.Organisation, &r.CreatedAt, &r.UsedAt, &sealed); err != nil {
			return r, err
		}
		plain, err := s.Keyring.Open(seal.Session, place(r.ID), sealed)
		if err == nil {
			err = json.Unmarshal(plain, &r)
		}
		if err != nil {
			return r, fmt.Errorf("opening a run: %w", err)
		}
		return r, nil
	})
}

// change reads a run, and stores what do makes of it, one at a time. An error of do stores nothing.
func (s *Service) change(ctx context.Context, id string, do func(r *Run) error) error {
	return s.DB.InTx(ctx, func(ctx context.Context) error {
		r, err := one(s.read(ctx, `where id = $1 and used_at > $2 for update`, id, s.Now().Add(-idle)))
		if err != nil {
			return err
		}
		if err := do(&r); err != nil {
			return err
		}
		sealed, err := s.seal(r)
		if err != nil {
			return err
		}
		if _, err = s.DB.From(ctx).Exec(ctx, `update partner_checks set run_sealed = $2, used_at = $3 where id = $1`, id, sealed, s.Now()); err != nil {
			return fmt.Errorf("storing a run: %w", err)
		}
		return nil
	})
}

func (s *Service) seal(r Run) ([]byte, error) {
	plain, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return s.Keyring.Seal(seal.Session, place(r.ID), plain), nil
}

func place(id string) seal.Place {
	return seal.Place{Table: "partner_checks", Column: "run_sealed", Row: id}
}

// SealedColumns are the columns with sealed values, for key rotation.
var SealedColumns = []seal.Column{{Purpose: seal.Session, Table: "partner_checks", Column: "run_sealed", Row: "id"}}

func hexed(digest []byte) string { return hex.EncodeToString(digest) }

// Sweep deletes runs that nobody has used for 90 days.
func (s *Service) Sweep(ctx context.Context) error {
	_, err := s.DB.From(ctx).Exec(ctx, `delete from partner_checks where used_at < $1`, s.Now().Add(-shown))
	return err
}
