package recovery

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestReferenceIsOfOnePerson (S-62): a browser repeats its number to who got it. Another person's beginning, a sign-in or sign-out, and the
// desk's "done" end that, and the next one who is stuck there gets another number, which waits at the desk.
func TestReferenceIsOfOnePerson(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]func(f *fixture, v *visitor, browser []byte, reference string){
		"another username": func(_ *fixture, v *visitor, _ []byte, _ string) { v.get("/recover/password").post("username", "nadie") },
		"a sign-in, sign-out": func(f *fixture, _ *visitor, browser []byte, _ string) {
			f.send(func(b *pgx.Batch) { QueueEndBrowser(b, browser) })
		},
		"the desk is done": func(f *fixture, _ *visitor, _ []byte, reference string) {
			check(f.t, f.EndReference(f.t.Context(), reference))
		},
		"nothing has happened": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			v := f.visitor().get("/recover").post("need", "other").on("/support", 200)
			first := number(v)
			var browser []byte
			if err := f.db.From(t.Context()).QueryRow(t.Context(), `select browser from support_references where reference = $1`, first).Scan(&browser); err != nil {
				t.Fatal(err)
			}
			if next != nil {
				next(f, v, browser, first)
			}
			if got := number(v.get("/support")); (got == first) != (next == nil) {
				t.Errorf("the support page says %q", got)
			}
			v.get("/recover").post("need", "other")
			if got := number(v); (got == first) != (next == nil) || got == "" {
				t.Errorf("who is stuck next gets %q, before it was %q", got, first)
			}
			if _, err := f.Referral(t.Context(), first); err != nil {
				t.Errorf("the desk does not find the first: %v", err)
			}
		})
	}
}

// TestReferenceAfterAnEntrance: whoever comes by an entrance and opens the page of support is not told the number of who was there before,
// which leads the desk to another's card.
func TestReferenceAfterAnEntrance(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	v := f.visitor().get("/recover").post("need", "other").on("/support", 200)
	first := number(v)
	if got := number(v.get("/support")); got != first {
		t.Errorf("the same person is told %q, want %q", got, first)
	}
	if got := number(v.get("/recover/username").get("/support")); got != "" {
		t.Errorf("the next person is told %q", got)
	}
	f.later(time.Minute)
	v.get("/recover").post("need", "username").on("/support", 200)
	if got := number(v.get("/support")); got == "" || got == first {
		t.Errorf("the next person's own number is %q, after %q", got, first)
	}
}

// number is the one that a page tells, "" if none.
func number(v *visitor) string {
	if found := reference.FindStringSubmatch(v.body); found != nil {
		return found[1]
	}
	return ""
}

func (f *fixture) send(queue func(b *pgx.Batch)) {
	f.t.Helper()
	check(f.t, f.db.InTx(f.t.Context(), func(ctx context.Context) error {
		b := &pgx.Batch{}
		queue(b)
		return f.db.Finish(ctx, b)
	}))
}
