// Package jws looks at JSON and at compact JSON Web Signatures (RFC 7515 section 7.1)
// before any library parses them: their size, their shape and how deep they nest
// (security bar S-69). What passes may still be nonsense, but small and flat nonsense.
package jws
