package accounts

import (
	"regexp"

	"huskyidp/internal/web"
)

// WelcomePath is where the member of an imported account completes it, before anything else is open to them.
const WelcomePath = "/account/welcome"

// returnPaths are the pages of ours to which a step-up may lead back, and nothing that an attacker could put into an
// address (S-29).
var returnPaths = regexp.MustCompile(`^/(?:account(?:/[a-z-]+)*(?:/[0-9a-f-]{36})?(?:/[a-z-]+)?|device/confirm|consent)$`)

// ReturnPath returns the path if a step-up may lead back to it, else "".
func ReturnPath(path string) string {
	local, ok := web.LocalPath(path)
	if !ok || len(local) > 200 || !returnPaths.MatchString(local) {
		return ""
	}
	return local
}
