// Package rig puts the service on this machine for the programs that work on it from outside, `faults` and `bench`: it builds
// and starts it, makes the database's roles, receives its mails, and knows who is on the roster.
package rig
