package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) == 4 && os.Args[1] == "floor" { // started by the stage
		exit(floor(ctx, os.Args[2], os.Args[3]))
	}
	var o options
	flag.BoolVar(&o.short, "short", false, "one short turn a row, about a minute")
	flag.StringVar(&o.rows, "rows", "", "those rows alone whose names begin so, comma-separated")
	flag.StringVar(&o.profile, "profile", "", "folder for a CPU profile of the service in each row, and for one of its heap")
	list := flag.Bool("list", false, "name the rows")
	flag.Parse()
	if *list {
		for _, r := range rows {
			fmt.Printf("%-22s %s\n", r.name, r.title)
		}
		return
	}
	exit(run(ctx, o))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

type options struct {
	short         bool
	rows, profile string
}

// wants says whether a row is to be measured.
func (o options) wants(name string) bool {
	return o.rows == "" || slices.ContainsFunc(strings.Split(o.rows, ","), func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// turns is how often a row is measured, and for how long each time.
func (o options) turns() (n int, each time.Duration) {
	if o.short {
		return 1, time.Second
	}
	return 3, 3 * time.Second
}

func run(ctx context.Context, o options) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("/tmp", "idp-bench-") // whose parents PostgreSQL's user can pass
	if err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	s := &stage{ctx: ctx, dir: dir, options: o}
	defer func() {
		s.close()
		if err != nil {
			err = fmt.Errorf("%w; the logs are in %s", err, dir)
			return
		}
		_ = os.RemoveAll(dir)
	}()
	began := time.Now()
	if err := s.open(); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "ready after %s\n", time.Since(began).Round(time.Second))
	t := newTable(s)
	for _, r := range rows {
		if !o.wants(r.name) {
			continue
		}
		if err := s.measure(t, r); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	t.print(os.Stdout)
	return nil
}
