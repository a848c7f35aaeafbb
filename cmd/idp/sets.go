package main

import (
	"strings"
	"sync"

	"huskyidp/templates"
)

// setKey is what pages depend on, without a brand.
type setKey struct{ email, phone, languages, zone, account string }

var (
	setsMutex sync.Mutex
	sets      = map[setKey]*templates.Set{}
)

// loadSet loads pages and mails once for all parts of the program that look alike, as those of the demo.
func loadSet(o templates.Options) (*templates.Set, error) {
	if o.Brand != nil {
		return templates.Load(o)
	}
	key := setKey{o.SupportEmail, o.SupportPhone, strings.Join(o.Languages, " "), "", o.AccountPath}
	if o.TimeZone != nil {
		key.zone = o.TimeZone.String()
	}
	setsMutex.Lock()
	defer setsMutex.Unlock()
	if set := sets[key]; set != nil {
		return set, nil
	}
	set, err := templates.Load(o)
	if err == nil {
		sets[key] = set
	}
	return set, err
}
