package provider

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/ory/fosite"
)

// idClaims are the claims of every ID token: a new one is listed in claimNames as well. Facts about the member, given by scope or
// by the claims parameter, are in claims.go.
type idClaims struct {
	Issuer          string           `json:"iss"`
	Subject         string           `json:"sub"`
	Audience        string           `json:"aud"`
	Expiry          *jwt.NumericDate `json:"exp"`
	IssuedAt        *jwt.NumericDate `json:"iat"`
	AuthTime        *jwt.NumericDate `json:"auth_time"`
	Nonce           string           `json:"nonce,omitempty"`
	ACR             string           `json:"acr"`
	AMR             []string         `json:"amr"`
	SID             string           `json:"sid"`
	AccessTokenHash string           `json:"at_hash,omitempty"`
	CodeHash        string           `json:"c_hash,omitempty"` // only with a code
	FHIRUser        string           `json:"fhirUser,omitempty"`
}

// GenerateIDToken signs with the algorithm that the client registered.
func (s *strategy) GenerateIDToken(_ context.Context, _ time.Duration, r fosite.Requester) (string, error) {
	session := sessionOf(r)
	g, client, t := session.grant, session.client, session.terms
	alg := client.Metadata.IDTokenSignedResponseAlg
	claims := idClaims{
		Issuer: s.issuer, Subject: g.Subject, Audience: g.ClientID,
		Expiry: jwt.NewNumericDate(session.now.Add(idTokenLifetime)), IssuedAt: jwt.NewNumericDate(session.now),
		AuthTime: jwt.NewNumericDate(g.AuthTime), ACR: g.ACR, AMR: g.AMR, SID: client.sidAt(g.SID),
		AccessTokenHash: leftHalf(alg, session.made.access), CodeHash: leftHalf(alg, session.made.code), FHIRUser: t.launch.fhirUser,
	}
	if session.token == nil {
		claims.Nonce = g.Nonce
	}
	token, err := s.sign(alg, "JWT", claims, t.claims)
	if err != nil {
		return "", err
	}
	return t.envelope.seal(token, "JWT")
}

// leftHalf returns at_hash or c_hash: the left half of the digest that belongs to the ID token's algorithm (OpenID
// Connect Core 3.1.3.6, 3.3.2.11), "" for an empty text.
func leftHalf(alg, text string) string {
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	if alg == "EdDSA" { // Ed25519 hashes with SHA-512
		long := sha512.Sum512([]byte(text))
		return base64.RawURLEncoding.EncodeToString(long[:32])
	}
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
