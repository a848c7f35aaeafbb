// Command faults puts the service under real faults and shows that nothing acknowledged is lost.
//
//	go run ./faults [--short] [--scene NAME] [--list]
//
// The stage is two processes of `idp serve`, a PostgreSQL with a standby, each behind a TCP proxy, and a mail server, all on
// this machine and all of its own. Members act in the background: they register, sign in, refresh, revoke, sign out and recover,
// and a ledger keeps what was acknowledged to them. A scene (scene.go) does something to the stage meanwhile; afterwards the
// check (check.go) proves the ledger: each acknowledged account signs in, what was revoked stays revoked, no code or token works
// twice, nothing is half-made. Each scene is a line of the table that is printed: what is promised, measured, and whether it held.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"huskyidp/internal/rig"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	short := flag.Bool("short", false, "the scenes and times that fit into two minutes")
	names := flag.String("scene", "", "only these scenes, separated by commas; a beginning stands for all names that begin so")
	list := flag.Bool("list", false, "name the scenes")
	keep := flag.Bool("keep", false, "keep the folder with the logs")
	flag.Parse()
	if *list {
		for _, sc := range scenes {
			fmt.Printf("%-28s %s\n", sc.name, sc.promise)
		}
		return
	}
	held, err := play(ctx, *short, *names, *keep)
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		stop()
		os.Exit(2)
	}
	if !held {
		os.Exit(1)
	}
}

// play runs the scenes and prints the table.
func play(ctx context.Context, short bool, names string, keep bool) (held bool, err error) {
	limit := 30 * time.Minute
	if short {
		limit = 7 * time.Minute // a dead worker's mail may take two minutes at the end
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	dir, err := os.MkdirTemp("/tmp", "idp-faults-") // whose parents PostgreSQL's user can pass
	if err != nil {
		return false, err
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		return false, err
	}
	began := time.Now()
	_, _, before := rig.Load()
	fmt.Fprintf(os.Stderr, "load of the machine before: %s\n", before)
	s, err := newStage(ctx, dir, short)
	defer func() {
		if closed := s.close(); err == nil {
			err = closed
		}
		if keep || !held {
			fmt.Fprintln(os.Stderr, "the logs are in", dir)
			return
		}
		_ = os.RemoveAll(dir)
	}()
	if err != nil {
		return false, err
	}
	fmt.Fprintf(os.Stderr, "the stage is there after %s\n", span(time.Since(began)))
	table := &table{}
	for _, sc := range scenes {
		wanted := slices.ContainsFunc(strings.Split(names, ","), func(name string) bool { return strings.HasPrefix(sc.name, name) })
		if names == "" && short && !sc.short || !wanted {
			continue
		}
		if err := table.play(s, sc); err != nil {
			return false, fmt.Errorf("%s: %w", sc.name, err)
		}
	}
	held = table.print(os.Stdout)
	_, _, load := rig.Load()
	fmt.Printf("\n%d cores, %s, commit %s, %s; load of the machine in the last quarter of an hour %s, of which this is a part\n",
		runtime.NumCPU(), runtime.GOOS+"/"+runtime.GOARCH, rig.Commit(), span(time.Since(began)), load)
	return held, nil
}
