package argon2

import _ "unsafe" // for go:linkname

// G of RFC 9106 section 3.5, by the machine's own instructions, as golang.org/x/crypto/argon2 has it.

//go:linkname mix golang.org/x/crypto/argon2.processBlock
//go:noescape
func mix(out, in1, in2 *block)

//go:linkname mixXOR golang.org/x/crypto/argon2.processBlockXOR
//go:noescape
func mixXOR(out, in1, in2 *block)
