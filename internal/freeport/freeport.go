// Package freeport finds ports for programs that are given one in their settings, and so cannot listen on port 0.
package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// The ports lie below those that systems give to outgoing connections and to listeners on port 0 (32768 and up on Linux,
// 49152 and up elsewhere): nothing on a busy machine takes one by chance before the program listens on it.
const lowest, highest = 10000, 32000

var handedOut sync.Map // by port: no port is given to two programs of one process

// Address returns a loopback address, host and port, that nothing listens on.
func Address() (string, error) {
	for range 1000 {
		port := lowest + rand.N(highest-lowest)
		if _, taken := handedOut.LoadOrStore(port, true); taken {
			continue
		}
		address := fmt.Sprintf("127.0.0.1:%d", port)
		if l, err := net.Listen("tcp", address); err == nil {
			return address, l.Close()
		}
	}
	return "", fmt.Errorf("no free port between %d and %d", lowest, highest)
}
