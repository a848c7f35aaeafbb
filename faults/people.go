package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"huskyidp/internal/rig"
	"huskyidp/internal/visitor"
)

// person is a member and what was acknowledged to them. Only one worker uses a person at a time.
type person struct {
	rig.Member
	source  string
	browser *visitor.Browser
	device  map[string]string // cookies by which the service knows their phone
	app     *authenticator    // of the second step that counts; nil if there is none
	secured bool              // has added a second step, which may wait

	account state
	doubt   string // another password that may be in force, because its change got no answer

	families  []*family
	codes     []usedCode
	signedOut []map[string]string // cookies of sessions that were ended
	recovered bool
	touched   bool // since the last check
}

// keepDevice has the next sign-in come from the same phone.
func (p *person) keepDevice(b *visitor.Browser) {
	p.device = map[string]string{}
	for name, value := range b.Cookies {
		if strings.HasSuffix(name, "device") {
			p.device[name] = value
		}
	}
}

// state is how certain it is that something exists.
type state int

const (
	no state = iota
	maybe
	yes // acknowledged
)

// family is a refresh token and its predecessors.
type family struct {
	token   string
	issued  time.Time
	doubt   bool // a use of token got no answer
	spent   []spentToken
	revoked state
}

type spentToken struct {
	token string
	at    time.Time
}

// usedCode is an authorization code that was presented.
type usedCode struct {
	code     string
	redeemed state
	family   *family // issued for it, or nil
}

// ledger is everybody.
type ledger struct {
	mu     sync.Mutex
	fresh  []*person // without an account
	idle   []*person // with one, and not in use
	all    []*person // began a registration
	desk   []*ticket // of calls to the desk since the last check
	calls  int       // to the desk
	faults []string  // seen by journeys: answers that no promise covers
	counts map[string]int
}

// readPeople reads the imported roster.
func readPeople(path string) (*ledger, error) {
	all, err := rig.ReadMembers(path)
	if err != nil {
		return nil, err
	}
	l := &ledger{counts: map[string]int{}}
	for n, m := range all {
		l.fresh = append(l.fresh, &person{Member: m, source: fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)})
	}
	return l, nil
}

// take returns a person without an account, or with one; nil if there is none.
func (l *ledger) take(withAccount bool) *person {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := &l.fresh
	if withAccount {
		from = &l.idle
	}
	for len(*from) > 0 {
		i, last := rand.IntN(len(*from)), len(*from)-1
		p := (*from)[i]
		(*from)[i] = (*from)[last]
		*from = (*from)[:last]
		if withAccount && p.account != yes { // lost, or protected since
			continue
		}
		if !withAccount {
			l.all = append(l.all, p)
		}
		p.touched = true
		return p
	}
	if fault := errNobody.Error(); !withAccount && !slices.Contains(l.faults, fault) { // a scene without new members shows nothing
		l.faults = append(l.faults, fault)
	}
	return nil
}

// back returns a person. One whose account or password is uncertain is left alone until the check.
func (l *ledger) back(p *person) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.account == yes && p.doubt == "" {
		l.idle = append(l.idle, p)
	}
}

// ticket is a call to the desk, and whether the act was done.
type ticket struct {
	number string
	done   state
}

// ticket opens one.
func (l *ledger) ticket() *ticket {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	t := &ticket{fmt.Sprintf("CASE-%06d", l.calls), maybe}
	l.desk = append(l.desk, t)
	return t
}

// fault records what no promise covers.
func (l *ledger) fault(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " "))
}

func (l *ledger) count(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[what]++
}

// takeFaults returns what was recorded since the last call, and how often each journey was completed.
func (l *ledger) takeFaults() (faults []string, counts map[string]int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	faults, counts = l.faults, l.counts
	l.faults, l.counts = nil, map[string]int{}
	return faults, counts
}

// touched are the people who did something since the last check.
func (l *ledger) touchedPeople() (some []*person) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.all {
		if p.touched {
			some = append(some, p)
		}
	}
	return some
}
