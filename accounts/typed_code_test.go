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
	for typed, want := range map[string]string{
		"Su código: 179834": "179834", "Su código es 179834. Sirve 15 minutos. Llame al 1-800-859-9889 (TTY 711), lunes 30 de noviembre de 2026.": "179834",
		"179834\r\n\r\nSu código es 179834.": "179834", "179834 o 179835": "", "código 17983": "", "código 1798345": "", "": "", strings.Repeat("x", 4096) + " 179834": "",
	} {
		if code, ok := ReadCode(typed); ok != (want != "") || ok && code != want {
			t.Errorf("ReadCode(%.60q) = %q, %v, want %q", typed, code, ok, want)
		}
	}
	for _, wrong := range []string{"abcde-fghjk-mnpq", "abcde-fghjk-mnpqé", "abcde+fghjk+mnpqr", strings.Repeat("-", 200) + "abcdefghjkmnpqr"} {
		if code, err := ParseSavedCode(wrong); err == nil {
			t.Errorf("ParseSavedCode(%q) = %q", wrong, code)
		}
	}
}
