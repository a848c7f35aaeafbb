package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"huskyidp/internal/rig"
	"huskyidp/internal/visitor"
)

// person is one member and what was acknowledged to them. One worker at a time has them.
type person struct {
	rig.Member
	source  string
	browser *visitor.Browser
	app     *authenticator // of the second step; nil for none

	account state
	doubt   string // another password that may be in force: no answer came to its change

	families  []*family
	codes     []usedCode
	signedOut []map[string]string // cookies of sessions that were ended
	recovered bool
	touched   bool // since the last check
}

// state is how sure it is that something is there.
type state int

const (
	no state = iota
	maybe
	yes // acknowledged
)

// family is a refresh token and those that were before it.
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
	family   *family // that came of it, or nil
}

// ledger is everyone.
type ledger struct {
	mu     sync.Mutex
	fresh  []*person // have no account
	idle   []*person // have one, and nobody acts for them
	all    []*person // began at least a registration
	desk   []*ticket // of calls to the desk since the last check
	calls  int       // to the desk
	faults []string  // seen by journeys: answers that no promise covers
	counts map[string]int
}

// readPeople takes the roster that was imported.
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

// take gives a worker somebody without an account, or with one; nil if there is nobody.
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
	return nil
}

// back is for those whose turn is over; whose account is not there is left alone until the check.
func (l *ledger) back(p *person) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.account == yes {
		l.idle = append(l.idle, p)
	}
}

// ticket is a call to the desk, and whether what was asked for is done.
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

// fault writes down what no promise covers.
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

// takeFaults returns what was written down since the last call, and how often each journey was finished.
func (l *ledger) takeFaults() (faults []string, counts map[string]int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	faults, counts = l.faults, l.counts
	l.faults, l.counts = nil, map[string]int{}
	return faults, counts
}

// touched are those who did something since the last check.
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
