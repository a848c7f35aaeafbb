package members

import (
	"bytes"
	"crypto/sha256"
	"hash"
)

// contentHash is the digest of a file as its lines are read: a byte order mark and the kind of line ends do not count, because an
// editor that saves a file changes them.
type contentHash struct {
	hash.Hash
	started bool
	isAfter bool // a carriage return, of which a line feed is part
}

func newContentHash() *contentHash { return &contentHash{Hash: sha256.New()} }

func (c *contentHash) Write(p []byte) (n int, err error) {
	rest := p
	if !c.started {
		rest = bytes.TrimPrefix(rest, []byte(markUTF8))
		c.started = true
	}
	for len(rest) > 0 {
		if c.isAfter && rest[0] == '\n' {
			rest = rest[1:]
		}
		line, after, isReturn := bytes.Cut(rest, []byte{'\r'})
		_, _ = c.Hash.Write(line) // a hash returns no error
		if isReturn {
			_, _ = c.Hash.Write([]byte{'\n'})
		}
		rest, c.isAfter = after, isReturn
	}
	return len(p), nil
}
