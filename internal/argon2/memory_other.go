//go:build !unix

package argon2

// memory is on the heap, on systems without mmap.
type memory struct{ kept []block }

// blocks returns memory for n blocks. Its content is arbitrary.
func (m *memory) blocks(n int) []block {
	if len(m.kept) < n {
		m.kept = make([]block, n)
	}
	return m.kept[:n]
}

func (m *memory) release() { m.kept = nil }
