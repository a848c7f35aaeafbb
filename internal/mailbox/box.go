package mailbox

import (
	"bytes"
	"cmp"
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

// Options say where mails are kept.
type Options struct {
	File string // JSON lines, made if missing; "" keeps mails in memory only
	Keep int    // newest mails kept, default 200
	Now  func() time.Time
}

// Box holds the newest mails. It is safe for concurrent use.
type Box struct {
	options Options

	mu    sync.Mutex
	mails []Mail // oldest first
	file  *os.File
}

// Open reads the file, reduces it to the newest mails, and keeps it open.
func Open(options Options) (*Box, error) {
	options.Keep = cmp.Or(options.Keep, 200)
	if options.Now == nil {
		options.Now = time.Now
	}
	b := &Box{options: options}
	if options.File == "" {
		return b, nil
	}
	content, err := os.ReadFile(options.File)
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
	next := b.options.File + ".new"
	if err := os.WriteFile(next, content.Bytes(), 0o600); err != nil {
		return fmt.Errorf("writing the mails: %w", err)
	}
	if err := os.Rename(next, b.options.File); err != nil {
		return fmt.Errorf("writing the mails: %w", err)
	}
	var err error
	if b.file, err = os.OpenFile(b.options.File, os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return fmt.Errorf("writing the mails: %w", err)
	}
	return nil
}

func (b *Box) trim() {
	if extra := len(b.mails) - b.options.Keep; extra > 0 {
		b.mails = slices.Delete(b.mails, 0, extra)
	}
}

// Add keeps a mail under a new id and the present instant.
func (b *Box) Add(m Mail) error {
	m.ID, m.At = rand.Text(), b.options.Now().UTC()
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
