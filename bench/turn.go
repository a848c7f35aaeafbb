package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

var (
	errDone    = errors.New("done")    // ends a user's part of a turn: there is nothing left to use
	errRefused = errors.New("refused") // of who is asked to come back later: not counted among what was done
)

// turn is one time that a row was measured.
type turn struct {
	took    []time.Duration // of each operation
	refused int
	span    time.Duration
	cpu     time.Duration // of program and database
	own     time.Duration // of the program alone
	rss     int           // the program's highest, in MiB
}

func (t turn) rate() float64 { return float64(len(t.took)) / t.span.Seconds() }

func (t turn) perOp() time.Duration {
	if len(t.took) == 0 {
		return 0
	}
	return t.cpu / time.Duration(len(t.took))
}

// part is the time within which that part of the operations was done.
func (t turn) part(q float64) time.Duration {
	if len(t.took) == 0 {
		return 0
	}
	slices.Sort(t.took)
	return t.took[min(len(t.took)-1, int(q*float64(len(t.took))))]
}

// turn has all users do the operation for a while, each at their own pace.
func (s *stage) turn(pid int, users []*user, length time.Duration, do func(*user) error) (t turn, err error) {
	var mu sync.Mutex
	var over atomic.Bool
	group, ctx := errgroup.WithContext(s.ctx)
	ownBefore, _ := cpu(pid)
	_, dbBefore := s.databaseCPU()
	began := time.Now()
	for _, u := range users {
		group.Go(func() error {
			var took []time.Duration
			refused := 0
			for !over.Load() && ctx.Err() == nil {
				start := time.Now()
				switch err := do(u); {
				case err == nil:
					took = append(took, time.Since(start))
				case errors.Is(err, errRefused):
					refused++
				case errors.Is(err, errDone):
					over.Store(true) // the others' supplies are as good as used up: all are as fast
				default:
					return err
				}
			}
			mu.Lock()
			defer mu.Unlock()
			t.took, t.refused = append(t.took, took...), t.refused+refused
			return nil
		})
	}
	for time.Since(began) < length && ctx.Err() == nil && !over.Load() {
		time.Sleep(20 * time.Millisecond)
		t.rss = max(t.rss, resident(pid))
	}
	over.Store(true)
	if err := group.Wait(); err != nil {
		return t, err
	}
	t.span = time.Since(began)
	own, _ := cpu(pid)
	_, db := s.databaseCPU()
	t.own, t.cpu = own-ownBefore, own-ownBefore+db-dbBefore
	return t, s.ctx.Err()
}

// databaseCPU returns the CPU time of PostgreSQL's first process, and that of all its processes.
func (s *stage) databaseCPU() (own, all time.Duration) {
	own, children := cpu(s.databasePID())
	return own, own + children
}

// median of the turns' rates, and of what an operation costs.
func median(turns []turn) (rate float64, perOp time.Duration) {
	var rates []float64
	var costs []time.Duration
	for _, t := range turns {
		rates, costs = append(rates, t.rate()), append(costs, t.perOp())
	}
	slices.Sort(rates)
	slices.Sort(costs)
	return rates[len(rates)/2], costs[len(costs)/2]
}

// keepProfile writes what the service does for as long as a turn, if that was asked for; kind is profile or heap.
func (s *stage) keepProfile(kind, name string, length time.Duration) (wait func() error) {
	if s.profile == "" {
		return func() error { return nil }
	}
	var group errgroup.Group
	group.Go(func() error {
		address := "http://" + s.service.Health + "/debug/pprof/" + kind
		if length > 0 {
			address += fmt.Sprintf("?seconds=%d", int(length.Seconds()))
		}
		answer, err := http.Get(address)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		file, err := os.Create(filepath.Join(s.profile, name+".pprof"))
		if err != nil {
			return err
		}
		_, err = io.Copy(file, answer.Body)
		return errors.Join(err, file.Close())
	})
	return group.Wait
}
