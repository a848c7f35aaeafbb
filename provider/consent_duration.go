package provider

import (
	"strconv"
	"time"
)

// noEnd is the end of a permission that lasts until the member stops it: a date that every comparison understands,
// an older instance's too.
var noEnd = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// consentDuration is one choice of duration: Value is the form's, N counts its unit.
type consentDuration struct {
	Value, Key string
	N          int
	Until      time.Time
	Chosen     bool
}

// offered returns the durations that a member can choose from, the shortest first: none is longer than the client's
// consent_max_days, and the last one uses it up.
// At a kiosk each ends by itself.
func offered(client *Client, now time.Time, kiosk bool) []consentDuration {
	days := func(n int) consentDuration {
		return consentDuration{Value: strconv.Itoa(n) + "d", Key: "provider.consent.days", N: n, Until: now.AddDate(0, 0, n)}
	}
	all := []consentDuration{
		{Value: "once", Key: "provider.consent.once", Until: now.Add(time.Hour)},
		days(90),
		{Value: "13m", Key: "provider.consent.months", N: 13, Until: now.AddDate(0, 13, 0)},
		{Value: "stop", Key: "provider.consent.until_stopped", Until: noEnd},
	}
	if kiosk {
		all = all[:len(all)-1]
	}
	most := client.Metadata.ConsentMaxDays
	if most == 0 {
		return all
	}
	longest := days(most)
	for i, d := range all {
		if d.Until.Equal(longest.Until) {
			return all[:i+1]
		}
		if d.Until.After(longest.Until) {
			return append(all[:i:i], longest)
		}
	}
	return all
}

// brief reports whether a permission ends so soon that its hour matters.
func brief(from, until time.Time) bool { return until.Sub(from) < 24*time.Hour }

// suggested is the choice that starts ticked: the longest that ends by itself, at a kiosk the shortest.
func suggested(all []consentDuration, kiosk bool) string {
	if kiosk {
		return all[0].Value
	}
	last := len(all) - 1
	if all[last].Until.Equal(noEnd) {
		last--
	}
	return all[last].Value
}
