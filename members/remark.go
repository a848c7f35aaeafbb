package members

import (
	"fmt"
	"slices"
	"strings"
)

const remarkProblem = "is or has a remark, and not a name"

// remarks are what people write into a name's cell to say what is to be done with its line, or what became of the person, in English and
// Spanish. INFANT and BABY are not among them: newborns are called so. Nor is what is a name as well, such as DITTO, BAJA or RIP (nameWords).
var remarks = []string{
	"DELETE", "DELETED", "REMOVE", "REMOVED", "VOID", "VOIDED", "TERMED", "TERMINATED", "INACTIVE", "CLOSED", "CANCELLED", "CANCELED", "MOVED",
	"DUP", "DUPLICATE", "DUPLICATED", "TEST", "TBD", "PENDING", "XXX", "XXXX", "XXXXX", "DECEASED", "DO NOT USE",
	"DECD", "DUPE", "ENDED", "EXPIRED", "NO SMS", "WRONG ID", "SEE NOTE", "SEE NOTES", "SEE ABOVE", "SEE BELOW", "SAME AS ABOVE", "SAME AS BELOW", "IDEM",
	"BORRAR", "BORRADO", "BORRADA", "ELIMINAR", "ELIMINADO", "ELIMINADA", "ANULADO", "ANULADA", "INACTIVO", "INACTIVA", "DUPLICADO", "DUPLICADA",
	"PENDIENTE", "PRUEBA", "FALLECIDO", "FALLECIDA", "DIFUNTO", "DIFUNTA", "NO USAR", "VER NOTA", "VER NOTAS", "IGUAL QUE ARRIBA",
	"DADO DE BAJA", "DADA DE BAJA", "CERRADO", "CERRADA", "CANCELADO", "CANCELADA", "REPETIDO", "REPETIDA", "REVISAR", "CORREGIR", "QEPD", "Q E P D", "EPD", "E P D", "R I P", "MURIO", "ERROR",
}

// remarkWords are the first and last words of remarks.
var remarkWords = func() map[string]bool {
	words := map[string]bool{}
	for _, remark := range remarks {
		all := strings.Fields(remark)
		words[all[0]], words[all[len(all)-1]] = true, true
	}
	return words
}()

// isRemark reports whether a name is a remark, or begins or ends with one as words of their own.
func isRemark(name string) bool {
	first, last := name, name
	if i := strings.IndexFunc(name, isBetweenWords); i >= 0 {
		first, last = name[:i], name[strings.LastIndexFunc(name, isBetweenWords)+1:]
	}
	hasOther := strings.ContainsAny(name, "kK") // f/k/a is between two names
	if first, last = strings.ToUpper(first), strings.ToUpper(last); first != "" && last != "" && !remarkWords[first] && !remarkWords[last] && (!hasOther || first == last) {
		return false
	}
	words := " " + strings.Join(strings.FieldsFunc(strings.ToUpper(name), isBetweenWords), " ") + " "
	return slices.ContainsFunc(remarks, func(remark string) bool {
		return strings.HasPrefix(words, " "+remark+" ") || strings.HasSuffix(words, " "+remark+" ")
	}) || strings.Contains(words, " F K A ") || strings.Contains(words, " A K A ") || strings.Contains(words, " FKA ")
}

func isBetweenWords(r rune) bool { return r == ' ' || isHyphen(r) || isDot(r) || isBreak(r) }

// nameWords are remarks and words for nothing that are names as well, though rare ones.
var nameWords = []string{"NONE", "SAME", "DITTO", "IGUAL", "RIP", "BAJA", "TERM", "HOLD"}

// nameWordsLeast is how many new members of a chunk are hardly all called so.
const nameWordsLeast = 3

// isWordFor reports whether one of nameWords took the place of a name, or is behind it as the last word, or AKA and another name are.
func isWordFor(is, was string) bool {
	if was == "" || fold(is) == fold(was) {
		return false
	}
	words := strings.FieldsFunc(strings.ToUpper(is), isBetweenWords)
	if i := slices.Index(words, "AKA"); i > 0 && i < len(words)-1 {
		return true
	}
	n := len(words) - 1
	return n >= 0 && slices.Contains(nameWords, words[n]) && (n == 0 || fold(strings.Join(words[:n], "")) == fold(was))
}

// noteNameWords notes the names of a known member that isWordFor recognizes.
func (e *entry) noteNameWords(former record) {
	if e.rec.FirstName == former.FirstName && e.rec.LastName == former.LastName {
		return
	}
	wasFirst, wasLast, _ := splitNames(former.FirstName, former.LastName, former.Suffix)
	first, last, _ := splitNames(e.rec.FirstName, e.rec.LastName, e.rec.Suffix)
	for _, part := range []struct {
		column  column
		was, is string
	}{{colFirstName, wasFirst, first}, {colLastName, wasLast, last}} {
		isNoted := slices.ContainsFunc(e.notes, func(n LineError) bool { return n.Column == string(part.column) })
		if !isNoted && isWordFor(part.is, part.was) {
			e.notes = append(e.notes, LineError{e.position, string(part.column), noteCannotRegister + "is or ends in a word that is hardly a name, and the member has another one", e.unit})
		}
	}
}

// noteSameWords notes which new members of a chunk have one of nameWords for a name, if several have the same.
func (run *importRun) noteSameWords(chunk []entry, known map[string]knownRow) {
	for _, c := range [...]column{colFirstName, colLastName} {
		var found [][]*entry // for each of nameWords
		for i := range chunk {
			e := &chunk[i]
			is := e.rec.FirstName
			if c == colLastName {
				is = e.rec.LastName
			}
			word := slices.IndexFunc(nameWords, func(word string) bool { return len(word) == len(is) && strings.EqualFold(word, is) })
			if word < 0 || e.fault != nil || e.skipped != "" {
				continue
			}
			if _, isKnown := findRow(known, e.macs); isKnown {
				continue
			}
			if found == nil {
				found = make([][]*entry, len(nameWords))
			}
			found[word] = append(found[word], e)
		}
		for _, all := range found {
			for _, e := range all {
				if len(all) >= nameWordsLeast {
					e.notes = append(e.notes, LineError{e.position, string(c), noteCannotRegister + fmt.Sprintf("is a word that is hardly a name, and so is that of others (%d)", len(all)-1), e.unit})
				}
			}
		}
	}
}
