// Package rig sets up the service on this machine for programs that exercise it from outside, `faults` and `bench`: it
// builds and starts it, creates the database roles, receives its mails, and provides members of the roster.
package rig
