package epoch

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Remember loads what an earlier run of this server has seen from a file, which Beat then maintains. It detects a
// cluster that was put back, with its timeline, while all servers were stopped.
func (g *Guard) Remember(path string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.path = path
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return writable(path)
	}
	if err != nil {
		return err
	}
	seen := &memory{kept: true}
	if err := json.Unmarshal(text, seen); err != nil {
		return fmt.Errorf("%s was not written by idp serve: %w", path, err)
	}
	g.seen = seen
	return nil
}

// writable fails at start rather than at the first beat.
func writable(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".epoch-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// keep replaces the file atomically, even across a power failure.
func (g *Guard) keep() error {
	g.mu.Lock()
	path, seen := g.path, g.seen
	g.mu.Unlock()
	if path == "" {
		return nil
	}
	text, err := json.Marshal(seen)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".epoch-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
