package members

import (
	"strings"
	"testing"
)

// TestMistypedColumnsAreNamed: a column under another name is not read; the report says so.
func TestMistypedColumnsAreNamed(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"member_number,first_name,last_name,birth_date,suffix,program,Start,End":                         "NOT READ: the columns Start, End; the file has no coverage_start, coverage_end",
		"member_number,first_name,last_name,birth_date,suffix,program,coverage_start,coverage_end,phone": "",
		"member_number,first_name,last_name,birth_date":                                                  "",
	} {
		l, err := readHeader(header, ',', nil)
		if err != nil {
			t.Fatal(err)
		}
		how := (&csvSource{lines: &lineReader{decoder: &decoder{}}, parser: &rowParser{layout: l, separator: ','}}).format()
		if strings.Contains(how, "NOT READ") != (want != "") || !strings.Contains(how, want) {
			t.Errorf("%s: %s, want %q", header, how, want)
		}
	}
}

// The words of the members' guide and of the card name a column without a setting, in either language.
func TestColumnsInTheWordsOfTheGuide(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+covered(3))
	for name, head := range map[string]string{
		"guide":        "Número de ID del Cliente,Nombre,Apellido,Sufijo,Fecha de Nacimiento,Programa,Inicio de cobertura,Fin de cobertura",
		"card":         "NÚMERO DE IDENTIFICACIÓN:,NOMBRES,APELLIDOS,SUFIJO,FECHA DE NACIMIENTO,PROGRAMA,Cobertura desde,Cobertura hasta",
		"no accents":   "Numero de identificacion,nombre,apellido,sufijo,fecha_de_nacimiento,programa,inicio_de_cobertura,fin_de_cobertura",
		"decomposed":   "Nu\u0301mero de ID del cliente,Nombre,Apellido,Sufijo,Fecha de nacimiento,Programa,Inicio de cobertura,Fin de cobertura",
		"English":      "Client ID Number,First Name,Last Name,Suffix,Date of Birth,Programme,Coverage Start Date,Coverage End Date",
		"of a program": "MEMBER_ID,FIRST,SURNAME,NAME_SUFFIX,DOB,HUSKY Program,COVERAGE_BEGIN,COVERAGE_THRU",
	} {
		report, err := f.Import(t.Context(), strings.NewReader(head+"\n"+covered(3)), ImportOptions{})
		if err != nil || report.Unchanged != 3 || strings.Contains(report.Format, "NOT READ") || name == "guide" && !strings.Contains(report.Format, "; read Número de ID del Cliente as member_number, ") {
			t.Errorf("%s: Import = %+v, %v, want three unchanged, and what was read as what", name, report, err)
		}
	}
}

// Our own name and the setting go before such a word, and two of them for one column are not guessed between.
func TestColumnWordsAreNotGuessedBetween(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		header string
		names  map[string]string
		number int // position
		fault  string
	}{
		{"Client ID,member_number,first_name,last_name,DOB", nil, 1, ""},
		{"Client ID,Member ID,first_name,last_name,DOB", map[string]string{"member_number": "Member ID"}, 1, ""},
		{"Client ID,Member ID,first_name,last_name,DOB", nil, 0, "Client ID and Member ID"},
		{"member_number,Nombre,Apellido,DOB", map[string]string{"last_name": "Nombre"}, 0, "lacks first_name"},
		{"member_number,Name,last_name,DOB", nil, 0, "lacks first_name"},
		{"member_number,first_name,last_name,DOB,Date of Birth", nil, 0, "any of which may be birth_date"},
	} {
		l, err := readHeader(test.header, ',', test.names)
		if (err == nil) != (test.fault == "") || err != nil && !strings.Contains(err.Error(), test.fault) {
			t.Errorf("%s %v: %v, want %q", test.header, test.names, err, test.fault)
		}
		if err == nil && l.position[colNumber] != test.number {
			t.Errorf("%s %v: the number is in column %d, want %d", test.header, test.names, l.position[colNumber], test.number)
		}
	}
}

// A column without a header that has values is named, with the first line that has one.
func TestColumnWithoutAHeaderIsNamed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ head, ana, noah, want string }{
		{",", ",", ",DECEASED 11/15/2026", "; not read: column 9, which has no header; lines with a value there: 1, the first is 3"},
		{",,note", ",x,", ",y,n", "; not read, since they mean nothing here: note; not read: column 9, which has no header; lines with a value there: 2, the first is 2"},
		{",", ",", ", ", ""},
	} {
		f := newFixture(t)
		report := f.load(t, strings.TrimSuffix(header, "\n")+test.head+"\n"+strings.TrimSuffix(anak, "\n")+test.ana+"\n"+strings.TrimSuffix(noah, "\n")+test.noah+"\n")
		if !strings.HasSuffix(report.Format, test.want) || test.want == "" && strings.Contains(report.Format, "no header") || report.Added != 2 {
			t.Errorf("%+v: %+v, want %q", test, report, test.want)
		}
	}
}
