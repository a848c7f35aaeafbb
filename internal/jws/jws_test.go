package jws_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"huskyidp/internal/jws"
)

func TestCheck(t *testing.T) {
	encode := base64.RawURLEncoding.EncodeToString
	header, payload := encode([]byte(`{"alg":"ES256"}`)), encode([]byte(`{"a":"[[[[[[[[[[[[[[[[[[[[\"{"}`))
	deep := encode([]byte(`{"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + "}"))
	for _, test := range []struct {
		name, token string
		ok          bool
	}{
		{"three parts", header + "." + payload + ".c2ln", true},
		{"no signature", header + "." + payload + ".", false},
		{"two parts", header + "." + payload, false},
		{"five parts", header + "." + payload + ".c2ln.c2ln.c2ln", false},
		{"padding", header + "." + payload + ".c2lnYQ==", false},
		{"loose last bits", header + "." + payload + ".c2lnYR", false},
		{"a line end", header + "." + payload + ".c2\nln", false},
		{"JSON serialization", `{"payload":"x","signature":"y"}`, false},
		{"payload no object", header + "." + encode([]byte(`"x"`)) + ".c2ln", false},
		{"empty header", "." + payload + ".c2ln", false},
		{"17 deep", header + "." + deep + ".c2ln", false},
		{"deep header", deep + "." + payload + ".c2ln", false},
		{"too long", header + "." + payload + "." + strings.Repeat("c2ln", 300), false},
		{"empty", "", false},
	} {
		if err := jws.Check(test.token, 1000); (err == nil) != test.ok {
			t.Errorf("%s: Check = %v, want success %v", test.name, err, test.ok)
		}
	}
}
