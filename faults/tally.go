package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// answer is the answer to one request.
type answer struct {
	what   string // sign-in, token, …
	status int    // 0: the connection broke
	began  time.Time
	took   time.Duration
}

// tally collects the answers of a scene.
type tally struct {
	mu  sync.Mutex
	all []answer
}

// kinds classify requests, by the beginning of their path.
var kinds = []struct{ prefix, what string }{
	{"/token", "token"}, {"/revoke", "token"}, {"/userinfo", "token"}, {"/jwks", "keys"}, {"/.well-known", "keys"}, {"/login", "sign-in"}, {"/register", "registration"}, {"/recover", "recovery"},
}

func (t *tally) add(path string, status int, began time.Time) {
	what := "page"
	for _, k := range kinds {
		if strings.HasPrefix(path, k.prefix) {
			what = k.what
			break
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, answer{what, status, began, time.Since(began)})
}

// take returns the answers since the last call.
func (t *tally) take() answers {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.all
	t.all = nil
	return all
}

// now returns a copy of the answers so far.
func (t *tally) now() answers {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.all)
}

type answers []answer

func (a answers) where(keep func(answer) bool) (some answers) {
	for _, one := range a {
		if keep(one) {
			some = append(some, one)
		}
	}
	return some
}

func (a answers) of(what string) answers {
	return a.where(func(one answer) bool { return one.what == what })
}

// since are the answers to requests that began then or later.
func (a answers) since(t time.Time) answers {
	return a.where(func(one answer) bool { return !one.began.Before(t) })
}

// faulty are those that no client should see: 5xx without a request for patience.
func (a answers) faulty() answers {
	return a.where(func(one answer) bool { return one.status >= 500 && one.status != 503 })
}

func (a answers) refused() answers {
	return a.where(func(one answer) bool { return one.status == 503 || one.status == 429 })
}

func (a answers) broken() answers {
	return a.where(func(one answer) bool { return one.status == 0 })
}

func (a answers) good() answers {
	return a.where(func(one answer) bool { return one.status >= 200 && one.status < 400 })
}

// part is the time within which that part of the answers arrived.
func (a answers) part(q float64) time.Duration {
	if len(a) == 0 {
		return 0
	}
	took := make([]time.Duration, len(a))
	for i, one := range a {
		took[i] = one.took
	}
	slices.Sort(took)
	return took[min(len(took)-1, int(q*float64(len(took))))]
}

func (a answers) slowest() time.Duration { return a.part(1) }

// String summarizes: how many, and of them refused, broken, faulty.
func (a answers) String() string {
	text := fmt.Sprintf("%d requests, %d answered 503/429, %d connections broken", len(a), len(a.refused()), len(a.broken()))
	if faulty := a.faulty(); len(faulty) > 0 {
		text += ", " + faulty.kinds()
	}
	return text
}

// kinds counts by status and kind of request.
func (a answers) kinds() string {
	by := map[string]int{}
	for _, one := range a {
		by[fmt.Sprintf("%d of %s", one.status, one.what)]++
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(by)) {
		parts = append(parts, fmt.Sprintf("%d × %s", by[name], name))
	}
	return strings.Join(parts, ", ")
}

// span rounds for the table.
func span(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(100 * time.Millisecond).String()
	}
	return cmp.Or(d.Round(time.Millisecond), 0).String()
}
