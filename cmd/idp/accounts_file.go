package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"huskyidp/accounts"
)

// accountColumns are those of a file of accounts; the first three are required.
var accountColumns = []string{"member_number", "username", "email", "password_hash", "email_verified", "language", "status", "created_at"}

const requiredAccountColumns = 3

// accountLine is one account of a file, without the member's id, or what is wrong with it.
type accountLine struct {
	accounts.Import
	line   int
	number string
	fault  error
}

// accountFile reads a CSV file of accounts, separated by commas, semicolons or tabs.
type accountFile struct {
	csv    *csv.Reader
	at     map[string]int // column by name
	number func(typed string) (string, error)
	seen   map[string]int // lines by what only one may have
	now    time.Time
}

func openAccountFile(in io.Reader, number func(string) (string, error), now time.Time) (*accountFile, error) {
	buffered := bufio.NewReaderSize(in, 64<<10)
	head, err := buffered.Peek(64 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.HasPrefix(head, []byte("\ufeff")) {
		buffered.Discard(len("\ufeff"))
		head = head[len("\ufeff"):]
	}
	first, _, _ := bytes.Cut(head, []byte("\n"))
	f := &accountFile{csv: csv.NewReader(buffered), at: map[string]int{}, number: number, seen: map[string]int{}, now: now}
	for _, separator := range ",;\t" {
		if bytes.ContainsRune(first, separator) {
			f.csv.Comma = separator
			break
		}
	}
	header, err := f.csv.Read()
	if err != nil {
		return nil, fmt.Errorf("the file has no header line: %w", err)
	}
	for i, name := range header {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := f.at[name]; twice || !slices.Contains(accountColumns, name) {
			return nil, fmt.Errorf("line 1: the column %q is not one of %s, each once", name, strings.Join(accountColumns, ", "))
		}
		f.at[name] = i
	}
	for _, name := range accountColumns[:requiredAccountColumns] {
		if _, ok := f.at[name]; !ok {
			return nil, fmt.Errorf("line 1: the column %s is missing", name)
		}
	}
	return f, nil
}

// next gives the next account, io.EOF behind the last, or the error by which the file cannot be read further.
func (f *accountFile) next() (l accountLine, err error) {
	fields, err := f.csv.Read()
	l.line, _ = f.csv.FieldPos(0)
	if wrong, ok := errors.AsType[*csv.ParseError](err); ok && errors.Is(err, csv.ErrFieldCount) {
		l.line, l.fault = wrong.StartLine, fmt.Errorf("%d fields, but the header has %d", len(fields), len(f.at))
		return l, nil
	} else if ok {
		return l, fmt.Errorf("line %d: %w", wrong.Line, wrong.Err)
	}
	if err != nil {
		return l, err
	}
	l.fault = f.read(&l, func(name string) string {
		if i, ok := f.at[name]; ok {
			return strings.TrimSpace(fields[i])
		}
		return ""
	})
	return l, nil
}

func (f *accountFile) read(l *accountLine, field func(string) string) (err error) {
	for _, name := range accountColumns {
		if !utf8.ValidString(field(name)) {
			return fmt.Errorf("%s: is not UTF-8", name)
		}
	}
	if l.number, err = f.number(field("member_number")); err != nil {
		return fmt.Errorf("member_number: %w", err)
	}
	if l.Username, err = accounts.CheckUsername(field("username")); err != nil {
		return fmt.Errorf("username: %w", err)
	}
	if l.Email, err = accounts.ParseEmail(field("email")); err != nil {
		return fmt.Errorf("email: %w", err)
	}
	if stored := field("password_hash"); stored != "" {
		if l.Hash, err = accounts.ParseForeignHash(stored); err != nil {
			return fmt.Errorf("password_hash: %w", err)
		}
	}
	if l.EmailProven, err = isFirst("email_verified", field("email_verified"), "true", "false"); err != nil {
		return err
	}
	if l.Disabled, err = isFirst("status", field("status"), "disabled", "active"); err != nil {
		return err
	}
	english, err := isFirst("language", field("language"), "en", "es")
	if err != nil {
		return err
	}
	l.Language = "es"
	if english {
		l.Language = "en"
	}
	if at := field("created_at"); at != "" {
		if l.CreatedAt, err = time.Parse(time.RFC3339, at); err != nil || l.CreatedAt.After(f.now) {
			return errors.New("created_at: is not an RFC 3339 instant in the past")
		}
	}
	return errors.Join(f.once(l, "member_number", l.number), f.once(l, "username", l.Username))
}

// isFirst reports whether a value is the first of two, the second of which is the default.
func isFirst(column, value, first, second string) (bool, error) {
	switch strings.ToLower(value) {
	case first:
		return true, nil
	case second, "":
		return false, nil
	}
	return false, fmt.Errorf("%s: is neither %s nor %s", column, first, second)
}

func (f *accountFile) once(l *accountLine, column, value string) error {
	if line, taken := f.seen[column+" "+value]; taken {
		return fmt.Errorf("%s: line %d has it too", column, line)
	}
	f.seen[column+" "+value] = l.line
	return nil
}
