package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestHealth(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	for _, test := range []struct {
		status  int
		healthy bool
	}{{http.StatusOK, true}, {http.StatusNoContent, true}, {http.StatusServiceUnavailable, false}, {http.StatusNotFound, false}} {
		status = test.status
		if err := (&HealthCmd{URL: server.URL}).Run(t.Context()); (err == nil) != test.healthy {
			t.Errorf("health of a server that answers %d: %v, want healthy %v", test.status, err, test.healthy)
		}
	}
	server.Close()
	if err := (&HealthCmd{URL: server.URL}).Run(t.Context()); err == nil {
		t.Error("health of a server that is gone succeeds, want an error")
	}
}
