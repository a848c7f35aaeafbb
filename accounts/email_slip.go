package accounts

import (
	"slices"
	"strings"

	"huskyidp/templates"
)

// mailDomains are those that most members have their mailbox at, the likeliest first, and others that are one letter
// away from one of them.
var mailDomains = []string{
	"gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "icloud.com", "aol.com", "live.com", "msn.com", "comcast.net", "att.net",
	"sbcglobal.net", "snet.net", "optonline.net", "optimum.net", "frontier.com", "charter.net", "cox.net", "verizon.net", "bellsouth.net",
	"ymail.com", "rocketmail.com", "me.com", "mac.com", "protonmail.com", "proton.me", "yahoo.es", "hotmail.es", "outlook.es",
	"mail.com", "email.com", "gmx.com", "gmx.net", "ct.gov",
}

// shortest is the length of the name in a domain below which a change of one letter is as likely another provider.
const shortest = len("gmail")

// LikelyEmail returns a parsed address with the well-known domain that was probably meant by a domain one slip away
// from it ("ana@gmial.com"), or "". It is a guess: the address as typed may be right.
func LikelyEmail(address string) string {
	local, domain, _ := strings.Cut(address, "@")
	if slices.Contains(mailDomains, domain) {
		return ""
	}
	name, _, _ := strings.Cut(domain, ".")
	for _, known := range mailDomains {
		meant, _, _ := strings.Cut(known, ".")
		if (len(meant) >= shortest || meant == name) && oneSlip(domain, known) {
			return local + "@" + known
		}
	}
	return ""
}

// MeantEmail returns the parsed address of a form: the one that was typed, or the one that the form has offered instead and
// that was chosen. meant is the answer of the form, "" if it has not asked; ask is the question if there is one to ask.
func MeantEmail(typed, meant string) (address string, ask *templates.Problem) {
	likely := LikelyEmail(typed)
	switch {
	case likely == "" || meant == typed:
		return typed, nil
	case meant == likely:
		return likely, nil
	}
	return "", &templates.Problem{Key: "registration.email.lead", Args: templates.Args{"address": typed, "likely": likely}}
}

// oneSlip reports whether one letter was added, dropped or changed, or two neighbours were swapped.
func oneSlip(a, b string) bool {
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return len(a) < 2 && len(b) < 2 || len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
}
