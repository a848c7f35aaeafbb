package seal

import (
	"bytes"
	"errors"
	"testing"
)

func TestSealedValueOpensOnlyAtItsPlace(t *testing.T) {
	k := Ephemeral()
	at := Place{Table: "accounts", Column: "email", Row: "1"}
	sealed := k.Seal(PII, at, []byte("ana@example.org"))
	if got, err := k.Open(PII, at, sealed); err != nil || string(got) != "ana@example.org" {
		t.Fatalf("Open(Seal(x)) = %q, %v, want x", got, err)
	}
	if bytes.Equal(sealed, k.Seal(PII, at, []byte("ana@example.org"))) {
		t.Error("sealing twice gave the same bytes: the nonce is not random")
	}

	flipped := bytes.Clone(sealed)
	flipped[len(flipped)-1] ^= 1
	otherVersion := bytes.Clone(sealed)
	otherVersion[1]++
	for name, open := range map[string]func() ([]byte, error){
		"another row":        func() ([]byte, error) { return k.Open(PII, Place{"accounts", "email", "2"}, sealed) },
		"another column":     func() ([]byte, error) { return k.Open(PII, Place{"accounts", "phone", "1"}, sealed) },
		"another table":      func() ([]byte, error) { return k.Open(PII, Place{"members", "email", "1"}, sealed) },
		"shifted names":      func() ([]byte, error) { return k.Open(PII, Place{"accountse", "mail", "1"}, sealed) },
		"another purpose":    func() ([]byte, error) { return k.Open(Queue, at, sealed) },
		"another keyring":    func() ([]byte, error) { return Ephemeral().Open(PII, at, sealed) },
		"a flipped bit":      func() ([]byte, error) { return k.Open(PII, at, flipped) },
		"an unknown version": func() ([]byte, error) { return k.Open(PII, at, otherVersion) },
		"a cut value":        func() ([]byte, error) { return k.Open(PII, at, sealed[:10]) },
		"no value":           func() ([]byte, error) { return k.Open(PII, at, nil) },
	} {
		if got, err := open(); !errors.Is(err, ErrOpen) {
			t.Errorf("Open with %s = %q, %v, want ErrOpen", name, got, err)
		}
	}
}

func TestMACSeparatesPartsAndPurposes(t *testing.T) {
	k := Ephemeral()
	mac := k.MAC(Index, []byte("ab"), []byte("c"))
	if len(mac) != 32 {
		t.Errorf("MAC has %d bytes, want 32", len(mac))
	}
	if !k.VerifyMAC(Index, mac, []byte("ab"), []byte("c")) {
		t.Error("VerifyMAC(MAC(x)) = false, want true")
	}
	for name, ok := range map[string]bool{
		"shifted parts":   k.VerifyMAC(Index, mac, []byte("a"), []byte("bc")),
		"joined parts":    k.VerifyMAC(Index, mac, []byte("abc")),
		"an empty part":   k.VerifyMAC(Index, mac, []byte("ab"), []byte("c"), nil),
		"another purpose": k.VerifyMAC(CSRF, mac, []byte("ab"), []byte("c")),
		"a cut MAC":       k.VerifyMAC(Index, mac[:31], []byte("ab"), []byte("c")),
	} {
		if ok {
			t.Errorf("VerifyMAC with %s = true, want false", name)
		}
	}
}

func TestUnknownPurposePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("Seal with an unknown purpose did not panic")
		}
	}()
	Ephemeral().Seal("nonsense", Place{}, nil)
}

func FuzzOpen(f *testing.F) {
	k := Ephemeral()
	at := Place{Table: "t", Column: "c", Row: "r"}
	f.Add([]byte{})
	f.Add([]byte{0, 1})
	f.Add(k.Seal(PII, at, []byte("x"))[:20])
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if _, err := k.Open(PII, at, sealed); err == nil {
			t.Errorf("Open(%x) succeeded, want ErrOpen", sealed)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	k, plain := Ephemeral(), make([]byte, 100)
	for b.Loop() {
		k.Seal(PII, Place{"members", "sealed", "0198f0a0-0000-7000-8000-000000000000"}, plain)
	}
}

func BenchmarkMAC(b *testing.B) {
	k, number := Ephemeral(), []byte("123456789")
	for b.Loop() {
		k.MAC(Index, number)
	}
}
