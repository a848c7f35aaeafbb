package members

import (
	"fmt"
	"strings"
	"time"
)

// Date is a day of the civil calendar, without time zone. The zero value means "no date".
type Date struct {
	Year, Month, Day int
}

// Valid reports whether the day exists: 31 February does not.
func (d Date) Valid() bool {
	if d.Year < 1 || d.Year > 9999 {
		return false
	}
	t := d.time()
	return t.Year() == d.Year && int(t.Month()) == d.Month && t.Day() == d.Day
}

// Before reports whether d comes before e.
func (d Date) Before(e Date) bool {
	if d.Year != e.Year {
		return d.Year < e.Year
	}
	if d.Month != e.Month {
		return d.Month < e.Month
	}
	return d.Day < e.Day
}

// IsZero reports whether there is no date.
func (d Date) IsZero() bool { return d == Date{} }

// String is the ISO 8601 form, "" for the zero value.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// DateOf is the civil day of an instant in its own time zone.
func DateOf(t time.Time) Date { return Date{t.Year(), int(t.Month()), t.Day()} }

// next is the day after.
func (d Date) next() Date { return DateOf(d.time().AddDate(0, 0, 1)) }

// previous is the day before.
func (d Date) previous() Date { return DateOf(d.time().AddDate(0, 0, -1)) }

// time is the beginning of the day in UTC.
func (d Date) time() time.Time {
	return time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC)
}

// ParseDate reads 2006-01-02, 2006/01/02, 2006/1/2, 01/02/2006 and 1/2/2006 (month first, as on the card), 20060102, each also with
// a time of day behind it, which is dropped. Two digits are no year: which century is meant, nobody knows.
func ParseDate(s string) (Date, bool) {
	s = withoutTime(s)
	if len(s) == 8 && !strings.ContainsAny(s, "-/") {
		d, ok := dateFromDigits(s[0:4], s[4:6], s[6:8])
		return d, ok && d.Valid()
	}
	parts := strings.Split(s, "/")
	if len(s) == len("2006-01-02") && s[4] == '-' && s[7] == '-' {
		parts = []string{s[:4], s[5:7], s[8:]}
	}
	if len(parts) != 3 {
		return Date{}, false
	}
	if len(parts[0]) != 4 { // month first
		parts = []string{parts[2], parts[0], parts[1]}
	}
	if len(parts[0]) != 4 || len(parts[1]) > 2 || len(parts[2]) > 2 {
		return Date{}, false
	}
	d, ok := dateFromDigits(parts[0], parts[1], parts[2])
	return d, ok && d.Valid()
}

// withoutTime cuts "1984-03-14 00:00:00", "1984-03-14T00:00:00Z" and "3/14/1984 12:00 AM" behind the day.
func withoutTime(s string) string {
	i := strings.IndexAny(s, " T")
	if i < 0 || !strings.Contains(s[i:], ":") || strings.Trim(s[i:], "0123456789:.+-TZAPM ") != "" {
		return s
	}
	return s[:i]
}

// Years that a file means as such; programs write a date before or beyond them for "open".
const firstYear, lastYear = 1900, 2199

// parseBound reads the first or last day of coverage; what programs write for "no such day" is the zero Date.
func parseBound(s string) (Date, bool) {
	if isNull(s) || strings.Trim(withoutTime(s), "0-/") == "" {
		return Date{}, true
	}
	d, ok := ParseDate(s)
	if d.Year < firstYear || d.Year > lastYear {
		d = Date{}
	}
	return d, ok
}

// isNull knows how databases and spreadsheets write that there is nothing.
func isNull(s string) bool {
	switch strings.ToUpper(s) {
	case "", "NULL", "(NULL)", "\\N", "N/A", "#N/A":
		return true
	}
	return false
}

func dateFromDigits(year, month, day string) (Date, bool) {
	y, ok1 := number(year)
	m, ok2 := number(month)
	d, ok3 := number(day)
	return Date{y, m, d}, ok1 && ok2 && ok3
}

// number reads ASCII digits alone: no sign, no space.
func number(s string) (n int, ok bool) {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, len(s) > 0
}

// MarshalText and UnmarshalText use the ISO form.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, ok := ParseDate(string(text))
	if !ok {
		return fmt.Errorf("not a date")
	}
	*d = parsed
	return nil
}
