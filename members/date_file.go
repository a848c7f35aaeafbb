package members

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// DateOrder says how 04/10/1984 is to be read.
type DateOrder string

// The orders. By default the month comes first, as on the card, until a date contradicts that.
const (
	MonthFirst DateOrder = "month-first"
	DayFirst   DateOrder = "day-first"
)

// DateOrderError reports a column with dates that can only have the day first, so that its ambiguous dates cannot be
// read.
type DateOrderError struct {
	Column             string
	DayFirst           int // dates that can only have the day first,
	MonthFirst, Either int // only the month first, or either
	DayLine, MonthLine int // the first line of each

	AsRead, OtherWay int // known members who have the date that is read with the month first, or with the day first
}

// IsMixed reports that no order suits all dates: the file was put together from two.
func (e *DateOrderError) IsMixed() bool { return e.DayFirst > 0 && e.MonthFirst > 0 }

func (e *DateOrderError) Error() string {
	if e.IsMixed() {
		return fmt.Sprintf("%s: dates of both orders: %d have the day first (31/12; line %d is the first), %d the month first (line %d), %d either; export them as 2006-01-02. Nothing was changed",
			e.Column, e.DayFirst, e.DayLine, e.MonthFirst, e.MonthLine, e.Either)
	}
	if e.OtherWay > 0 {
		return fmt.Sprintf("%s: each of %d dates can be read both ways (01/08); with the day first %d known members keep the date that they have, with the month first %d: how are they meant? Nothing was changed",
			e.Column, e.Either, e.OtherWay, e.AsRead)
	}
	return fmt.Sprintf("%s: %d dates can only have the day first (31/12), %d only the month first, %d either: how are they meant? Nothing was changed",
		e.Column, e.DayFirst, e.MonthFirst, e.Either)
}

// dateReader reads the dates of one column of a file: 2006-01-02, 2006/1/2, 20060102, 1/2/2006, each optionally
// followed by a time of day, which is dropped.
type dateReader struct {
	order                 DateOrder
	day, month, ambiguous int  // counts of dates by what their first part can be
	line                  int  // of the next date
	dayLine, monthLine    int  // the first lines of either order
	isEither              bool // the last date can be read both ways
}

// Problems of a text that cannot be read as a date.
const (
	notADate       = "is not a date (2006-01-02, 01/02/2006 or 20060102)"
	dateIsEmpty    = "is empty"
	dateIsNoDay    = "is not a day of the calendar"
	dateDayFirst   = "has the day first, it seems: see the setting for dates"
	dateOtherOrder = "has the other order than the setting for dates says: export it as 2006-01-02"
	dateDots       = "has dots, as dates with the day first have: export it as 2006-01-02, or set the dates to day-first"
	dateTwoDigits  = "has a year of two digits, and nobody knows its century: export it with four"
	dateDays       = "is a number of days, as spreadsheets keep dates: give the column the form yyyy-mm-dd and export it again"
	dateWords      = "has its month in words: export it as 2006-01-02"
	dateDied       = "seems to say that the person died, and is no date: nobody ends by it; leave who died out of the file, or write the day in coverage_end"
	dateEmptyCell  = "is what programs write for an empty cell, and nobody's birth date"
	dateEight      = "has eight digits that are not year, month and day: export it as 20060102"
)

// ReadDate reads a single date as a roster file's, with the month first.
func ReadDate(s string) WrittenDate {
	var r dateReader
	d, problem := r.read(strings.TrimSpace(s))
	return WrittenDate{Date: d, Problem: problem, IsMonthFirst: r.month > 0, IsDayFirst: r.day > 0, IsEither: r.isEither}
}

// WrittenDate is a date, or the problem with it, and which of its parts can be the month.
type WrittenDate struct {
	Date
	Problem                            string
	IsMonthFirst, IsDayFirst, IsEither bool // 3/14/2024, 14/3/2024, 3/4/2024
}

// read returns a date, or the problem with it.
func (r *dateReader) read(s string) (d Date, problem string) {
	r.isEither = false
	if d, ok := parseISO(s); ok {
		return d, ""
	}
	s = withoutTime(s)
	if len(s) == 8 && strings.Trim(s, "0123456789") == "" {
		if d, ok := dateFromDigits(s[:4], s[4:6], s[6:]); ok {
			return d, ""
		}
		return Date{}, dateEight
	}
	parts := strings.FieldsFunc(s, func(c rune) bool { return c == '/' || c == '-' || c == '.' })
	isDotted := strings.Contains(s, ".")
	if len(parts) != 3 || len(s) != len(strings.Join(parts, "/")) || strings.Trim(strings.Join(parts, ""), "0123456789") != "" {
		return Date{}, noDate(s)
	}
	switch a, b, c := len(parts[0]), len(parts[1]), len(parts[2]); {
	case a == 4 && b <= 2 && c <= 2:
		if d, ok := dateFromDigits(parts[0], parts[1], parts[2]); ok {
			return d, ""
		}
		return Date{}, dateIsNoDay
	case a <= 2 && b <= 2 && c == 2:
		return Date{}, dateTwoDigits
	case a > 2 || b > 2 || c != 4:
		return Date{}, notADate
	case isDotted && r.order != DayFirst:
		return Date{}, dateDots
	}
	return r.ordered(parts)
}

// ordered reads a date whose year is last.
func (r *dateReader) ordered(parts []string) (Date, string) {
	monthFirst, isMonth := dateFromDigits(parts[2], parts[0], parts[1])
	dayFirst, isDay := dateFromDigits(parts[2], parts[1], parts[0])
	switch {
	case isMonth && isDay && monthFirst != dayFirst:
		r.ambiguous++
		r.isEither = true
	case isMonth && !isDay:
		r.month++
		r.monthLine = cmp.Or(r.monthLine, r.line)
	case isDay && !isMonth:
		r.day++
		r.dayLine = cmp.Or(r.dayLine, r.line)
	}
	switch {
	case isDay && r.order == DayFirst:
		return dayFirst, ""
	case isMonth && r.order != DayFirst:
		return monthFirst, ""
	case isDay && r.order == "":
		return Date{}, dateDayFirst
	case isDay, isMonth:
		return Date{}, dateOtherOrder
	}
	return Date{}, dateIsNoDay
}

// noDate describes a text without day, month and year.
func noDate(s string) string {
	days, _, _ := strings.Cut(s, ".")
	switch {
	case s == "":
		return dateIsEmpty
	case len(days) == 5 && strings.Trim(s, "0123456789.") == "":
		return dateDays
	}
	problem := notADate
	for word := range strings.FieldsFuncSeq(strings.ToUpper(s), func(r rune) bool { return !unicode.IsLetter(r) }) {
		if slices.Contains(deathWords, word) {
			return dateDied
		}
		if len(word) >= 3 && slices.ContainsFunc(monthNames, func(month string) bool { return strings.HasPrefix(month, word) }) {
			problem = dateWords
		}
	}
	return problem
}

// monthNames may be shortened to three letters.
var monthNames = []string{
	"JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY", "AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER",
	"ENERO", "FEBRERO", "MARZO", "ABRIL", "MAYO", "JUNIO", "JULIO", "AGOSTO", "SEPTIEMBRE", "SETIEMBRE", "OCTUBRE", "NOVIEMBRE", "DICIEMBRE",
}

// deathWords are what people write in place of a date when somebody died.
var deathWords = []string{
	"DECEASED", "DIED", "DEAD", "DEATH", "DOD", "FALLECIDO", "FALLECIDA", "FALLECIÓ", "FALLECIO", "DIFUNTO", "DIFUNTA", "MUERTO", "MUERTA", "MURIÓ", "MURIO",
}

// birth reads a birth date.
func (r *dateReader) birth(s string) (d Date, problem string) {
	if isDayZero(s) {
		return Date{}, dateEmptyCell
	}
	return r.read(s)
}

// bound reads the first or last day of coverage; the values that programs write for "no such day" become the zero Date.
func (r *dateReader) bound(s string) (d Date, problem string) {
	if isOpen(s) {
		r.isEither = false
		return Date{}, ""
	}
	if d, problem = r.read(s); problem != "" {
		return d, problem
	}
	return asBound(d)
}

// withoutTime drops the time from "1984-03-14 00:00:00", "1984-03-14T00:00:00Z" and "3/14/1984 12:00 AM".
func withoutTime(s string) string {
	i := strings.IndexAny(s, " T")
	if i < 0 || !strings.Contains(s[i:], ":") || strings.Trim(s[i:], "0123456789:.+-TZAPM ") != "" {
		return s
	}
	return s[:i]
}

// openWords are what people and programs write where coverage has no bound.
var openWords = []string{"NA", "NONE", "NIL", "(BLANK)", "BLANK", "OPEN", "CURRENT", "PRESENT", "NINGUNO", "NINGUNA", "ABIERTO", "ABIERTA", "VACÍO", "INDEFINIDO"}

func isOpen(s string) bool {
	return isNull(s) || slices.Contains(openWords, strings.ToUpper(s)) || strings.Trim(withoutTime(s), "0-/") == "" || isDayZero(s)
}

// emptyCells are the dates that programs write for an empty cell: .NET, SQL Server, spreadsheets, and spreadsheets with
// the 1904 calendar.
var emptyCells = []Date{{1, 1, 1}, {1753, 1, 1}, {1899, 12, 30}, {1899, 12, 31}, {1900, 1, 1}, {1904, 1, 1}}

// isEmptyCell reports whether a birth date, typed or in a file, means an empty cell. Nobody alive was born on
// those days.
func isEmptyCell(born Date) bool { return slices.Contains(emptyCells, born) }

// isDayZero recognizes the number 0 in a date cell, as spreadsheets display it.
func isDayZero(s string) bool {
	switch withoutTime(s) {
	case "1/0/1900", "01/00/1900", "0/1/1900", "00/01/1900", "1900-01-00", "1900/01/00", "19000100":
		return true
	}
	return false
}

// The years that are meant literally. Programs write some of those outside for "open"; the others are slips, such as 1026 and 2206.
const firstYear, lastYear = 1900, 2199

var openYears = []int{
	1, 1000, 1111, 1582, 1600, 1601, 1700, 1753, 1800, 1840, 1841, 1850, 1858, 1899,
	2200, 2222, 2299, 2300, 2399, 2400, 2499, 2500, 2999, 3000, 3333, 3999, 4000, 4712, 4999, 5000, 5999, 6000, 6999, 7000, 7777, 7999, 8000, 8888, 8999, 9000, 9998, 9999,
}

const dateNoYear = "has a year in which no coverage begins or ends: correct it, or write 9999-12-31 if it is open"

// asBound returns a first or last day of coverage, or the zero Date if the program wrote an empty cell or "open".
func asBound(d Date) (bound Date, problem string) {
	switch {
	case isEmptyCell(d) || slices.Contains(openYears, d.Year):
		return Date{}, ""
	case !d.IsZero() && (d.Year < firstYear || d.Year > lastYear):
		return Date{}, dateNoYear
	}
	return d, ""
}

// isNull recognizes the ways in which databases and spreadsheets write a missing value. #N/A is none: a formula failed.
func isNull(s string) bool {
	switch strings.ToUpper(s) {
	case "", "NULL", "(NULL)", "\\N", "N/A":
		return true
	}
	return false
}
