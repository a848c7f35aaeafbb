package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"huskyidp/accounts"
	"huskyidp/templates"
)

// accountColumns are the columns of a file of accounts; the first three are required.
var accountColumns = []string{"member_number", "username", "email", "password_hash", "email_verified", "language", "status", "created_at"}

const requiredAccountColumns = 3

// accountLine is one account of a file, without the member's ID, or what is wrong with it.
type accountLine struct {
	accounts.Import
	line   int
	number string
	typed  string // the number as it is written
	fault  error

	saysLanguage, saysProven bool // an empty cell says nothing of an account that exists
}

// accountFile reads a CSV file of accounts, separated by commas, semicolons or tabs, in UTF-8, or in UTF-16 with a byte
// order mark. Each line is an account, whatever its quotes: none can swallow the next.
type accountFile struct {
	in        *bufio.Reader
	read      int64 // bytes
	line      int
	separator rune
	end       byte           // of lines
	at        map[string]int // column by name
	width     int
	number    func(typed string) (string, error)
	noted     repeated // filled by the first reading
	judged    repeated // that of the first reading, in the second one
	orders    dateOrders
	known     dateOrders // in the second reading: orders of the first one
	now       time.Time
}

// maxAccountLine in bytes.
const maxAccountLine = 16 << 10

// openAccountFile reads the header. names maps our columns to the file's, where they differ.
func openAccountFile(in io.Reader, names map[string]string, number func(string) (string, error), now time.Time) (*accountFile, error) {
	f := &accountFile{in: bufio.NewReaderSize(transform.NewReader(in, unicode.BOMOverride(encoding.Nop.NewDecoder())), maxAccountLine),
		separator: ',', end: '\n', at: map[string]int{}, number: number, noted: repeated{}, now: now}
	called, headers := map[string]string{}, []string{} // our names by the file's, and the file's
	for _, name := range accountColumns {
		header := headerName(cmp.Or(names[name], name))
		called[header], headers = name, append(headers, header)
	}
	for name := range names {
		if !slices.Contains(accountColumns, name) || len(called) < len(accountColumns) {
			return nil, fmt.Errorf("--column %s=%s: columns are %s, each with a name of its own", name, names[name], strings.Join(accountColumns, ", "))
		}
	}
	if start, _ := f.in.Peek(maxAccountLine); bytes.IndexByte(start, '\n') < 0 && bytes.IndexByte(start, '\r') >= 0 {
		f.end = '\r' // as programs for old Macintosh computers write
	}
	first, _, err := f.next()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty")
	}
	if err != nil {
		return nil, err
	}
	first = strings.TrimLeft(first, "\ufeff")
	for _, separator := range ",;\t" {
		if strings.ContainsRune(first, separator) {
			f.separator = separator
			break
		}
	}
	header, err := f.fields(first)
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", f.line, err)
	}
	if f.width = len(header); !slices.ContainsFunc(header, func(name string) bool {
		return slices.Contains(accountColumns[:requiredAccountColumns], called[headerName(name)])
	}) {
		return nil, fmt.Errorf("line %d: names none of %s: is it no header line, or are the columns separated by something else than commas, semicolons or tabs?",
			f.line, strings.Join(headers[:requiredAccountColumns], ", ")) // and is not quoted: it may be a member's
	}
	for i, name := range header {
		if name = headerName(name); name == "" { // of a separator behind the last name
			continue
		}
		column := called[name]
		if _, twice := f.at[column]; twice || column == "" {
			return nil, fmt.Errorf("line %d: the column %q is not one of %s, each once; one that is called something else is named by --column", f.line, name, strings.Join(headers, ", "))
		}
		f.at[column] = i
	}
	for _, name := range accountColumns[:requiredAccountColumns] {
		if _, ok := f.at[name]; !ok {
			return nil, fmt.Errorf("line %d: the column %s is missing", f.line, cmp.Or(names[name], name))
		}
	}
	return f, nil
}

func headerName(written string) string { return strings.ToLower(strings.TrimSpace(written)) }

// next returns the next line that is not empty, and whether it has a line end.
func (f *accountFile) next() (text string, isWhole bool, err error) {
	for {
		raw, err := f.in.ReadSlice(f.end)
		f.read += int64(len(raw))
		f.line++
		text = strings.TrimRight(string(raw), "\r\n")
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return "", false, fmt.Errorf("line %d is longer than %d KiB", f.line, maxAccountLine>>10)
		case err != nil && (text == "" || !errors.Is(err, io.EOF)):
			return "", false, err
		case strings.Trim(text, " ,;\t") != "": // else a spreadsheet's empty row
			return text, err == nil, nil
		}
	}
}

func (f *accountFile) fields(line string) ([]string, error) {
	r := csv.NewReader(strings.NewReader(line))
	r.Comma, r.LazyQuotes = f.separator, true
	return r.Read()
}

// account returns the next account, io.EOF after the last, or an error that stops reading the file.
func (f *accountFile) account() (l accountLine, err error) {
	text, isWhole, err := f.next()
	if err != nil {
		return l, err
	}
	l.line = f.line
	fields, err := f.fields(text)
	switch {
	case err != nil:
		l.fault = err
	case len(fields) != f.width:
		l.fault = fmt.Errorf("%d fields, but the header has %d", len(fields), f.width)
	case !isWhole:
		l.fault = errors.New("the last line has no end: is the file whole?")
	default:
		l.fault = f.judge(&l, func(name string) string {
			if i, ok := f.at[name]; ok {
				return strings.TrimSpace(unquoted(fields[i]))
			}
			return ""
		})
	}
	return l, nil
}

// unquoted removes what spreadsheets put around a number to keep its zeros: ="0041".
func unquoted(field string) string {
	if inner, ok := strings.CutPrefix(field, `="`); ok {
		return strings.TrimSuffix(inner, `"`)
	}
	return field
}

func (f *accountFile) judge(l *accountLine, field func(string) string) (err error) {
	alone := f.alone(field)
	if f.judged == nil {
		f.noted.note(alone, f.says(field), l.line)
		_, _ = f.created(field("created_at")) // whatever is wrong with the line
	}
	l.typed = field("member_number")
	for _, name := range accountColumns {
		if !utf8.ValidString(field(name)) {
			return fmt.Errorf("%s: is not UTF-8", name)
		}
	}
	if l.number, err = f.number(l.typed); err != nil {
		return fmt.Errorf("member_number: %w", err)
	}
	if l.Username, err = accounts.CheckUsername(field("username")); err != nil {
		return errors.New("username: must have 3 to 32 letters, digits, dots, dashes or underscores, and begin with a letter or digit")
	}
	if l.Email, err = accounts.ParseEmail(field("email")); err != nil {
		return errors.New("email: must be an address such as ana@example.org")
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
	l.saysLanguage, l.saysProven = field("language") != "", field("email_verified") != ""
	languages, err := templates.CatalogLanguages()
	if err != nil {
		return err
	}
	if l.Language = cmp.Or(strings.ToLower(field("language")), templates.DefaultLanguage); !slices.Contains(languages, l.Language) {
		return fmt.Errorf("language: is none of %s", strings.Join(languages, ", "))
	}
	if at := field("created_at"); at != "" {
		if l.CreatedAt, err = f.created(at); err != nil {
			return fmt.Errorf("created_at: %w", err)
		}
	}
	return f.judged.judge(alone, l.line)
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
