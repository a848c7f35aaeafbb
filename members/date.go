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
	return string(d.appendISO(make([]byte, 0, len(time.DateOnly))))
}

// appendISO replaces fmt, which would take a tenth of an import's time.
func (d Date) appendISO(to []byte) []byte {
	for _, part := range [...]struct{ n, unit int }{{d.Year, 1000}, {d.Month, 10}, {d.Day, 10}} {
		if part.unit == 10 {
			to = append(to, '-')
		}
		for unit := part.unit; unit > 0; unit /= 10 {
			to = append(to, byte('0'+part.n/unit%10))
		}
	}
	return to
}

// DateOf is the civil day of an instant in its own time zone.
func DateOf(t time.Time) Date { return Date{t.Year(), int(t.Month()), t.Day()} }

// next is the day after.
func (d Date) next() Date { return DateOf(d.time().AddDate(0, 0, 1)) }

// previous is the day before.
func (d Date) previous() Date { return DateOf(d.time().AddDate(0, 0, -1)) }

// exchanged is the date with month and day in each other's place; not every such date exists.
func (d Date) exchanged() Date { return Date{d.Year, d.Day, d.Month} }

// time is the beginning of the day in UTC.
func (d Date) time() time.Time {
	return time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC)
}

// MarshalText and UnmarshalText use the ISO form.
func (d Date) MarshalText() ([]byte, error) {
	if d.IsZero() {
		return nil, nil
	}
	return d.appendISO(nil), nil
}

func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, ok := parseISO(string(text))
	if !ok {
		return fmt.Errorf("not a date")
	}
	*d = parsed
	return nil
}

// parseISO accepts only 2006-01-02.
func parseISO(s string) (Date, bool) {
	if len(s) != len("2006-01-02") || s[4] != '-' || s[7] != '-' {
		return Date{}, false
	}
	return dateFromDigits(s[:4], s[5:7], s[8:])
}

// dateFromDigits accepts only days of the calendar.
func dateFromDigits(year, month, day string) (Date, bool) {
	y, ok1 := number(year)
	m, ok2 := number(month)
	d, ok3 := number(day)
	date := Date{y, m, d}
	if !ok1 || !ok2 || !ok3 || !date.Valid() {
		return Date{}, false
	}
	return date, true
}

// number accepts only ASCII digits: no sign, no space.
func number(s string) (n int, ok bool) {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, len(s) > 0
}
