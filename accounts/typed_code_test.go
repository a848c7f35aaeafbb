package accounts

import (
	"strings"
	"testing"
)

// A phone's keyboard writes its own dashes and spaces, and a full stop at the end: they are not part of a code.
func TestTypedCodes(t *testing.T) {
	t.Parallel()
	for _, between := range []string{"", "-", " ", "–", "—", "‑", "−", "－", "\u00a0", "\u202f", "\u2009", ".", ". ", "·", "_", "/", "\u00ad", "\n"} {
		saved := " ABCDE" + between + "fghjk" + between + "Mnpqr. "
		if code, err := ParseSavedCode(saved); err != nil || code != "abcdefghjkmnpqr" {
			t.Errorf("ParseSavedCode(%q) = %q, %v", saved, code, err)
		}
		six := " 123" + between + "456. "
		if code, ok := ReadCode(six); !ok || code != "123456" {
			t.Errorf("ReadCode(%q) = %q, %v", six, code, ok)
		}
		if code, err := typedCode(six); err != nil || code != "123456" {
			t.Errorf("typedCode(%q) = %q, %v", six, code, err)
		}
	}
	for _, wrong := range []string{"abcde-fghjk-mnpq", "abcde-fghjk-mnpqé", "abcde+fghjk+mnpqr", strings.Repeat("-", 200) + "abcdefghjkmnpqr"} {
		if code, err := ParseSavedCode(wrong); err == nil {
			t.Errorf("ParseSavedCode(%q) = %q", wrong, code)
		}
	}
}
