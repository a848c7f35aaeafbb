package admin

import (
	"slices"
	"testing"
	"time"
)

// TestOffers: a member's page says of each act what it needs, as the service demands it.
func TestOffers(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	needs := func() (ready, better []Act) {
		p := memberPage{Summary: d.seen(d.rosa, d.maria.ID)}
		for _, o := range p.Ready() {
			ready = append(ready, o.Act)
		}
		for _, o := range p.Waiting() {
			if o.Needs == "better" {
				better = append(better, o.Act)
			}
			if want := o.Act != ReleaseLock; o.Second != want {
				t.Errorf("%s needs a second person: %t, want %t", o.Act, o.Second, want)
			}
		}
		return ready, better
	}
	for _, step := range []struct {
		method Method
		ready  []Act
		better []Act
	}{
		{"", []Act{SendUsername, StartReset, EndSessions}, nil},
		{SpokenCode, []Act{SendUsername, StartReset, ChangeEmail, EndSessions}, []Act{ResetQuestion, ChangeMember}},
		{InPerson, []Act{SendUsername, StartReset, ChangeEmail, ResetQuestion, ChangeMember, EndSessions}, nil},
	} {
		d.later(time.Second)
		if step.method != "" {
			d.verify(d.rosa, d.maria.ID, step.method)
		}
		if step.method == SpokenCode {
			must[Verification](t)(d.CheckCode(t.Context(), d.rosa, nil, d.maria.ID, d.spoken()))
		}
		if ready, better := needs(); !slices.Equal(ready, step.ready) || !slices.Equal(better, step.better) {
			t.Errorf("verified by %q: ready %v, want %v; waiting %v, want %v", step.method, ready, step.ready, better, step.better)
		}
	}
}
