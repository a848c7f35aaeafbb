// Command bench measures the service and prints the table of docs/performance.md.
//
//	go run ./bench [--short] [--rows NAME,NAME] [--list] [--profile DIR]
//
// The service, a PostgreSQL of its own with fsync, and the floor share one core; this program, with 16 users, has another. The
// floor (floor.go) is a small HTTP program in the service's place: it answers a row's requests with the fewest statements and
// signatures that the row needs, on the same server in the same run, and keeps no audit, limits, consent or pages. Each row is
// measured in turns, service and floor, and the medians are printed beside each other: the ratio is what can be compared
// between machines, the rates are not. Nothing here is asserted.
package main
