package argon2

import (
	"encoding/binary"
	"hash"
	"runtime"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/blake2b"
)

const (
	blockSize  = 1024 // bytes
	syncPoints = 4    // slices of a pass
	typeID     = 2    // Argon2id
	minimumKiB = 2 * syncPoints
	turn       = 1024 // blocks between two offers to let others run: half a millisecond, where the scheduler alone gives ten
)

type block [blockSize / 8]uint64

// key fills memory, which is a multiple of four blocks, and returns the tag of RFC 9106 section 3.2 with one lane, no secret and
// no associated data. What memory held before does not matter.
func key(memory []block, password, salt []byte, passes, memoryKiB, size uint32) []byte {
	fill(memory, initialHash(password, salt, passes, memoryKiB, size), passes)
	var last [blockSize]byte
	for i, v := range memory[len(memory)-1] {
		binary.LittleEndian.PutUint64(last[i*8:], v)
	}
	tag := make([]byte, size)
	variableHash(tag, last[:])
	return tag
}

// initialHash is H_0.
func initialHash(password, salt []byte, passes, memoryKiB, size uint32) (h [blake2b.Size]byte) {
	digest := newDigest(blake2b.Size)
	write := func(values ...uint32) {
		for _, v := range values {
			var word [4]byte
			binary.LittleEndian.PutUint32(word[:], v)
			digest.Write(word[:])
		}
	}
	write(1, size, memoryKiB, passes, argon2.Version, typeID, uint32(len(password)))
	digest.Write(password)
	write(uint32(len(salt)))
	digest.Write(salt)
	write(0, 0)
	digest.Sum(h[:0])
	return h
}

// fill computes every block of every pass.
func fill(memory []block, h [blake2b.Size]byte, passes uint32) {
	for i := range uint32(2) {
		var seed [blake2b.Size + 8]byte
		var first [blockSize]byte
		copy(seed[:], h[:])
		binary.LittleEndian.PutUint32(seed[blake2b.Size:], i)
		variableHash(first[:], seed[:])
		for k := range memory[i] {
			memory[i][k] = binary.LittleEndian.Uint64(first[k*8:])
		}
	}
	for pass := range passes {
		for slice := range uint32(syncPoints) {
			segment(memory, pass, slice, passes)
		}
	}
}

// segment computes a quarter of a pass. In the first half of the first pass the reference blocks do not depend on the password.
func segment(memory []block, pass, slice, passes uint32) {
	all := uint32(len(memory))
	length := all / syncPoints
	independent := pass == 0 && slice < syncPoints/2
	var addresses, zero block
	input := block{uint64(pass), 0, uint64(slice), uint64(all), uint64(passes), typeID}
	first := uint32(0)
	if pass == 0 && slice == 0 {
		first = 2 // which initialHash gave
	}
	for i := first; i < length; i++ {
		if i%turn == turn-1 {
			runtime.Gosched()
		}
		at := slice*length + i
		previous := (at + all - 1) % all
		random := memory[previous][0]
		if independent {
			if i == first || i%uint32(len(addresses)) == 0 {
				input[6]++
				mix(&addresses, &input, &zero)
				mix(&addresses, &addresses, &zero)
			}
			random = addresses[i%uint32(len(addresses))]
		}
		reference := referenceBlock(random, all, length, pass, slice, i)
		if pass == 0 {
			mix(&memory[at], &memory[previous], &memory[reference])
		} else {
			mixXOR(&memory[at], &memory[previous], &memory[reference])
		}
	}
}

// referenceBlock is section 3.4.2 with one lane: among the blocks that are complete, but the previous one, with a preference for
// later ones.
func referenceBlock(random uint64, all, length, pass, slice, i uint32) uint32 {
	size, start := 3*length+i-1, ((slice+1)%syncPoints)*length
	if pass == 0 {
		size, start = slice*length+i-1, 0
	}
	x := random & 0xffffffff
	x = x * x >> 32
	x = x * uint64(size) >> 32
	return uint32((uint64(start) + uint64(size) - 1 - x) % uint64(all))
}

// variableHash is H' of section 3.3.
func variableHash(out, in []byte) {
	digest := newDigest(min(len(out), blake2b.Size))
	var v [blake2b.Size]byte
	binary.LittleEndian.PutUint32(v[:4], uint32(len(out)))
	digest.Write(v[:4])
	digest.Write(in)
	for len(out) > blake2b.Size {
		digest.Sum(v[:0])
		copy(out, v[:blake2b.Size/2])
		out = out[blake2b.Size/2:]
		digest = newDigest(min(len(out), blake2b.Size))
		digest.Write(v[:])
	}
	digest.Sum(out[:0])
}

func newDigest(size int) hash.Hash {
	digest, err := blake2b.New(size, nil)
	if err != nil {
		panic(err) // of sizes that there are not
	}
	return digest
}
