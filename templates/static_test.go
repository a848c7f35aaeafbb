package templates

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestStatic(t *testing.T) {
	s := load(t)
	address := s.Asset("style.css")
	if !strings.HasPrefix(address, "/static/style.") || !strings.HasSuffix(address, ".css") {
		t.Fatalf("Asset(style.css) = %q", address)
	}
	get := func(path, encoding string) *http.Response {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept-Encoding", encoding)
		w := httptest.NewRecorder()
		s.Static().ServeHTTP(w, r)
		return w.Result()
	}
	plain, err := io.ReadAll(get(address, "").Body)
	if err != nil || string(plain) != string(s.assets["style.css"].plain) {
		t.Errorf("the plain stylesheet has %d bytes, %v", len(plain), err)
	}
	packed := get(address, "gzip, br")
	if got := packed.Header.Get("Content-Encoding"); got != "gzip" {
		t.Fatalf("Content-Encoding = %q, want gzip", got)
	}
	if got := packed.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("Cache-Control = %q, want immutable", got)
	}
	zr, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if unpacked, err := io.ReadAll(zr); err != nil || string(unpacked) != string(plain) {
		t.Errorf("the compressed stylesheet unpacks to %d bytes, %v", len(unpacked), err)
	}
	for _, path := range []string{"/static/style.css", "/static/style.000000000000.css", "/static/../doc.go"} {
		if got := get(path, "").StatusCode; got != http.StatusNotFound {
			t.Errorf("GET %s = %d, want 404", path, got)
		}
	}
}
