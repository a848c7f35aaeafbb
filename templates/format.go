package templates

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"
)

// Date is a civil date that is shown in full: a birth date has no time zone.
type Date struct{ Year, Month, Day int }

// value formats the value of a place in the catalog's language. A time.Time is a date in {date}, a time of day in
// {clock}, and both elsewhere.
func (c *catalog) value(place string, args Args) (string, error) {
	v, ok := args[place]
	if !ok {
		switch place {
		case "email":
			return c.options.SupportEmail, nil
		case "phone":
			return c.options.SupportPhone, nil
		case "hours":
			return c.options.Brand.Hours[c.lang], nil
		case "brand":
			return c.text("web.layout.brand", nil)
		}
		return "", fmt.Errorf("nothing given for {%s}", place)
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case Key:
		return c.text(string(v), args)
	case int:
		return c.number(v), nil
	case time.Duration:
		return c.wait(v)
	case Date:
		return c.date(v)
	case time.Time:
		switch place {
		case "date", "until":
			return c.date(c.civil(v))
		case "clock":
			return c.clock(v)
		default:
			return c.dateTime(v)
		}
	case template.HTML:
		return string(v), nil // already safe; only rich passes it on, see funcs.go
	default:
		return "", fmt.Errorf("{%s} cannot take a %T", place, v)
	}
}

// number groups thousands with commas, as in the United States and Puerto Rico. A year or a code is passed as a string.
func (c *catalog) number(n int) string {
	digits := strconv.Itoa(max(n, -n))
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if n < 0 {
		return "-" + digits
	}
	return digits
}

// wait formats a waiting time: seconds below a minute, minutes up to two hours, then hours; rounded up, so that nobody
// who has waited as long as the page said is refused.
func (c *catalog) wait(d time.Duration) (string, error) {
	d = max(d, time.Second)
	up := func(unit time.Duration) int { return int(math.Ceil(float64(d) / float64(unit))) }
	switch {
	case d <= 59*time.Second:
		return c.text("web.wait.seconds", Args{"n": up(time.Second)})
	case d <= 2*time.Hour:
		return c.text("web.wait.minutes", Args{"n": up(time.Minute)})
	default:
		return c.text("web.wait.hours", Args{"n": up(time.Hour)})
	}
}

// lasted is a span of the past, rounded to the nearest: 62 seconds are a minute, where a wait of as long would be told as two.
func (c *catalog) lasted(d time.Duration) (string, error) {
	unit, key := time.Second, "web.wait.seconds"
	switch {
	case d.Round(time.Minute) > 2*time.Hour:
		unit, key = time.Hour, "web.wait.hours"
	case d.Round(time.Second) >= time.Minute:
		unit, key = time.Minute, "web.wait.minutes"
	}
	return c.text(key, Args{"n": max(int(d.Round(unit)/unit), 1)})
}

func (c *catalog) civil(at time.Time) Date {
	year, month, day := at.In(c.options.TimeZone).Date()
	return Date{year, int(month), day}
}

func (c *catalog) date(d Date) (string, error) {
	month, err := c.month(d.Month)
	if err != nil {
		return "", err
	}
	return c.text("web.format.date", Args{"day": strconv.Itoa(d.Day), "month": month, "year": strconv.Itoa(d.Year)})
}

func (c *catalog) month(n int) (string, error) {
	return c.text("web.month."+strconv.Itoa(n), nil)
}

func (c *catalog) clock(at time.Time) (string, error) {
	at = at.In(c.options.TimeZone)
	key := "web.format.clock_am"
	if at.Hour() >= 12 {
		key = "web.format.clock_pm"
	}
	return c.text(key, Args{"hour": strconv.Itoa(hour12(at)), "minute": fmt.Sprintf("%02d", at.Minute())})
}

// hour12 is the hour on a 12-hour clock: 12 at midnight and noon.
func hour12(at time.Time) int { return (at.Hour()+11)%12 + 1 }

func (c *catalog) dateTime(at time.Time) (string, error) {
	at = at.In(c.options.TimeZone)
	date, err := c.date(c.civil(at))
	if err != nil {
		return "", err
	}
	clock, err := c.clock(at)
	if err != nil {
		return "", err
	}
	return c.text("web.format.date_time", Args{"date": date, "clock": clock, "n": hour12(at)})
}

// when is a moment for a list: today and yesterday in words, else day and month, with the year of another year.
func (c *catalog) when(at, now time.Time) (string, error) {
	day, today := at.In(c.options.TimeZone), now.In(c.options.TimeZone)
	clock, err := c.clock(day)
	if err != nil {
		return "", err
	}
	month, err := c.month(int(day.Month()))
	if err != nil {
		return "", err
	}
	key := "web.format.when_year"
	switch date := day.Format(time.DateOnly); {
	case date == today.Format(time.DateOnly):
		key = "web.format.when_today"
	case date == today.AddDate(0, 0, -1).Format(time.DateOnly):
		key = "web.format.when_yesterday"
	case day.Year() == today.Year():
		key = "web.format.when"
	}
	return c.text(key, Args{"clock": clock, "day": strconv.Itoa(day.Day()), "month": string([]rune(month)[:min(3, len([]rune(month)))]), "year": strconv.Itoa(day.Year())})
}

// telephone turns a number as read aloud into a tel: URI: the digits of its first part.
func telephone(read string) string {
	first, _, _ := strings.Cut(read, ",")
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, first)
	if len(digits) == 11 && digits[0] == '1' {
		return "tel:+" + digits
	}
	return "tel:" + digits
}
