package seal

import (
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func testKEK(t *testing.T) (KEK, string) {
	t.Helper()
	text := GenerateKEK()
	kek, err := ParseKEK(text)
	if err != nil {
		t.Fatalf("ParseKEK(GenerateKEK()): %v", err)
	}
	return kek, text
}

func TestParseKEKReadsEveryWriting(t *testing.T) {
	key := randomKey()
	want := newKEK(key).ID()
	for _, text := range []string{
		hex.EncodeToString(key),
		strings.ToUpper(hex.EncodeToString(key)),
		base64.StdEncoding.EncodeToString(key),
		base64.RawStdEncoding.EncodeToString(key),
		base64.URLEncoding.EncodeToString(key),
		base64.RawURLEncoding.EncodeToString(key),
		"\n " + base64.StdEncoding.EncodeToString(key) + " \n",
	} {
		kek, err := ParseKEK(text)
		if err != nil || kek.ID() != want {
			t.Errorf("ParseKEK(key as %d characters) = %q, %v, want id %q", len(text), kek.ID(), err, want)
		}
	}
}

// S-48: a missing, short, sample or patterned key is refused, and no error repeats it.
func TestParseKEKRefusesWeakKeys(t *testing.T) {
	ascending := make([]byte, keySize)
	for i := range ascending {
		ascending[i] = byte(i)
	}
	for name, text := range map[string]string{
		"missing":      " \n",
		"short":        base64.StdEncoding.EncodeToString(randomKey()[:16]),
		"long":         hex.EncodeToString(append(randomKey(), 1)),
		"not encoded":  "correct horse battery staple!",
		"zeros":        strings.Repeat("00", keySize),
		"repetition":   strings.Repeat("0123456789abcdef", 4),
		"ascending":    hex.EncodeToString(ascending),
		"encoded text": base64.StdEncoding.EncodeToString([]byte("change-me-in-production-please!!")),
	} {
		_, err := ParseKEK(text)
		if err == nil {
			t.Errorf("ParseKEK(%s key) succeeded, want an error", name)
		} else if s := strings.TrimSpace(text); s != "" && strings.Contains(err.Error(), s) {
			t.Errorf("ParseKEK(%s key) = %v, which repeats the key", name, err)
		}
	}
}

func TestReadKEKWantsAPrivateFile(t *testing.T) {
	want, text := testKEK(t)
	path := filepath.Join(t.TempDir(), "kek")
	for _, test := range []struct {
		mode os.FileMode
		ok   bool
	}{{0o400, true}, {0o600, true}, {0o440, false}, {0o644, false}, {0o700, false}} {
		os.Remove(path)
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, test.mode); err != nil {
			t.Fatal(err)
		}
		got, err := ReadKEK(path)
		if (err == nil) != test.ok || test.ok && got.ID() != want.ID() {
			t.Errorf("ReadKEK(file of mode %04o) = %q, %v, want success %v", test.mode, got.ID(), err, test.ok)
		}
	}
	if _, err := ReadKEK(filepath.Dir(path)); err == nil {
		t.Error("ReadKEK(directory) succeeded, want an error")
	}
}
