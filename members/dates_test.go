package members

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// A date that can only have its day first puts every date of its column in doubt.
func TestDayFirstDatesAreAskedAbout(t *testing.T) {
	t.Parallel()
	const ana, eva = "111111111,ANA,GARCIA,,04/10/1984,A,01/02/2025,\n", "222222222,EVA,LOPEZ,,31/12/1990,B,01/02/2025,\n"
	for _, file := range []string{header + ana + eva, header + eva + ana, header + ana + strings.Replace(eva, "31/12/1990", "31-12-1990", 1)} {
		f := newFixture(t)
		report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{})
		e, ok := errors.AsType[*DateOrderError](err)
		if !ok || e.Column != "birth_date" || e.DayFirst != 1 || e.Either != 1 || report.Rejected != 1 || report.Added != 1 {
			t.Errorf("%q: %+v, %v, want *DateOrderError of birth_date", file, report, err)
		}
		for order, want := range map[DateOrder]Date{DayFirst: {1984, 10, 4}, MonthFirst: {1984, 4, 10}} {
			f := newFixture(t)
			report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Dates: order})
			if isDay := order == DayFirst; err != nil || report.Added != 1 && !isDay || report.Added != 2 && isDay {
				t.Errorf("%q, %s: %+v, %v", file, order, report, err)
			}
			if m, err := f.Find(t.Context(), "111111111"); err != nil || m.BirthDate != want {
				t.Errorf("%q, %s: born %v, %v, want %v", file, order, m.BirthDate, err, want)
			}
		}
	}
	f := newFixture(t)
	_, err := f.Import(t.Context(), strings.NewReader(header+strings.Replace(ana, ",\n", ",31/12/9999\n", 1)), ImportOptions{})
	if e, ok := errors.AsType[*DateOrderError](err); !ok || e.Column != "coverage_end" {
		t.Errorf("an open end with its day first: %v, want *DateOrderError of coverage_end", err)
	}
	if report := f.load(t, header+ana+strings.Replace(eva, "31/12", "12/31", 1)); report.Added != 2 {
		t.Errorf("dates with the month first: %+v, want two added", report)
	}
	if report, err := f.Import(t.Context(), strings.NewReader(header+strings.Replace(ana, "04/10", "04.10", 1)+strings.Replace(eva, "31/12", "31.12", 1)),
		ImportOptions{Dates: DayFirst, AllowDoubtful: true}); err != nil || report.Rejected != 0 {
		t.Errorf("dots with the day first: %+v, %v, want them read", report, err)
	}
}

// What is not read as a date is called what it looks like.
func TestOddDatesAreNamed(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"": "is empty", "14.03.1984": "dots", "30755": "number of days", "30755.0": "number of days", "3/14/84": "two digits", "14-MAR-1984": "words",
		"Mar 14, 1984": "words", "1984-02-31": "is not a day of the calendar", "2/30/1984": "is not a day of the calendar", "14031984": "eight digits", "soon": "is not a date",
		"14/3/1984": "day first", "1984-03": "is not a date", "14.3.84": "two digits",
	} {
		d, problem := (&dateReader{}).read(text)
		if !d.IsZero() || !strings.Contains(problem, says) {
			t.Errorf("%q: %v, %q, want %q", text, d, problem, says)
		}
	}
	f := newFixture(t)
	f.load(t, header+anak+noah)
	_, err := f.Import(t.Context(), strings.NewReader(header+strings.ReplaceAll(anak+noah, "1984-03-", "30755")), ImportOptions{})
	if err == nil || !strings.Contains(err.Error(), "no valid line") || !strings.Contains(err.Error(), "line 2: birth_date: ") {
		t.Errorf("every line at fault: %v, want the first fault", err)
	}
}

// What is certain is read, whatever a program made of the file.
func TestFilesThatAreReadAllTheSame(t *testing.T) {
	t.Parallel()
	plain := header + anak + noah
	noBOM := func(isBig bool) string { return inUTF16(plain, isBig)[2:] }
	names := strings.Replace(plain, header, "Member Number,FIRST NAME,Last-Name,Suffix,BirthDate,program,Coverage.Start,coverage end\n", 1)
	for name, file := range map[string]string{
		"CR alone":                    strings.ReplaceAll(plain, "\n", "\r"),
		"UTF-16 little, no mark":      noBOM(false),
		"UTF-16 big, no mark":         noBOM(true),
		"a comma behind every line":   strings.ReplaceAll(plain, "\n", ",\n"),
		"a comma behind every member": header + strings.ReplaceAll(anak+noah, "\n", ",\n"),
		"three commas, CRLF":          header + strings.ReplaceAll(anak+noah, "\n", ", ,\"\",\r\n"),
		"headers in words":            names,
		"a title above":               "HUSKY roster of November,,,,,,,\n,,,,,,,\n" + plain,
		"blank lines above":           "\n\n" + plain,
	} {
		f := newFixture(t)
		report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Rejected: func(e LineError) { t.Errorf("%s: %v", name, e) }})
		if err != nil || report.Added != 2 {
			t.Errorf("%s: %+v, %v, want two added", name, report, err)
			continue
		}
		if m, err := f.Find(t.Context(), "900000610"); err != nil || m.Suffix != "JR" || m.CoverageStart != (Date{2025, 1, 1}) || !m.CoverageEnd.IsZero() {
			t.Errorf("%s: the member is %+v, %v", name, m, err)
		}
	}
}

// What is not read is called what it seems to be.
func TestFilesThatAreNoRosterAreNamed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, test := range map[string]struct{ file, says string }{
		"PDF":                    {"%PDF-1.7\n%\xE2\xE3\n", "PDF"},
		"HTML":                   {"\xEF\xBB\xBF\r\n<!DOCTYPE html>\n<html>", "web page"},
		"HTML table":             {"<table><tr><td>", "web page"},
		"XML":                    {"<?xml version=\"1.0\"?>\n<Workbook>", "XML"},
		"JSON":                   {"[{\"member_number\": \"111111111\"}]\n", "JSON"},
		"XLSX":                   {"PK\x03\x04", "Excel"},
		"RTF":                    {"{\\rtf1\\ansi", "RTF"},
		"7-Zip":                  {"7z\xBC\xAF\x27\x1C", "7-Zip"},
		"JSON, spread out":       {"[\n  {\n    \"member_number\": \"111111111\"", "JSON"},
		"JSON in UTF-16":         {inUTF16("{\"members\": []}\n", false), "JSON"},
		"HTML in UTF-16":         {inUTF16("<html>\n", true), "web page"},
		"conflict":               {"<<<<<<< HEAD\n" + header + anak + "=======\n" + noah + ">>>>>>> other\n", "marks of a merge conflict"},
		"conflict below":         {header + anak + "<<<<<<< HEAD\n" + noah + "=======\n" + noah + ">>>>>>> other\n", "line 3: the file has the marks of a merge conflict"},
		"conflict, settled half": {header + anak + "=======\n" + noah + ">>>>>>> other\n", "line 5: the file has the marks of a merge conflict"},
		"conflict in X12":        {strings.Replace(file834(set834("4", insAnak)), "N1*IN", "<<<<<<< HEAD\nN1*IN", 1), "segment 6: the file has the marks of a merge conflict"},
		"conflict above X12":     {"<<<<<<< HEAD\n" + file834(set834("4", insAnak)), "marks of a merge conflict"},
		"empty ZIP":              {"PK\x05\x06\x00\x00", "empty"},
		"Git LFS":                {"version https://git-lfs.github.com/spec/v1\noid sha256:", "git lfs pull"},
		"SQLite":                 {"SQLite format 3\x00", "SQLite"},
		"EBCDIC":                 {"\xC9\xE2\xC1\x5C\xF0\xF0", "EBCDIC"},
		"UTF-32":                 {"\xFF\xFE\x00\x00m\x00\x00\x00", "UTF-32"},
		"angle bracket":          {"<< members >>\n" + noah, "no header"},
		"PGP":                    {"-----BEGIN PGP MESSAGE-----\n", "encrypted"},
		"no header":              {anak + noah, "no header"},
		"a member above":         {anak + header + noah, "the header is here, below members' lines"},
		"unknown headers":        {"member_number,first_name,last_name,Born somewhere\n111111111,A,B,1984-05-17\n", "Born somewhere"},
		"column that is none":    {header + anak, "coverage_strat"},
	} {
		options := ImportOptions{}
		if name == "column that is none" {
			options.Columns = map[string]string{"coverage_strat": "Start"}
		}
		_, err := f.Import(t.Context(), strings.NewReader(test.file), options)
		if _, ok := errors.AsType[*FileError](err); !ok || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want a *FileError with %q", name, err, test.says)
		}
		if err != nil && (strings.Contains(err.Error(), "ANAK") || strings.Contains(err.Error(), "RUIZ")) {
			t.Errorf("%s: %v quotes a member", name, err)
		}
	}
}

// Columns in brackets, as a database names them, are not JSON.
func TestHeaderInBrackets(t *testing.T) {
	t.Parallel()
	_, err := newFixture(t).Import(t.Context(), strings.NewReader("[member_number],[first_name]\n111111111,A\n"), ImportOptions{})
	if err == nil || strings.Contains(err.Error(), "JSON") || !strings.Contains(err.Error(), "known columns are member_number") {
		t.Errorf("a header in brackets: %v, want what columns there are", err)
	}
}

// What a spreadsheet made of a number is named, and counts as its member's as far as it can be read.
func TestOddNumbersAreNamed(t *testing.T) {
	t.Parallel()
	for number, says := range map[string]string{
		"4123789": "zeros are missing (2)", "04123789": "zeros are missing (1)", "4123789.0": "zeros are missing (2)", "4.12E+06": "rounded", "004123789.0": "decimal", "": "is empty", "0004123789": "1 zeros too many", "00004123789": "2 zeros too many", "0041237899": "does not have the form",
	} {
		f := newFixture(t)
		var roster strings.Builder
		roster.WriteString(header + covered(9) + "004123789,ANA,RUIZ,,1984-03-14,A,,\n")
		f.load(t, roster.String())
		var faults []string
		report, err := f.Import(t.Context(), strings.NewReader(header+covered(9)+number+",ANA,RUIZ,,1984-03-14,A,,\n"), ImportOptions{Rejected: func(e LineError) { faults = append(faults, e.Error()) }})
		if len(faults) != 1 || !strings.HasPrefix(faults[0], "line 11: member_number: ") || !strings.Contains(faults[0], says) {
			t.Errorf("%q: faults %q, want %q", number, faults, says)
		}
		isGuessed := strings.Contains(says, "zero") || says == "decimal"
		if _, isUnreadable := errors.AsType[*UnreadableError](err); isUnreadable == isGuessed || isGuessed && report.Ended != 0 {
			t.Errorf("%q: %+v, %v, want the number taken for its member: %v", number, report, err, isGuessed)
		}
	}
}

// The number may be in another REF than the setting says.
func TestOtherRefIsNamed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah)
	file := strings.ReplaceAll(file834(set834("4", strings.ReplaceAll(insAnak, "REF*1L*GROUP~", ""), insNoah)), "REF*0F*", "REF*1L*")
	var faults []string
	_, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{Rejected: func(e LineError) { faults = append(faults, e.Error()) }})
	if err == nil || !slices.ContainsFunc(faults, func(s string) bool { return strings.Contains(s, "no REF 0F") && strings.Contains(s, "REF 1L") }) {
		t.Errorf("numbers in REF 1L: %q, %v, want it named", faults, err)
	}
	if report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{MemberRef: "1L", AllowDoubtful: true}); err != nil || report.Rejected > 0 {
		t.Errorf("with the setting: %+v, %v", report, err)
	}
	slashed := strings.Replace(file834(set834("4", insAnak, insNoah)), "19840314", "04/10/1984", 1)
	if report, err := f.Import(t.Context(), strings.NewReader(slashed), ImportOptions{}); err != nil || report.Rejected != 1 {
		t.Errorf("a slashed date in the form D8: %+v, %v, want it rejected", report, err)
	}
}

// The days as which programs write an empty cell are nobody's birth date, and no bound of coverage.
func TestDatesOfEmptyCells(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah+covered(9))
	for _, day := range []string{"1900-01-01", "1/1/1900", "19000101", "1900-01-01 00:00:00", "1899-12-30", "12/31/1899", "0001-01-01", "1753-01-01", "1904-01-01", "1/0/1900", "1900-01-00"} {
		var faults []string
		options := ImportOptions{DryRun: true, Rejected: func(e LineError) { faults = append(faults, e.Error()) }}
		report, err := f.Import(t.Context(), strings.NewReader(header+strings.Replace(anak, "1984-03-14", day, 1)+noah+covered(9)), options)
		if err != nil || report.Rejected != 1 || report.Held != 0 || len(faults) != 1 || faults[0] != "line 2: birth_date: "+dateEmptyCell {
			t.Errorf("born on %s: %+v, %v, faults %q, want the line named", day, report, err, faults)
		}
		for column, line := range map[string]string{"start": strings.Replace(anak, "2025-01-01", day, 1), "end": strings.Replace(anak, "2025-01-01,", "2025-01-01,"+day, 1)} {
			bound, problem := (&dateReader{}).bound(day)
			report, err := f.Import(t.Context(), strings.NewReader(header+line+noah+covered(9)), ImportOptions{DryRun: true})
			if err != nil || report.Rejected != 0 || !bound.IsZero() || problem != "" || column == "end" && report.Unchanged != 11 {
				t.Errorf("coverage %s %s: %+v, %v, bound %v, %q, want it open", column, day, report, err, bound, problem)
			}
		}
	}
	for name, set := range map[string]string{"full": "4", "change": "2"} {
		insAnak := strings.Replace(insAnak, "19840314", "19000101", 1)
		for named, ins := range map[string]string{"": insAnak, ", nameless": strings.Replace(insAnak, "NM1*IL*1*RUIZ*ANAK*M**JR~", "NM1*IL*1~", 1)} {
			var faults []string
			report, err := f.Import(t.Context(), strings.NewReader(file834(set834(set, ins, insNoah))), ImportOptions{AllowShrink: true, AllowUnreadable: true, DryRun: true, Rejected: func(e LineError) { faults = append(faults, e.Error()) }})
			if err != nil || report.Rejected != 1 || len(faults) != 1 || !strings.HasSuffix(faults[0], "birth_date: "+dateEmptyCell) {
				t.Errorf("834, %s%s: %+v, %v, faults %q, want the loop named", name, named, report, err, faults)
			}
		}
	}
	card := Card{BirthMonth: "1", BirthDay: "1", BirthYear: "1900", FirstName: "ANAK", LastName: "RUIZ", CardID: "900000610"}
	if _, problems := card.Parse(now, DefaultNumberFormat.Parse); len(problems) != 1 {
		t.Errorf("typed: %v, want the day refused as in a file", problems)
	}
}

// What people write in place of a date when somebody died is no month in words.
func TestDeathInADateColumn(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"DECEASED": dateDied, "Deceased 11/15/2026": dateDied, "fallecida": dateDied, "DIED-2026": dateDied,
		"14-MAR-1984": dateWords, "Dec 3, 2026": dateWords, "3 de diciembre de 2026": dateWords, "14Sept1984": dateWords, "DECIDED": notADate, "MARRIED": notADate, "??": notADate,
	} {
		if _, problem := (&dateReader{}).bound(said); problem != want {
			t.Errorf("%s: %q, want %q", said, problem, want)
		}
	}
}
