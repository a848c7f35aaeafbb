package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestHeadIsGetWithoutBody(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "a page")
	})
	server := httptest.NewServer(headAsGet(page))
	t.Cleanup(server.Close)
	response, err := http.Head(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/html" || len(body) != 0 {
		t.Errorf("HEAD = %d %v with %d bytes, %v", response.StatusCode, response.Header, len(body), err)
	}
}
