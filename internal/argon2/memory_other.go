//go:build !unix

package argon2

// memory is of the heap where there is no mmap.
type memory struct{ kept []block }

// blocks is memory for n of them, which holds anything.
func (m *memory) blocks(n int) []block {
	if len(m.kept) < n {
		m.kept = make([]block, n)
	}
	return m.kept[:n]
}

func (m *memory) release() { m.kept = nil }
