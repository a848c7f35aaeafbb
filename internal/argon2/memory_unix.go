//go:build unix

package argon2

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// memory lies outside of the heap: the collector would keep as much again in reserve.
type memory struct{ mapped []byte }

// blocks is memory for n of them, which holds anything.
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
