package rig

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Load returns the load averages of the last one, five and fifteen minutes.
func Load() (one, five, fifteen string) {
	content, err := os.ReadFile("/proc/loadavg")
	if fields := strings.Fields(string(content)); err == nil && len(fields) > 2 {
		return fields[0], fields[1], fields[2]
	}
	return "unknown", "unknown", "unknown"
}

// Commit returns the commit of the working tree.
func Commit() string {
	said, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(said))
}

// Eventually waits until check returns true.
func Eventually(ctx context.Context, limit time.Duration, what string, check func() bool) error {
	for deadline := time.Now().Add(limit); !check(); {
		if time.Now().After(deadline) {
			return fmt.Errorf("no %s within %v", what, limit)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// Pause waits and reports whether it did so in full, without ctx ending.
func Pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
