package members

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// openText takes off what stands before the text of a file and turns UTF-16, which its byte order mark names, into UTF-8.
// It refuses what is no text at all.
func openText(file io.Reader) (text *bufio.Reader, decoder *decoder, err error) {
	text = bufio.NewReaderSize(file, maxLine)
	start, err := text.Peek(4)
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	if problem := foreignFormat(start); problem != "" {
		return nil, nil, &FileError{Problem: problem}
	}
	decoder = newDecoder()
	switch {
	case bytes.HasPrefix(start, []byte("\xEF\xBB\xBF")):
		decoder.charset = charsetUTF8
		_, err = text.Discard(3)
	case bytes.HasPrefix(start, []byte("\xFF\xFE")), bytes.HasPrefix(start, []byte("\xFE\xFF")):
		decoder.charset = charsetUTF16
		utf16 := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder()
		text = bufio.NewReaderSize(transform.NewReader(text, utf16), maxLine)
		err = nil
	default:
		err = nil
	}
	return text, decoder, err
}

func foreignFormat(start []byte) string {
	for magic, problem := range map[string]string{
		"\x1f\x8b":     "the file is compressed with gzip; unpack it first",
		"BZh":          "the file is compressed with bzip2; unpack it first",
		"\xFD7zX":      "the file is compressed with xz; unpack it first",
		"\x28\xB5\x2F": "the file is compressed with zstd; unpack it first",
		"PK\x03\x04":   "the file is a ZIP archive or a spreadsheet; export it as CSV",
		"\xD0\xCF\x11": "the file is a spreadsheet in the old binary form; export it as CSV",
	} {
		if bytes.HasPrefix(start, []byte(magic)) {
			return problem
		}
	}
	return ""
}

const (
	charsetUTF8  = "UTF-8"
	charsetUTF16 = "UTF-16"
	charset1252  = "Windows-1252"
)

// decoder turns the bytes of lines into text. The first line beyond ASCII decides between UTF-8 and Windows-1252 for the
// whole file: text in the one is practically never valid in the other.
type decoder struct{ charset string }

func newDecoder() *decoder { return &decoder{} }

// text never fails: a byte that is wrong in the file's own character set becomes U+FFFD, which no name may hold.
func (d *decoder) text(raw []byte) string {
	if isASCII(raw) {
		return string(raw)
	}
	if d.charset == "" {
		d.charset = charset1252
		if utf8.Valid(raw) {
			d.charset = charsetUTF8
		}
	}
	if d.charset != charset1252 {
		return strings.ToValidUTF8(string(raw), "\uFFFD")
	}
	var out strings.Builder
	for _, b := range raw {
		out.WriteRune(charmap.Windows1252.DecodeByte(b))
	}
	return out.String()
}

func isASCII(raw []byte) bool {
	for _, b := range raw {
		if b >= 0x80 {
			return false
		}
	}
	return true
}
