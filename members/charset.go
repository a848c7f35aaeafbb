package members

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/encoding/charmap"
)

// Encodings are the values of ImportOptions.Encoding.
func Encodings() []string { return []string{"utf-8", "windows-1252", "cp850", "cp437", "macintosh"} }

// pages are the character sets of one byte that are read if the option says so. Every text is valid in each of them.
var pages = map[string]*charmap.Charmap{"windows-1252": charmap.Windows1252, "cp850": charmap.CodePage850, "cp437": charmap.CodePage437, "macintosh": charmap.Macintosh}

// otherPages are those that a file in no stated character set may be in, although it is read as Windows-1252: spreadsheets write
// them as "CSV (MS-DOS)" and "CSV (Macintosh)".
var otherPages = [...]string{"cp850", "macintosh"}

var pageNames = map[string]string{
	"cp850": `code page 850, which spreadsheets call "CSV (MS-DOS)"`, "macintosh": `Mac Roman, which spreadsheets call "CSV (Macintosh)"`,
}

// EncodingError reports names that are wrong in Windows-1252, and right in another character set.
type EncodingError struct {
	Encoding     string
	Names, Known int // names of the file that are written as no name is, and known members who keep theirs in the other set
	Line         int // the first of the names, 0 if there is none
	Unit         string
}

func (e *EncodingError) Error() string {
	first := ""
	if e.Line > 0 {
		first = fmt.Sprintf(" (%s %d has the first)", unitOr(e.Unit), e.Line)
	}
	return fmt.Sprintf("the file is read as Windows-1252, but seems to be in %s: %d names are right only in that%s, and %d known members keep theirs then. Nothing was changed",
		pageNames[e.Encoding], e.Names, first, e.Known)
}

// pageFit counts what shows that a file read as Windows-1252 is in another character set.
type pageFit struct {
	strange int // names with a symbol, or with a letter that no Spanish name has, in the wrong case; right in the other set
	line    int // of the first
	unsure  int // names with a lower-case accent among capitals, as simple programs write them; right in the other set
	against int // names that are right, and wrong in the other set
}

// accented are the letters that are looked for: others may be of any language.
const accented = "ÁÉÍÓÚÑÜáéíóúñü"

// weighPages looks at the names of an entry of a file in Windows-1252. It sees them in the order of the file, before they are
// compared.
func (run *importRun) weighPages(e *entry) {
	if run.options.Encoding != "" || run.source.charset() != charset1252 {
		return
	}
	for _, name := range [...]string{e.rec.FirstName, e.rec.LastName} {
		if isASCII([]byte(name)) {
			continue
		}
		for i, p := range otherPages {
			fit := &run.pages[i]
			other, ok := inPage(name, pages[p])
			isRight := ok && isWellWritten(other)
			switch {
			case isRight && isStrange(name):
				if fit.strange++; fit.line == 0 {
					fit.line = e.position
				}
			case isRight && !isWellWritten(name):
				fit.unsure++
			case !isRight && !isStrange(name) && strings.ContainsAny(name, accented):
				fit.against++
			}
		}
	}
}

// inPage reads a name, which was read as Windows-1252, in another character set.
func inPage(name string, page *charmap.Charmap) (string, bool) {
	raw, ok := windows1252(name)
	if !ok {
		return "", false
	}
	var out strings.Builder
	for _, b := range []byte(raw) {
		out.WriteRune(page.DecodeByte(b))
	}
	return out.String(), true
}

// isWellWritten reports whether all letters beyond ASCII are accented ones, in the case of their word.
func isWellWritten(name string) bool {
	for word := range strings.FieldsSeq(name) {
		isUpper := strings.ToUpper(word) == word
		for i, r := range word {
			if r < 0x80 {
				continue
			}
			if !strings.ContainsRune(accented, r) || !isUpper && i > 0 && unicode.IsUpper(r) {
				return false
			}
		}
		if !isUpper && strings.ToUpper(plain(word)) == plain(word) { // RAéL
			return false
		}
	}
	return true
}

// plain returns the ASCII letters of a word.
func plain(word string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && unicode.IsLetter(r) {
			return r
		}
		return -1
	}, word)
}

// isStrange reports whether a name has a symbol beyond ASCII, or a lower-case letter other than the accented ones among capitals.
func isStrange(name string) bool {
	for word := range strings.FieldsSeq(name) {
		letters := plain(word)
		isUpper := len(letters) > 1 && strings.ToUpper(letters) == letters
		for _, r := range word {
			switch {
			case r < 0x80 || strings.ContainsRune(accented, r) || isApostrophe(r) || isHyphen(r):
			case !unicode.IsLetter(r) && !unicode.IsMark(r), isUpper && !unicode.IsUpper(r):
				return true
			}
		}
	}
	return false
}

// keepPage keeps a known member's name if the new one, read in another character set, is the same.
func (run *importRun) keepPage(e *entry, former record) {
	if run.options.Encoding != "" || run.source.charset() != charset1252 {
		return
	}
	for i, p := range otherPages {
		first, isFirst := inPage(e.rec.FirstName, pages[p])
		last, isLast := inPage(e.rec.LastName, pages[p])
		read := record{FirstName: first, LastName: last, Suffix: e.rec.Suffix, BirthDate: former.BirthDate}
		if !isFirst || !isLast || read.identity() != former.identity() {
			continue
		}
		run.pagesKnown[i]++
		e.rec.FirstName, e.rec.LastName, e.rec.Suffix = former.FirstName, former.LastName, former.Suffix
		e.content, e.contentMAC = run.roster.encode(e.rec)
		e.notes = append(e.notes[:0:0], LineError{e.position, "", "has a name that is right in " + pageNames[p] + ": the former name stays", e.unit})
		return
	}
}

// encodings returns the character set that the file is more likely in than in Windows-1252.
func (run *importRun) encodings() (causes []error) {
	var best *EncodingError
	for i, p := range otherPages {
		fit, known := run.pages[i], run.pagesKnown[i]
		if fit.strange+known == 0 || fit.strange+fit.unsure+known <= fit.against {
			continue
		}
		if e := (&EncodingError{p, fit.strange + fit.unsure, known, fit.line, run.source.unit()}); best == nil || e.Names+e.Known > best.Names+best.Known {
			best = e
		}
	}
	if best != nil {
		causes = append(causes, best)
	}
	return causes
}
