package members

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"

	"huskyidp/internal/seal"
)

// rowSum is a digest of what a file says, which does not depend on its form or the order of its rows: the sum of the keyed
// digests of the rows, modulo 2^256, with their number. After a rotation of the key it differs from the one that is stored,
// and files of before are known by their bytes alone.
type rowSum struct {
	lanes [4]uint64
	n     uint64
	lacks []column // columns that the file does not have: what it leaves as it was
}

func (s *rowSum) add(mac []byte) {
	carry := uint64(0)
	for i := range s.lanes {
		s.lanes[i], carry = bits.Add64(s.lanes[i], binary.LittleEndian.Uint64(mac[8*i:]), carry)
	}
	s.n++
}

func (s *rowSum) digest() []byte {
	sum := sha256.New()
	for _, v := range append(s.lanes[:], s.n) {
		_ = binary.Write(sum, binary.LittleEndian, v) // a hash returns no error
	}
	lacks := slices.Clone(s.lacks)
	slices.Sort(lacks)
	fmt.Fprint(sum, lacks)
	return sum.Sum(nil)
}

// addRow takes an entry into the digest of the file's rows.
func (run *importRun) addRow(e *entry) {
	mac := e.contentMAC
	switch {
	case e.skipped != "" || e.partial:
		return
	case e.fault != nil:
		said := fmt.Appendf(nil, "%s %s %s ", e.fault.Column, e.fault.Problem, e.own)
		mac = run.roster.deps.Keyring.MAC(seal.Index, []byte("roster line with a fault"), append(said, e.rec.encode()...))
	case e.written != nil: // moving a suffix to its place makes another file
		rec := e.rec
		rec.FirstName, rec.LastName, rec.Suffix = e.written[0], e.written[1], e.written[2]
		_, mac = run.roster.encode(rec)
	}
	run.rows.lacks = e.absent
	run.rows.add(mac)
}

// errOldRows is ErrOldFile for a file that was saved again.
var errOldRows = fmt.Errorf("%w, in another form or order; nothing was changed", ErrOldFile)

// rowsDigest returns the digest of the file's rows, nil for a file that says when it was made, by which its age is known.
func (run *importRun) rowsDigest() []byte {
	if run.source.isChange() || !run.source.made().newest.IsZero() {
		return nil
	}
	return run.rows.digest()
}

// checkRows looks for the file among those that were applied before the newest, in whichever form.
func (run *importRun) checkRows(ctx context.Context) (err error) {
	if digest := run.rowsDigest(); digest != nil && !run.isEmpty {
		run.isOldRows, err = run.roster.store.hadRows(ctx, digest, run.hash.Sum(nil))
	}
	return err
}

// hadRows reports whether a file with these rows was applied, and others after it: files, since this one may have been read in
// several ways.
func (s store) hadRows(ctx context.Context, digest, sum []byte) (had bool, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM roster_imports WHERE rows_digest = $1)
		   AND (SELECT rows_digest IS DISTINCT FROM $1 AND file_sha256 <> $2 FROM roster_imports ORDER BY applied_at DESC, id DESC LIMIT 1)`, digest, sum).Scan(&had)
	if err != nil {
		return false, fmt.Errorf("reading former imports: %w", err)
	}
	return had, nil
}
