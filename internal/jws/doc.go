// Package jws checks JSON and compact JSON Web Signatures (RFC 7515 section 7.1) before a library parses them: size,
// shape and nesting depth (S-69). What passes may still be nonsense, but small and flat nonsense.
package jws
