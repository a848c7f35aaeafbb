package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/jackc/pgx/v5/pgxpool"

	"huskyidp/internal/argon2"
)

// yardstick answers the floor's requests.
type yardstick struct {
	pool    *pgxpool.Pool
	signers map[string]jose.Signer
	keys    []byte // what /jwks answers
	hashes  argon2.Pool
}

// floor serves until ctx ends.
func floor(ctx context.Context, address, dsn string) error {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return err
	}
	config.MaxConns = 16
	y := &yardstick{signers: map[string]jose.Signer{}}
	if y.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return err
	}
	defer y.pool.Close()
	if _, err := y.pool.Exec(ctx, floorTables); err != nil {
		return err
	}
	if err := y.makeKeys(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: y.routes(), ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() }) // the program ends with it
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (y *yardstick) makeKeys() error {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	for alg, key := range map[jose.SignatureAlgorithm]any{jose.ES256: ec, jose.RS256: rs} {
		if y.signers[string(alg)], err = jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: "floor"}}, nil); err != nil {
			return err
		}
	}
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: ec.Public(), KeyID: "1"}, {Key: rs.Public(), KeyID: "2"}}}
	y.keys, err = jsonOf(set)
	return err
}

// token signs claims of the usual size.
func (y *yardstick) token(alg string) (string, error) {
	now := time.Now()
	return jwt.Signed(y.signers[alg]).Claims(map[string]any{"iss": audience, "sub": "018f4c1e-7d3a-7c55-9c7b-2f6f4f0a1b2c", "aud": audience, "client_id": "es256", "scope": "openid offline_access",
		"iat": jwt.NewNumericDate(now), "exp": jwt.NewNumericDate(now.Add(time.Minute)), "jti": random()}).Serialize()
}

func random() string { return rand.Text() + rand.Text() }

func digest(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// refused answers what the caller will count as a failure.
func refused(w http.ResponseWriter, err error) {
	http.Error(w, fmt.Sprint(err), http.StatusInternalServerError)
}
