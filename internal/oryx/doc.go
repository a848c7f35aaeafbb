// Package x replaces github.com/ory/x, of which fosite uses two small
// helpers. The real module links gRPC, telemetry exporters and a database
// toolkit into every binary and captures a stack for each of fosite's errors,
// also for the ordinary "this handler is not responsible". go.mod points at
// this folder with a replace line.
package x
