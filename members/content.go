package members

import (
	"bytes"
	"crypto/sha256"
	"hash"
)

// contentHash is the digest of a file as its lines are read: a byte order mark and the kind and number of line ends at the end
// do not count, because an editor that saves a file changes them.
type contentHash struct {
	hash.Hash
	started bool
	breaks  int  // line ends that count once something follows
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
		i := bytes.IndexAny(rest, "\r\n")
		if i < 0 {
			i = len(rest)
		}
		if i > 0 {
			_, _ = c.Hash.Write(bytes.Repeat([]byte{'\n'}, c.breaks)) // a hash returns no error
			_, _ = c.Hash.Write(rest[:i])
			c.breaks, c.isAfter = 0, false
		}
		if i < len(rest) {
			if rest[i] == '\r' || !c.isAfter {
				c.breaks++
			}
			c.isAfter = rest[i] == '\r'
			i++
		}
		rest = rest[i:]
	}
	return len(p), nil
}
