package accounts

import (
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
)

// domains turns what is typed into what the DNS knows, and refuses what it cannot.
var domains = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true), idna.ValidateLabels(true))

// ParseEmail reads one address (S-50) and returns it with its domain in A-labels and
// lower case. The local part stays as typed: only comparison folds its case, and dots
// and plus signs mean what the mail server wants. Not taken: quoted or non-ASCII local
// parts, which not every mail server on the way can carry, and addresses of a host
// that is no name. The error is FlawMissing or FlawFormat.
func ParseEmail(typed string) (string, error) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return "", FlawMissing
	}
	local, domain, ok := strings.Cut(typed, "@")
	if !ok || len(typed) > 4*254 || unreadable(typed) || !isDotAtom(local) || len(local) > 64 {
		return "", FlawFormat
	}
	domain, err := domains.ToASCII(domain)
	if err != nil || !strings.Contains(domain, ".") || strings.HasSuffix(domain, ".") {
		return "", FlawFormat
	}
	if _, err := netip.ParseAddr(domain); err == nil {
		return "", FlawFormat
	}
	address := local + "@" + strings.ToLower(domain)
	if len(address) > 254 {
		return "", FlawFormat
	}
	return address, nil
}

// isDotAtom is RFC 5322 3.2.3: words of printable ASCII without specials, parted by
// single dots.
func isDotAtom(s string) bool {
	for word := range strings.SplitSeq(s, ".") {
		if word == "" {
			return false
		}
		for _, r := range word {
			if r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>[]:;@\,"`, r) {
				return false
			}
		}
	}
	return true
}

// SameEmail reports whether two parsed addresses are one mailbox to us.
func SameEmail(a, b string) bool { return foldEmail(a) == foldEmail(b) }

// foldEmail is the form of a parsed address that is compared and digested.
func foldEmail(address string) string { return strings.ToLower(address) }
