package provider

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// onceOnly identifies a JWT that may be used once: a client assertion or a DPoP proof.
type onceOnly struct {
	kind    string    // "assertion" or "dpop"
	owner   string    // client_id, or the key's thumbprint
	id      string    // jti
	issued  time.Time // from iat, else as early as exp allows
	expires time.Time
}

// digest returns the stored key. Length prefixes separate the parts.
func (o onceOnly) digest() []byte {
	h := sha256.New()
	for _, part := range []string{o.kind, o.owner, o.id} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}

// spend marks all of them used in one statement and returns those that had been used before. Call it after all other
// checks, so that a refused JWT is not spent. A restored database has lost some uses, so JWTs issued before its epoch
// count as used, compared by the second because iat is in seconds.
func (s *store) spend(ctx context.Context, all ...onceOnly) (replayed []onceOnly, err error) {
	if len(all) == 0 {
		return nil, nil
	}
	digests, issued, expires := make([][]byte, len(all)), make([]time.Time, len(all)), make([]time.Time, len(all))
	for i, one := range all {
		digests[i], issued[i], expires[i] = one.digest(), one.issued, one.expires
	}
	rows, err := s.db.From(ctx).Query(ctx, `
		insert into used_jtis (digest, expires_at)
		select digest, expires from unnest($1::bytea[], $2::timestamptz[], $3::timestamptz[]) as sent (digest, expires, issued)
		where issued >= coalesce((select date_trunc('second', raised_at) from settings), '-infinity')
		on conflict on constraint used_jtis_pkey do nothing
		returning digest`, digests, expires, issued)
	if err != nil {
		return nil, fmt.Errorf("marking a jti used: %w", err)
	}
	defer rows.Close()
	var fresh [][]byte
	for rows.Next() {
		var digest []byte
		if err := rows.Scan(&digest); err != nil {
			return nil, fmt.Errorf("marking a jti used: %w", err)
		}
		fresh = append(fresh, digest)
	}
	for i, digest := range digests {
		if !slices.ContainsFunc(fresh, func(f []byte) bool { return slices.Equal(f, digest) }) {
			replayed = append(replayed, all[i])
		}
	}
	return replayed, rows.Err()
}
