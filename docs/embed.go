// Package docs holds what developers read: the page /developers shows the example programs.
package docs

import "embed"

// Examples are complete relying parties, one a language. The end-to-end tests run each.
//
//go:embed examples/app.mjs examples/app.go examples/app.py examples/app.sh examples/app.rb examples/apache.conf examples/rust/src/main.rs
var Examples embed.FS
