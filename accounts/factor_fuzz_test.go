package accounts

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/uuid"
)

// what people type as a code is six digits of ASCII, or refused before any check
// (S-15, S-77).
func FuzzTypedCode(f *testing.F) {
	for _, seed := range []string{"123456", "123 456", "123-456", "１２３４５６", "+12345", "12345", " ", "\x00123456", strings.Repeat("-", 60) + "123456"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code, err := typedCode(typed)
		if err == nil && (len(code) != totpDigits || strings.Trim(code, "0123456789") != "") {
			t.Errorf("typedCode(%q) = %q", typed, code)
		}
		if err != nil && !errors.Is(err, ErrCodeFormat) {
			t.Errorf("typedCode(%q): %v", typed, err)
		}
	})
}

func FuzzTypedSavedCode(f *testing.F) {
	for _, seed := range []string{"abcde-fghjk-mnpqr", "ABCDE FGHJK MNPQR", "abcde-fghjk-mnpq0", "İ", "k", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code, err := ParseSavedCode(typed)
		if err == nil && (len(code) != savedCodeSize || strings.Trim(code, savedLetters) != "") {
			t.Errorf("ParseSavedCode(%q) = %q", typed, code)
		}
		if err == nil {
			if again, err := ParseSavedCode(showSavedCode(code)); err != nil || again != code {
				t.Errorf("%q shown and typed again = %q, %v", code, again, err)
			}
		}
	})
}

// S-29: where a step-up continues is a path of the account's section or of a device,
// whatever the address contains.
func FuzzReturnPath(f *testing.F) {
	for _, seed := range []string{"/account", "/account/factors/totp", "//evil.example", "/account/..", "/account\r\nX: y", "/device/confirm", "/account/apps/" + uuid.Nil.String() + "/stop"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got := ReturnPath(path)
		if got != "" && (got != path || !utf8.ValidString(got) || strings.ContainsAny(got, "\\.?#\r\n% ") || strings.Contains(got, "//") ||
			!strings.HasPrefix(got, "/account") && got != "/device/confirm") {
			t.Errorf("ReturnPath(%q) = %q", path, got)
		}
	})
}
