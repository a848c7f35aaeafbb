package argon2

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"golang.org/x/crypto/argon2"
)

// TestIDKey compares with golang.org/x/crypto, in memory that held other hashes before.
func TestIDKey(t *testing.T) {
	t.Parallel()
	var pool Pool
	for _, p := range []struct {
		passes, kib uint32
		lanes       uint8
		size        uint32
		password    string
	}{
		{1, 47104, 1, 32, "un caballo azul corre lejos"}, {2, 19456, 1, 32, "un caballo azul corre lejos"}, {1, 64, 1, 32, ""}, {1, 0, 1, 32, "x"}, {1, 8, 1, 4, "x"},
		{1, 11, 1, 64, "x"}, {3, 1027, 1, 65, "x"}, {4, 100, 1, 96, "x"}, {1, 513, 1, 200, "x"}, {2, 600, 1, 1024, "x"}, {1, 64, 2, 32, "x"}, {2, 64, 4, 32, "x"},
	} {
		salt := []byte("0123456789abcdef")
		got := pool.IDKey([]byte(p.password), salt, p.passes, p.kib, p.lanes, p.size)
		if want := argon2.IDKey([]byte(p.password), salt, p.passes, p.kib, p.lanes, p.size); !bytes.Equal(got, want) {
			t.Errorf("%+v: %x, want %x", p, got, want)
		}
	}
}

// TestPool: those that are computed at once have memory of their own, which is used again and given back.
func TestPool(t *testing.T) {
	t.Parallel()
	var pool Pool
	var group sync.WaitGroup
	for n := range 4 {
		group.Go(func() {
			for i := range 20 {
				password, salt := fmt.Appendf(nil, "%d %d", n, i), []byte("0123456789abcdef")
				if got, want := pool.IDKey(password, salt, 1, 256, 1, 32), argon2.IDKey(password, salt, 1, 256, 1, 32); !bytes.Equal(got, want) {
					t.Errorf("%s: %x, want %x", password, got, want)
				}
			}
		})
	}
	group.Wait()
	if kept := len(pool.free); kept < 1 || kept > 4 {
		t.Errorf("%d memories are kept, want one to four", kept)
	}
	pool.Release()
	if len(pool.free) != 0 {
		t.Error("memory is kept after its release")
	}
	pool.IDKey([]byte("x"), []byte("0123456789abcdef"), 1, 64, 1, 32)
}

func BenchmarkIDKey(b *testing.B) {
	for _, p := range []struct{ passes, kib uint32 }{{1, 47104}, {2, 19456}} {
		name := fmt.Sprintf("%d MiB t=%d", p.kib>>10, p.passes)
		b.Run(name, func(b *testing.B) {
			var pool Pool
			b.ReportAllocs()
			for b.Loop() {
				pool.IDKey([]byte("un caballo azul corre lejos"), []byte("0123456789abcdef"), p.passes, p.kib, 1, 32)
			}
		})
		b.Run(name+", allocated", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				argon2.IDKey([]byte("un caballo azul corre lejos"), []byte("0123456789abcdef"), p.passes, p.kib, 1, 32)
			}
		})
	}
}
