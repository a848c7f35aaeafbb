package members

import (
	"fmt"
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
	t := time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC)
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

// ParseDate reads 2006-01-02, 01/02/2006 (month first, as on the card) and 20060102.
func ParseDate(s string) (Date, bool) {
	var d Date
	var ok bool
	switch {
	case len(s) == 10 && s[4] == '-' && s[7] == '-':
		d, ok = dateFromDigits(s[0:4], s[5:7], s[8:10])
	case len(s) == 10 && s[2] == '/' && s[5] == '/':
		d, ok = dateFromDigits(s[6:10], s[0:2], s[3:5])
	case len(s) == 8:
		d, ok = dateFromDigits(s[0:4], s[4:6], s[6:8])
	}
	return d, ok && d.Valid()
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
