package accounts

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-crypt/crypt"
	"github.com/go-crypt/crypt/algorithm"
	"github.com/go-crypt/crypt/algorithm/argon2"
	"github.com/go-crypt/crypt/algorithm/bcrypt"
	"github.com/go-crypt/crypt/algorithm/pbkdf2"
	"github.com/go-crypt/crypt/algorithm/scrypt"
	"github.com/go-crypt/crypt/algorithm/shacrypt"
	"golang.org/x/text/unicode/norm"
)

// ForeignHash is a password hash made by another system: bcrypt, Argon2, scrypt, PBKDF2 and SHA-crypt in their usual
// string forms, PBKDF2 of Django and of ASP.NET Identity (versions 2 and 3), and salted SHA-2 of LDAP. The zero value
// means no password.
type ForeignHash struct {
	text   string // in the form that decode reads
	scheme string // algorithm and parameters without salt and digest, which determine the cost of verification
}

// Scheme returns the algorithm with its parameters.
func (h ForeignHash) Scheme() string { return h.scheme }

// foreignFormats limits the cost of a verification to about 128 MiB and one second. The first group of a pattern is the
// scheme, the others are numbers with their maximum.
var foreignFormats = []struct {
	pattern *regexp.Regexp
	most    []int
}{
	{regexp.MustCompile(`^(\$2[abxy]?\$(\d\d)\$)[./A-Za-z0-9]{53}$`), []int{13}},
	{regexp.MustCompile(`^(\$argon2(?:id|i|d)\$v=\d+\$m=(\d+),t=(\d+),p=(\d+)\$)[^$]+\$[^$]+$`), []int{131072, 10, 16}},
	{regexp.MustCompile(`^(\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$)[^$]+\$[^$]+$`), []int{17, 8, 10}},
	{regexp.MustCompile(`^(\$pbkdf2(?:-sha1|-sha224|-sha256|-sha384|-sha512)?\$(\d+)\$)[^$]+\$[^$]+$`), []int{2_000_000}},
	{regexp.MustCompile(`^(\$[56]\$(?:rounds=(\d+)\$)?)[^$]+\$[^$]+$`), []int{2_000_000}},
	{regexp.MustCompile(`^(\{SSHA(?:256|384|512)\})[A-Za-z0-9+/]+=*$`), nil},
}

// ErrForeignHash is returned for text that is not a hash in a known form.
var ErrForeignHash = errors.New("is not a bcrypt, Argon2, scrypt, PBKDF2, SHA-crypt, ASP.NET Identity or {SSHA256} hash")

// ParseForeignHash parses a hash as the other system stored it. The error is ErrForeignHash, or names the parameter
// that is too large.
func ParseForeignHash(stored string) (ForeignHash, error) {
	text := commonForm(strings.TrimSpace(stored))
	for _, format := range foreignFormats {
		groups := format.pattern.FindStringSubmatch(text)
		if groups == nil {
			continue
		}
		for i, most := range format.most {
			if value, err := strconv.Atoi(groups[2+i]); groups[2+i] != "" && (err != nil || value > most) {
				return ForeignHash{}, fmt.Errorf("costs too much to verify: %s is more than %d in %s", groups[2+i], most, groups[1])
			}
		}
		h := ForeignHash{text, groups[1]}
		if _, err := h.decode(); err != nil {
			return ForeignHash{}, fmt.Errorf("%w: %s cannot be read", ErrForeignHash, groups[1])
		}
		return h, nil
	}
	return ForeignHash{}, ErrForeignHash
}

// digest compares a password with a hash.
type digest interface{ Match(password string) bool }

func (h ForeignHash) decode() (digest, error) {
	if strings.HasPrefix(h.text, "{SSHA") {
		return readSaltedSHA(h.text)
	}
	return foreignDecoder.Decode(h.text)
}

// matches compares a password as typed. The other system may have hashed it as is, or in a normal form.
func (h ForeignHash) matches(typed string) bool {
	d, err := h.decode()
	if err != nil {
		return false
	}
	ok := d.Match(typed)
	if nfc := norm.NFC.String(typed); nfc != typed {
		ok = d.Match(nfc) || ok
	}
	if nfkc := normalize(typed); nfkc != typed && nfkc != norm.NFC.String(typed) {
		ok = d.Match(nfkc) || ok
	}
	return ok
}

var foreignDecoder = newForeignDecoder()

func newForeignDecoder() *crypt.Decoder {
	d := crypt.NewDecoder()
	for _, register := range []func(algorithm.DecoderRegister) error{
		argon2.RegisterDecoder, bcrypt.RegisterDecoder, pbkdf2.RegisterDecoder, scrypt.RegisterDecoder, shacrypt.RegisterDecoder,
	} {
		if err := register(d); err != nil {
			panic(err) // two decoders with the same name
		}
	}
	return d
}

var (
	phcPBKDF2    = regexp.MustCompile(`^\$(pbkdf2-sha\d+)\$i=(\d+)(?:,l=\d+)?\$([^$]+)\$([^$]+)$`)
	djangoPBKDF2 = regexp.MustCompile(`^pbkdf2_(sha\d+)\$(\d+)\$([^$]+)\$([^$]+)$`)
)

// commonForm rewrites PBKDF2 in PHC format, of Django and of ASP.NET Identity to Passlib's form: dots for plus signs in
// its base64.
func commonForm(stored string) string {
	adapt := strings.NewReplacer("+", ".", "=", "").Replace
	if m := phcPBKDF2.FindStringSubmatch(stored); m != nil {
		return fmt.Sprintf("$%s$%s$%s$%s", m[1], m[2], adapt(m[3]), adapt(m[4]))
	}
	if m := djangoPBKDF2.FindStringSubmatch(stored); m != nil { // its salt is text
		return fmt.Sprintf("$pbkdf2-%s$%s$%s$%s", m[1], m[2], adapt(base64.StdEncoding.EncodeToString([]byte(m[3]))), adapt(m[4]))
	}
	raw, err := base64.StdEncoding.DecodeString(stored)
	if err != nil || len(raw) < 13 {
		return stored
	}
	algorithm, iterations, salt, key := "pbkdf2", uint32(1000), []byte(nil), []byte(nil)
	switch {
	case raw[0] == 0 && len(raw) == 1+16+32: // version 2
		salt, key = raw[1:17], raw[17:]
	case raw[0] == 1: // version 3: pseudo-random function, iterations, length of the salt
		saltLength := binary.BigEndian.Uint32(raw[9:])
		prf := binary.BigEndian.Uint32(raw[1:])
		if prf > 2 || uint64(saltLength) >= uint64(len(raw)-13) {
			return stored
		}
		algorithm, iterations = []string{"pbkdf2", "pbkdf2-sha256", "pbkdf2-sha512"}[prf], binary.BigEndian.Uint32(raw[5:])
		salt, key = raw[13:13+saltLength], raw[13+saltLength:]
	default:
		return stored
	}
	return fmt.Sprintf("$%s$%d$%s$%s", algorithm, iterations, adapt(base64.StdEncoding.EncodeToString(salt)), adapt(base64.StdEncoding.EncodeToString(key)))
}

// saltedSHA is a SHA-2 digest of password and salt, followed by the salt.
type saltedSHA struct {
	hash      func() hash.Hash
	sum, salt []byte
}

func readSaltedSHA(text string) (saltedSHA, error) {
	name, encoded, _ := strings.Cut(text[len("{SSHA"):], "}")
	d := saltedSHA{hash: map[string]func() hash.Hash{"256": sha256.New, "384": sha512.New384, "512": sha512.New}[name]}
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if size := d.hash().Size(); err != nil || len(raw) <= size {
		return d, ErrForeignHash
	} else {
		d.sum, d.salt = raw[:size], raw[size:]
	}
	return d, nil
}

// Match reports whether a password has this digest.
func (d saltedSHA) Match(password string) bool {
	h := d.hash()
	h.Write([]byte(password))
	h.Write(d.salt)
	return subtle.ConstantTimeCompare(h.Sum(nil), d.sum) == 1
}
