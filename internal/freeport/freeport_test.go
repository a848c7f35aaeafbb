package freeport_test

import (
	"net"
	"testing"

	"huskyidp/internal/freeport"
)

// TestAddress holds that a port stays free while others listen on ports that the system chooses.
func TestAddress(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		address, err := freeport.Address()
		if err != nil {
			t.Fatal(err)
		}
		if seen[address] {
			t.Fatalf("%s was given twice", address)
		}
		seen[address] = true
	}
	for range 2000 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if seen[l.Addr().String()] {
			t.Fatalf("%s was given to somebody who asked for any port", l.Addr())
		}
	}
}
