package members

import "slices"

// columnWords are other names under which a column is known without a setting, by their headerKey: the words of the members'
// guide, what stands on the card, and what programs of insurers write. A word that may mean two things is none: "name" and
// "ID" may be anybody's or anything's.
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

// byWord finds the place that a header means by a word for it. Two words for one column are a question that only the setting
// answers; taken are the places that it gave to others.
func (h headerNames) byWord(c column, taken []int) (at int, found []string) {
	for _, word := range columnWords[c] {
		if i, ok := h.at[word]; ok && !slices.Contains(taken, i) {
			at, found = i, append(found, h.written[i])
		}
	}
	return at, found
}
