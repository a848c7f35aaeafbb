package members

import (
	"slices"
	"strings"
)

const remarkProblem = "is or has a remark, and not a name"

// remarks are what people write into a name's cell to say what is to be done with its line, or what became of the person, in English and
// Spanish. INFANT and BABY are not among them: newborns are called so. Nor is what is a name as well, such as DITTO, BAJA or RIP.
var remarks = []string{
	"DELETE", "DELETED", "REMOVE", "REMOVED", "VOID", "VOIDED", "TERMED", "TERMINATED", "INACTIVE", "CLOSED", "CANCELLED", "CANCELED", "MOVED",
	"DUP", "DUPLICATE", "DUPLICATED", "TEST", "TBD", "PENDING", "XXX", "XXXX", "XXXXX", "DECEASED", "DO NOT USE",
	"DECD", "DUPE", "ENDED", "EXPIRED", "NO SMS", "WRONG ID", "SEE NOTE", "SEE NOTES", "SEE ABOVE", "SEE BELOW", "SAME AS ABOVE", "SAME AS BELOW", "IDEM",
	"BORRAR", "BORRADO", "BORRADA", "ELIMINAR", "ELIMINADO", "ELIMINADA", "ANULADO", "ANULADA", "INACTIVO", "INACTIVA", "DUPLICADO", "DUPLICADA",
	"PENDIENTE", "PRUEBA", "FALLECIDO", "FALLECIDA", "DIFUNTO", "DIFUNTA", "NO USAR", "VER NOTA", "VER NOTAS", "IGUAL QUE ARRIBA",
	"DADO DE BAJA", "DADA DE BAJA", "CERRADO", "CERRADA", "CANCELADO", "CANCELADA", "REPETIDO", "REPETIDA", "REVISAR", "CORREGIR", "QEPD", "MURIO",
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
	if first, last = strings.ToUpper(first), strings.ToUpper(last); first != "" && last != "" && !remarkWords[first] && !remarkWords[last] {
		return false
	}
	words := " " + strings.Join(strings.FieldsFunc(strings.ToUpper(name), isBetweenWords), " ") + " "
	return slices.ContainsFunc(remarks, func(remark string) bool {
		return strings.HasPrefix(words, " "+remark+" ") || strings.HasSuffix(words, " "+remark+" ")
	})
}

func isBetweenWords(r rune) bool { return r == ' ' || isHyphen(r) || isDot(r) || isBreak(r) }
