//go:build unix

package argon2

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// memory is mapped outside the Go heap: for memory on it, the collector would keep the same amount again in reserve.
type memory struct{ mapped []byte }

// blocks returns memory for n blocks. Its content is arbitrary.
func (m *memory) blocks(n int) []block {
	if len(m.mapped) < n*blockSize {
		m.release()
		mapped, err := unix.Mmap(-1, 0, n*blockSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
		if err != nil {
			return make([]block, n) // for this once
		}
		m.mapped = mapped
	}
	return unsafe.Slice((*block)(unsafe.Pointer(&m.mapped[0])), n)
}

func (m *memory) release() {
	if m.mapped != nil {
		_ = unix.Munmap(m.mapped) // of what Mmap gave
		m.mapped = nil
	}
}
