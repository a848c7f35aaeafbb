// Package argon2 computes Argon2id (RFC 9106) in memory that is used again.
//
// golang.org/x/crypto/argon2 allocates the 46 MiB of each hash: the kernel clears them, and the collector looks through the
// whole heap after each, which was a quarter of what a sign-in cost. (An interface with a buffer has been asked for since 2020,
// golang.org/issue/36634.) Here the loop over the blocks is written again, for one lane; the mixing of two blocks, where the
// time goes, is that of golang.org/x/crypto, by go:linkname. The tests compare with it.
//
// A hash offers the processor to other goroutines every half millisecond, so that those who refresh tokens on the same core do
// not wait ten at a time.
package argon2
