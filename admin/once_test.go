package admin

import (
	"errors"
	"testing"
	"time"
)

// TestOnce: the same key and body replays the answer, another body is refused, and after a day the key is free.
func TestOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	do := func(key, body string) (Outcome, bool, error) {
		o := &Once{Key: key, Body: []byte(body)}
		out, err := d.Do(t.Context(), d.fresh(d.rosa), o, d.maria.ID, EndSessions, d.asking(d.maria.ID))
		return out, o.Replayed, err
	}
	first, replayed, err := do("k1", "a")
	if err != nil || replayed {
		t.Fatalf("the first call = %+v, %t, %v", first, replayed, err)
	}
	lines := d.count(`select count(*) from desk_entries`)
	if again, replayed, err := do("k1", "a"); err != nil || !replayed || again != first {
		t.Errorf("the second call = %+v, %t, %v, want the first answer", again, replayed, err)
	}
	if n := d.count(`select count(*) from desk_entries`); n != lines || len(d.mailed("staff_acted")) != 1 {
		t.Errorf("a replay left %d lines and %d mails", n-lines, len(d.mailed("staff_acted")))
	}
	if _, _, err := do("k1", "b"); !errors.Is(err, ErrOtherBody) {
		t.Errorf("another body = %v, want ErrOtherBody", err)
	}
	if _, replayed, err := do("k2", "a"); err != nil || replayed {
		t.Errorf("another key = %t, %v", replayed, err)
	}
	if n := d.count(`select count(*) from desk_replies where position('end_sessions'::bytea in reply) > 0`); n != 0 {
		t.Error("answers are kept in the clear")
	}
	d.later(replyLife + time.Second)
	if _, replayed, err := do("k1", "b"); err != nil || replayed {
		t.Errorf("the key after a day = %t, %v, want it free", replayed, err)
	}
	d.later(replyLife + time.Second)
	if err := d.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := d.count(`select count(*) from desk_replies`); n != 0 {
		t.Errorf("%d answers are left after a day", n)
	}
	d.askEmail()
	for _, c := range []struct {
		after time.Duration
		left  int
	}{{25 * 24 * time.Hour, 1}, {7 * 24 * time.Hour, 0}} { // S-73
		d.later(c.after)
		if err := d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := d.count(`select count(*) from desk_requests`); n != c.left {
			t.Errorf("%d requests are left, want %d", n, c.left)
		}
	}
}

// TestDeniedKeepsNothing: what was denied may be tried again under its key.
func TestDeniedKeepsNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	stale := d.rosa
	stale.AuthTime = d.now().Add(-time.Hour)
	o := &Once{Key: "k", Body: []byte("a")}
	if _, err := d.Do(t.Context(), stale, o, d.maria.ID, EndSessions, d.asking(d.maria.ID)); !errors.Is(err, ErrStepUp) {
		t.Fatalf("Do = %v", err)
	}
	if _, err := d.Do(t.Context(), d.rosa, o, d.maria.ID, EndSessions, d.asking(d.maria.ID)); err != nil || o.Replayed {
		t.Errorf("Do after the step-up = %t, %v", o.Replayed, err)
	}
}

// TestOnceRace: 32 calls with one key at once run once, and all get the answer.
func TestOnceRace(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 8)
	a := d.asking(d.maria.ID)
	ran := d.race(func(int) (bool, error) {
		o := &Once{Key: "k", Body: []byte("a")}
		out, err := d.Do(t.Context(), d.rosa, o, d.maria.ID, SendUsername, a)
		if errors.Is(err, ErrBusy) {
			return false, nil
		}
		if err == nil && out.State != Done {
			t.Errorf("the answer is %+v", out)
		}
		return err == nil && !o.Replayed, err
	})
	if ran != 1 || len(d.mailed("username")) != 1 {
		t.Errorf("%d of 32 ran, %d mails", ran, len(d.mailed("username")))
	}
}
