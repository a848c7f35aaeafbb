package members

import (
	"bufio"
	"bytes"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// openText removes byte order marks from the beginning of a file and converts UTF-16 to UTF-8. It refuses files that
// are not text.
func openText(file io.Reader, encoding string) (text *bufio.Reader, decoder *decoder, err error) {
	text = bufio.NewReaderSize(file, maxLine)
	start, err := text.Peek(64)
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	if problem := foreignFormat(start); problem != "" {
		return nil, nil, &FileError{Problem: problem}
	}
	decoder = newDecoder(encoding)
	endian, policy := unicode.BigEndian, unicode.UseBOM
	switch {
	case bytes.HasPrefix(start, []byte(markUTF8)):
		decoder.charset, decoder.page = charsetUTF8, nil
		return text, decoder, dropMarks(text)
	case bytes.HasPrefix(start, []byte("\xFF\xFE")), bytes.HasPrefix(start, []byte("\xFE\xFF")):
	case isEveryOtherZero(start, 1):
		endian, policy = unicode.LittleEndian, unicode.IgnoreBOM
	case isEveryOtherZero(start, 0):
		policy = unicode.IgnoreBOM
	default:
		return text, decoder, nil
	}
	decoder.charset, decoder.page = charsetUTF16, nil
	text = bufio.NewReaderSize(transform.NewReader(text, unicode.UTF16(endian, policy).NewDecoder()), maxLine)
	if err := dropMarks(text); err != nil {
		return nil, nil, err
	}
	start, _ = text.Peek(64)
	if problem := foreignFormat(start); problem != "" {
		return nil, nil, &FileError{Problem: problem}
	}
	return text, decoder, nil
}

// dropMarks removes byte order marks: a file that was joined or saved twice has several.
func dropMarks(text *bufio.Reader) error {
	for {
		start, err := text.Peek(len(markUTF8))
		switch {
		case string(start) != markUTF8 && err == io.EOF:
			return nil
		case string(start) != markUTF8:
			return err
		}
		if _, err := text.Discard(len(markUTF8)); err != nil {
			return err
		}
	}
}

// isEveryOtherZero recognizes plain letters in UTF-16 without a byte order mark: every second byte is zero, as in
// nothing else.
func isEveryOtherZero(start []byte, at int) bool {
	for i, b := range start {
		if (b == 0) != (i%2 == at) {
			return false
		}
	}
	return len(start) >= 4
}

const markUTF8 = "\xEF\xBB\xBF"

// foreignFormat names the format of a file that is not text, or text of another kind.
func foreignFormat(start []byte) string {
	formats := map[string]string{
		"\x1f\x8b":                "the file is compressed with gzip; unpack it first",
		"BZh":                     "the file is compressed with bzip2; unpack it first",
		"\xFD7zX":                 "the file is compressed with xz; unpack it first",
		"\x28\xB5\x2F":            "the file is compressed with zstd; unpack it first",
		"PK\x05\x06":              "the file is a ZIP archive, and an empty one; ask for it again",
		"PK\x03\x04":              "the file is a ZIP archive, or a spreadsheet of Excel (XLSX) or LibreOffice; unpack it, or export it as CSV",
		"7z\xBC\xAF":              "the file is packed with 7-Zip; unpack it first",
		"Rar!":                    "the file is packed with RAR; unpack it first",
		"%PDF":                    "the file is a PDF document; ask for it as CSV",
		"{\\RTF":                  "the file is an RTF document; export it as CSV",
		"-----BEGIN":              "the file is encrypted or signed with PGP; decrypt it first",
		"<?XML":                   "the file is XML; export it as CSV",
		"{":                       "the file is JSON; export it as CSV",
		"VERSION HTTPS://GIT-LFS": "the file is a Git LFS pointer, not the file itself; fetch that with git lfs pull",
		"SQLite format":           "the file is an SQLite database; export it as CSV",
		"PAR1":                    "the file is a Parquet table; export it as CSV",
		"\xC9\xE2\xC1":            "the file is X12 in EBCDIC; have it converted to ASCII",
		"\xFF\xFE\x00\x00":        "the file is text in UTF-32; save it as UTF-8",
		"\x00\x00\xFE\xFF":        "the file is text in UTF-32; save it as UTF-8",
		"\xD0\xCF\x11":            "the file is a spreadsheet in the old binary form; export it as CSV",
	}
	text := bytes.ToUpper(bytes.TrimLeft(bytes.TrimPrefix(start, []byte(markUTF8)), " \t\r\n"))
	longest := ""
	for magic := range formats {
		if len(magic) > len(longest) && (bytes.HasPrefix(start, []byte(magic)) || bytes.HasPrefix(text, []byte(magic))) {
			longest = magic
		}
	}
	switch {
	case longest != "":
		return formats[longest]
	case isConflictMark(text):
		return conflictProblem
	case tagStart.Match(text):
		return "the file is a web page (HTML), perhaps that of a sign-in or an error; download the file again, or export it as CSV"
	case listStart.Match(text): // [member_number] is a column's name in some databases
		return "the file is JSON; export it as CSV"
	}
	return ""
}

var (
	tagStart  = regexp.MustCompile(`^<[A-Z!/?]`)
	listStart = regexp.MustCompile(`^\[\s*([\[{"\]0-9-]|$)`)
)

const conflictProblem = "the file has the marks of a merge conflict (<<<<<<<, >>>>>>>), so two versions of some lines: settle it in the version control, and import the result"

// isConflictMark recognizes the lines with which version control begins and ends two versions of what stands between.
func isConflictMark(line []byte) bool {
	return bytes.HasPrefix(line, []byte("<<<<<<<")) || bytes.HasPrefix(line, []byte(">>>>>>>"))
}

const (
	charsetUTF8  = "UTF-8"
	charsetUTF16 = "UTF-16"
	charset1252  = "Windows-1252"
)

// decoder turns the bytes of lines into text. The first non-ASCII line decides between UTF-8 and Windows-1252 for the
// whole file: text in one is practically never valid in the other.
type decoder struct {
	charset string
	page    *charmap.Charmap // of a charset with one byte
}

// newDecoder takes one of Encodings, or "".
func newDecoder(encoding string) *decoder {
	switch page, isPage := pages[encoding]; {
	case encoding == "utf-8":
		return &decoder{charset: charsetUTF8}
	case isPage && page == charmap.Windows1252:
		return &decoder{charset1252, page}
	case isPage:
		return &decoder{encoding, page}
	}
	return &decoder{}
}

// text never fails: a byte that is invalid in the file's character set becomes U+FFFD, which no name may contain.
func (d *decoder) text(raw []byte) string {
	if isASCII(raw) {
		return string(raw)
	}
	if d.charset == "" {
		d.charset, d.page = charset1252, charmap.Windows1252
		if utf8.Valid(raw) {
			d.charset, d.page = charsetUTF8, nil
		}
	}
	if d.page == nil {
		return strings.ToValidUTF8(string(raw), "\uFFFD")
	}
	var out strings.Builder
	for _, b := range raw {
		out.WriteRune(d.page.DecodeByte(b))
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
