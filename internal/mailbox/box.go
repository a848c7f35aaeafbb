package mailbox

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"
)

// keep is how many mails a box holds: the newest.
const keep = 200

// Box holds the newest mails. It is safe for concurrent use.
type Box struct {
	path string // "" keeps mails in memory only
	keep int
	now  func() time.Time

	mu    sync.Mutex
	mails []Mail // oldest first
	file  *os.File
}

// Open reads the file (JSON lines, made if missing), reduces it to the newest mails, and keeps it open. Without a path
// mails are in memory only.
func Open(path string) (*Box, error) { return open(path, keep, time.Now) }

func open(path string, keep int, now func() time.Time) (*Box, error) {
	b := &Box{path: path, keep: keep, now: now}
	if path == "" {
		return b, nil
	}
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the mails: %w", err)
	}
	for line := range bytes.Lines(content) {
		var m Mail
		if json.Unmarshal(line, &m) == nil && m.ID != "" { // else it was cut off
			b.mails = append(b.mails, m)
		}
	}
	b.trim()
	return b, b.rewrite()
}

// rewrite replaces the file by what is in memory, and opens it for further mails.
func (b *Box) rewrite() error {
	var content bytes.Buffer
	encoder := json.NewEncoder(&content)
	for _, m := range b.mails {
		if err := encoder.Encode(m); err != nil {
			return fmt.Errorf("writing the mails: %w", err)
		}
	}
	next := b.path + ".new"
	if err := os.WriteFile(next, content.Bytes(), 0o600); err != nil {
		return fmt.Errorf("writing the mails: %w", err)
	}
	if err := os.Rename(next, b.path); err != nil {
		return fmt.Errorf("writing the mails: %w", err)
	}
	var err error
	if b.file, err = os.OpenFile(b.path, os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return fmt.Errorf("writing the mails: %w", err)
	}
	return nil
}

func (b *Box) trim() {
	if extra := len(b.mails) - b.keep; extra > 0 {
		b.mails = slices.Delete(b.mails, 0, extra)
	}
}

// Add keeps a mail under a new id and the present instant.
func (b *Box) Add(m Mail) error {
	m.ID, m.At = rand.Text(), b.now().UTC()
	line, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("writing a mail: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.file != nil {
		if _, err := b.file.Write(append(line, '\n')); err != nil {
			return fmt.Errorf("writing a mail: %w", err)
		}
	}
	b.mails = append(b.mails, m)
	b.trim()
	return nil
}

// List is Mails as a Source.
func (b *Box) List(context.Context) ([]Mail, error) { return b.Mails(), nil }

// Find is Mail as a Source.
func (b *Box) Find(_ context.Context, id string) (Mail, bool, error) {
	m, found := b.Mail(id)
	return m, found, nil
}

// Mails lists what is kept, newest first.
func (b *Box) Mails() []Mail {
	b.mu.Lock()
	defer b.mu.Unlock()
	mails := slices.Clone(b.mails)
	slices.Reverse(mails)
	return mails
}

// Mail finds one.
func (b *Box) Mail(id string) (Mail, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.mails, func(m Mail) bool { return m.ID == id })
	if i < 0 {
		return Mail{}, false
	}
	return b.mails[i], true
}

// Close closes the file.
func (b *Box) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.file == nil {
		return nil
	}
	return b.file.Close()
}
