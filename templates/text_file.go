package templates

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckText returns why a file cannot be shown as text: it is another kind of file, or contains characters that readers
// cannot see.
func CheckText(data []byte) error {
	if err := checkKind(data); err != nil {
		return err
	}
	start := strings.ToLower(string(bytes.TrimSpace(data[:min(len(data), 64)])))
	switch {
	case strings.HasPrefix(start, "{\\rtf"):
		return errors.New("is an RTF document; save it as plain text")
	case strings.HasPrefix(start, "<!doctype"), strings.HasPrefix(start, "<html"), strings.HasPrefix(start, "<?xml"):
		return errors.New("is HTML or XML, whose marks would be shown; save it as plain text")
	}
	n := 0
	for line := range strings.Lines(string(bytes.TrimPrefix(data, []byte("\ufeff")))) {
		n++
		if err := checkVisible(strings.TrimRight(line, "\r\n"), "\u00ad\t"); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return nil
}

// The kinds of files that are not text, by their first bytes.
var kinds = []struct{ start, is string }{
	{"%PDF", "a PDF document"}, {"PK\x03\x04", "a ZIP archive, or a document of Word or LibreOffice"}, {"\xD0\xCF\x11", "a document of Word or Excel"},
	{"\x89PNG", "a PNG image"}, {"\xFF\xD8", "a JPEG image"}, {"GIF8", "a GIF image"}, {"\x1F\x8B", "compressed with gzip"},
	{"\xFF\xFE", "UTF-16: save it as UTF-8"}, {"\xFE\xFF", "UTF-16: save it as UTF-8"},
}

// checkKind judges whether a file can be UTF-8 at all.
func checkKind(data []byte) error {
	for _, kind := range kinds {
		if bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte(kind.start)) {
			return fmt.Errorf("is %s", kind.is)
		}
	}
	switch {
	case bytes.IndexByte(data, 0) >= 0:
		return errors.New("holds NUL bytes: it is damaged, or no text")
	case !utf8.Valid(data):
		return errors.New("is not UTF-8")
	}
	return nil
}

// checkVisible refuses control characters, invisible characters, and those that change the order of the text. Those in
// may are allowed.
func checkVisible(text, may string) error {
	for _, r := range text {
		switch {
		case strings.ContainsRune(may, r):
		case r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069:
			return fmt.Errorf("holds U+%04X, which turns the order of the text", r)
		case r == utf8.RuneError:
			return fmt.Errorf("holds U+%04X, which replaces a letter that was lost", r)
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp):
			return fmt.Errorf("holds U+%04X, which nobody sees", r)
		}
	}
	return nil
}

// joiners are used within and between words of Arabic, Persian, Hebrew and the scripts of India.
const joiners = "\u200c\u200d\u200e\u200f\u061c"

// checkJSON refuses a duplicate key, as encoding/json reads keys, and anything after the value.
func checkJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if err := checkValue(d, ""); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows behind its end")
	}
	return nil
}

func checkValue(d *json.Decoder, path string) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	delimiter, _ := token.(json.Delim)
	if delimiter != '{' && delimiter != '[' {
		return nil
	}
	seen := map[string]bool{}
	for d.More() {
		inner := path
		if delimiter == '{' {
			token, err := d.Token()
			if err != nil {
				return err
			}
			key := fmt.Sprint(token)
			inner = strings.TrimPrefix(path+"."+key, ".")
			if seen[strings.ToLower(key)] {
				return fmt.Errorf("%s is there twice", inner)
			}
			seen[strings.ToLower(key)] = true
		}
		if err := checkValue(d, inner); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}
