package members

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSplitLine(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		line    string
		want    []string
		problem bool
	}{
		{`a,b,c`, []string{"a", "b", "c"}, false},
		{`a,,`, []string{"a", "", ""}, false},
		{``, []string{""}, false},
		{`"a,b",c`, []string{"a,b", "c"}, false},
		{`"say ""hi""",c`, []string{`say "hi"`, "c"}, false},
		{`"",""`, []string{"", ""}, false},
		{`a,"b"`, []string{"a", "b"}, false},
		{`"a",`, []string{"a", ""}, false},
		{`ñ,é`, []string{"ñ", "é"}, false},
		{`"a`, nil, true},
		{`"a""`, nil, true},
		{`a,"`, nil, true},
		{`"a"b,c`, nil, true},
		{`O"Neil,c`, nil, true},
	} {
		got, problem := splitLine(nil, test.line, ',')
		if (problem != "") != test.problem {
			t.Errorf("splitLine(%s): problem %q, want one: %v", test.line, problem, test.problem)
		} else if diff := cmp.Diff(test.want, got); problem == "" && diff != "" {
			t.Errorf("splitLine(%s) (-want +got):\n%s", test.line, diff)
		}
	}
}

func TestLineReader(t *testing.T) {
	t.Parallel()
	text, decoder, err := openText(strings.NewReader("\xEF\xBB\xBFa,b\r\n\nc\n"), "")
	if err != nil {
		t.Fatal(err)
	}
	lines := &lineReader{r: text, decoder: decoder}
	var got []string
	for {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, line)
	}
	if diff := cmp.Diff([]string{"a,b", "", "c"}, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestRowFaultsNameTheColumnAndNoValue(t *testing.T) {
	t.Parallel()
	l, err := readHeader("Last_Name,FIRST_NAME,member_number, birth_date ,suffix,program,coverage_start,coverage_end,note", ',', nil)
	if err != nil {
		t.Fatal(err)
	}
	parser := &rowParser{layout: l, separator: ',', numbers: DefaultNumberFormat, today: Date{2026, 11, 24}}
	for line, column := range map[string]column{
		"Garcia,Ana,123456789,1984-05-17,,,,,":                      "-",
		"Garcia,Ana,012-345 678,05/17/1984,Jr.,HUSKY D,,20270101,":  "-",
		"García López,Ana,123456789,2026-11-24,ESQ,a,,,":            "-",
		"Garcia,Ana,12345678,1984-05-17,,,,,":                       colNumber,
		"Garcia,,123456789,1984-05-17,,,,,":                         colFirstName,
		".,Ana,123456789,1984-05-17,,,,,":                           colLastName,
		"Gar\x00cia,Ana,123456789,1984-05-17,,,,,":                  colLastName,
		strings.Repeat("x", 101) + ",Ana,123456789,1984-05-17,,,,,": colLastName,
		"Garcia,Ana,123456789,1984-02-31,,,,,":                      colBirthDate,
		"Garcia,Ana,123456789,,,,,,":                                colBirthDate,
		"Garcia,Ana,123456789,1879-12-31,,,,,":                      colBirthDate,
		"Garcia,Ana,123456789,2026-11-25,,,,,":                      colBirthDate,
		"Garcia,Ana,123456789,1984-05-17,far too long,,,,":          colSuffix,
		"Garcia,Ana,123456789,1984-05-17,,E,,,":                     colProgram,
		"Garcia,Ana,123456789,1984-05-17,,A,soon,,":                 colCoverageStart,
		"Garcia,Ana,123456789,1984-05-17,,A,2026-01-01,2025-01-01,": colCoverageEnd,
		"Garcia,Ana,123456789,1984-05-17,,A,,":                      "",
		`"Garcia,Ana,123456789,1984-05-17,,A,,,`:                    "",
	} {
		_, wrong, problem := parser.parse(line)
		if isFault := column != "-"; isFault != (problem != "") || isFault && wrong != column {
			t.Errorf("parse(%q): fault in %q: %q, want it in %q", line, wrong, problem, column)
		}
		if strings.Contains(problem, "Garcia") || strings.Contains(problem, "1984") {
			t.Errorf("parse(%q): the fault %q quotes the line", line, problem)
		}
	}
}

// What the importer takes without a note, the form takes and the roster matches.
func FuzzReadRoster(f *testing.F) {
	f.Add("member_number,first_name,last_name,birth_date\n123456789,Ana,García,1984-05-17\n")
	f.Add("birth_date;last_name;first_name;member_number\n")
	f.Add("\xEF\xBB\xBFmember_number,first_name,last_name,birth_date,suffix\r\n\"1\"\"2\",a,b,c,d\r\n")
	f.Add("sep=;\nmember_number;first_name;last_name;birth_date;suffix\n=\"123456789\";PE&#209;A;O/RUIZ 3rd;3/14/1984;\n")
	f.Add("member_number,first_name,last_name,birth_date,n\n123456789,Ana,\"García\n\",1984-05-17,\"a\n123456788,b,c,1984-05-17,\nd\"\n123456787,Eva,Soto,1984-05-17,\"x\n")
	f.Add("\x1f\x8b\x08")
	f.Add("\xFF\xFEm\x00")
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, file string) {
		text, decoder, err := openText(strings.NewReader(file), "")
		if err != nil {
			return
		}
		source, err := newCSV(text, decoder, ImportOptions{}, DefaultNumberFormat, DateOf(at))
		if err != nil {
			return
		}
		for {
			e, err := source.next()
			if err != nil {
				return
			}
			if e.fault != nil || e.skipped != "" || len(e.notes) > 0 {
				continue
			}
			checkRegisters(t, e.rec, at)
		}
	})
}

// checkRegisters types a record into the form as it is on the card.
func checkRegisters(t *testing.T, rec record, at time.Time) {
	t.Helper()
	card := Card{
		BirthMonth: fmt.Sprint(rec.BirthDate.Month), BirthDay: fmt.Sprint(rec.BirthDate.Day), BirthYear: fmt.Sprint(rec.BirthDate.Year),
		FirstName: rec.FirstName, LastName: rec.LastName, CardID: rec.MemberNumber,
	}
	if slices.Contains(Suffixes(), rec.Suffix) {
		card.Suffix = rec.Suffix
	} else {
		card.LastName += " " + rec.Suffix
	}
	claim, problems := card.Parse(at, DefaultNumberFormat.Parse)
	m := rec.member(memberRow{}, DateOf(at))
	if len(problems) > 0 || len(m.differs(claim)) > 0 {
		t.Errorf("the record %+v is taken, but its card %+v has the problems %v and differs in %v", rec, card, problems, m.differs(claim))
	}
}
