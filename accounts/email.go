package accounts

import (
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
)

// domains converts a typed domain to its DNS form, and rejects what the DNS cannot hold.
var domains = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true), idna.ValidateLabels(true))

// ParseEmail parses one address (S-50) and returns it with its domain in A-labels and lower case. The local part stays
// as typed: only comparison folds its case, and the mail server decides what dots and plus signs mean. It rejects
// quoted and non-ASCII local parts, which not every mail server on the way supports, and hosts that are not names. An address
// may be pasted as mail programs give it: "Ana <ana@example.com>", "mailto:ana@example.com". The error is FlawMissing or FlawFormat.
func ParseEmail(typed string) (string, error) {
	typed = strings.TrimRight(strings.TrimSpace(typed), ".,;") // as dictated, or at the end of a sentence
	if typed == "" {
		return "", FlawMissing
	}
	if len(typed) > 4*254 || unreadable(typed) {
		return "", FlawFormat
	}
	local, domain, ok := strings.Cut(pastedEmail(typed), "@")
	if !ok || !isDotAtom(local) || len(local) > 64 {
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

// pastedEmail takes the name, the angle brackets and the scheme off a pasted address. What could be more than one, or means
// another one than it shows, stays as it is, and is no address.
func pastedEmail(typed string) string {
	address := typed
	if name, rest, ok := strings.Cut(typed, "<"); ok {
		if address, ok = strings.CutSuffix(rest, ">"); !ok || strings.ContainsAny(name, `@>:;\`) {
			return typed
		}
	}
	address = strings.TrimSpace(address)
	if scheme := len("mailto:"); len(address) > scheme && strings.EqualFold(address[:scheme], "mailto:") {
		if address = address[scheme:]; strings.ContainsAny(address, "%?") { // encoded, or with more than an address
			return typed
		}
	}
	return address
}

// isDotAtom implements RFC 5322 3.2.3: words of printable ASCII without specials, separated by single dots.
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

// SameEmail reports whether two parsed addresses count as one mailbox.
func SameEmail(a, b string) bool { return foldEmail(a) == foldEmail(b) }

// foldEmail returns the form of a parsed address that is compared and digested.
func foldEmail(address string) string { return strings.ToLower(address) }
