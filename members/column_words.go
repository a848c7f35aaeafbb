package members

import "slices"

// columnWords maps each column to other headers that are recognized without a setting, by their headerKey: the words of
// the member guide and of the card, and the names that insurers' programs write. Ambiguous words such as "name" and
// "ID" are deliberately not in it.
var columnWords = map[column][]string{
	colNumber: {
		"numerodeiddelcliente", "iddelcliente", "idcliente", "numerodeidentificacion", "numerodeidentificaciondelcliente", "numerodecliente", "numerodemiembro",
		"numerodeiddelmiembro", "iddelmiembro", "iddemiembro", "nodeidentificacion",
		"clientidnumber", "clientid", "clientnumber", "memberid", "memberidnumber", "memberno", "membernbr", "membernum", "identificationnumber", "idnumber", "medicaidid",
		"medicaidnumber",
	},
	colFirstName: {"nombre", "nombres", "primernombre", "nombredepila", "first", "firstnm", "fname", "givenname", "givennames", "memberfirstname", "clientfirstname"},
	colLastName:  {"apellido", "apellidos", "last", "lastnm", "lname", "surname", "surnames", "familyname", "memberlastname", "clientlastname"},
	colSuffix:    {"sufijo", "sufijodelnombre", "namesuffix", "suffixname", "generationsuffix", "gensuffix"},
	colBirthDate: {
		"fechadenacimiento", "fechanacimiento", "fechanac", "nacimiento", "nacidoel", "dateofbirth", "dob", "birthdt", "birthday", "born", "memberdob", "clientdob", "memberdateofbirth",
	},
	colProgram: {"programa", "programme", "programadehusky", "programahusky", "huskyprogram", "huskyprogramme"},
	colCoverageStart: {
		"iniciodecobertura", "iniciodelacobertura", "iniciocobertura", "fechadeiniciodecobertura", "fechadeiniciodelacobertura", "coberturadesde",
		"coveragestartdate", "coveragebegin", "coveragebegindate", "coveragefrom", "coverageeffectivedate", "eligibilitystart", "eligibilitystartdate", "eligibilitybegindate",
	},
	colCoverageEnd: {
		"findecobertura", "findelacobertura", "fincobertura", "fechadefindecobertura", "fechadefindelacobertura", "coberturahasta",
		"coverageenddate", "coveragethru", "coveragethrough", "coverageto", "eligibilityend", "eligibilityenddate",
	},
}

// byWord finds the position of the header that names column c by one of its words. If several headers do, only the
// setting can decide. taken holds the positions already assigned to other columns.
func (h headerNames) byWord(c column, taken []int) (at int, found []string) {
	for _, word := range columnWords[c] {
		if i, ok := h.at[word]; ok && !slices.Contains(taken, i) {
			at, found = i, append(found, h.written[i])
		}
	}
	return at, found
}
