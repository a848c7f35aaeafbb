package argon2

import (
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"
)

// Pool keeps the memory of hashes, as much as were computed at once, until none was for a while. The zero value is ready.
type Pool struct {
	mu     sync.Mutex
	free   []*memory
	unused *time.Timer
}

// kept is how long unused memory is kept.
const kept = 10 * time.Second

// IDKey is that of golang.org/x/crypto/argon2.
func (p *Pool) IDKey(password, salt []byte, passes, memoryKiB uint32, lanes uint8, size uint32) []byte {
	if lanes != 1 || passes == 0 {
		return argon2.IDKey(password, salt, passes, memoryKiB, lanes, size)
	}
	m := p.take()
	defer p.give(m)
	return key(m.blocks(int(max(minimumKiB, memoryKiB/syncPoints*syncPoints))), password, salt, passes, memoryKiB, size)
}

func (p *Pool) take() *memory {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.free) - 1
	if last < 0 {
		return &memory{}
	}
	m := p.free[last]
	p.free = slices.Delete(p.free, last, last+1)
	return m
}

func (p *Pool) give(m *memory) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, m)
	if p.unused == nil {
		p.unused = time.AfterFunc(kept, p.Release)
	}
	p.unused.Reset(kept)
}

// Release gives the unused memory back to the system at once.
func (p *Pool) Release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.free {
		m.release()
	}
	p.free = nil
}
