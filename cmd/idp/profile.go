//go:build profile

package main

import (
	"net/http"
	_ "net/http/pprof"
)

// Programs built with the tag "profile", for `bench --profile`, serve profiles on the listener of health and metrics.
// Releases have none.
func init() { pprofPages = http.DefaultServeMux }
