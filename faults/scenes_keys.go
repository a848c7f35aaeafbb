package main

import (
	"errors"
	"math/rand/v2"
	"strings"
	"time"
)

// interrupted runs a command, kills it somewhere in the middle, and runs it again to its end.
func (s *stage) interrupted(longest time.Duration, args ...string) (killed bool, said string, err error) {
	cmd := s.program().Command(s.ctx, args...)
	var out strings.Builder
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		return false, "", err
	}
	timer := time.AfterFunc(rand.N(longest), func() { _ = cmd.Process.Kill() }) // it may have ended by then
	ended := cmd.Wait()
	if timer.Stop(); ended == nil {
		return false, strings.TrimSpace(out.String()), nil
	}
	said, err = s.idp(args...)
	return true, said, err
}

// signingKeys are rotated immediately and repeatedly, by a command that is killed in the middle.
func signingKeys(s *stage, r *result) error {
	const times = 12
	cut := 0
	err := s.during(6, func() error {
		for n := range times {
			alg := []string{"RS256", "ES256"}[n%2]
			killed, _, err := s.interrupted(400*time.Millisecond, "keys", "rotate", "--now", "--alg", alg)
			if err != nil {
				return err
			}
			if killed {
				cut++
			}
			if err := s.wait(time.Second); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	active, err := one[string](s.ctx, s.cluster.primary, `select coalesce(string_agg(alg || ' ' || n, ', ' order by alg), '') from (select alg, count(*) as n from signing_keys where state = 'active' group by alg) a`)
	if err != nil {
		return err
	}
	r.want(!strings.Contains(active, " 2"), "rotated %d times, %d of the commands killed midway; active: %s", times, cut, active)
	r.want(len(s.tally.now().refused()) == 0, "%d requests refused", len(s.tally.now().refused()))
	r.noFaults(s.tally.now())
	return nil
}

// kek replaces the key-encryption key of the data keys, as the help of `idp keys rewrap` says, under load.
func kek(s *stage, r *result) error {
	former := s.vars["IDP_KEK"]
	next, err := s.idp("keys", "generate-kek")
	if err != nil {
		return err
	}
	settings := func(present, old string) {
		for _, vars := range []map[string]string{s.vars, s.instances[0].Vars, s.instances[1].Vars} {
			vars["IDP_KEK"], vars["IDP_OLD_KEKS"] = present, old
			if old == "" {
				delete(vars, "IDP_OLD_KEKS")
			}
		}
	}
	var cut bool
	var said string
	err = s.during(6, func() error {
		settings(next, former)
		if _, err := s.restartAll(); err != nil {
			return err
		}
		if cut, said, err = s.interrupted(250*time.Millisecond, "keys", "rewrap"); err != nil {
			return err
		}
		settings(next, "")
		if _, err := s.restartAll(); err != nil {
			return err
		}
		return s.wait(2 * time.Second)
	})
	if err != nil {
		return err
	}
	r.say("killed midway: %t, then: %s", cut, said)
	r.unbroken(s.tally.now())
	return nil
}

// unbroken is promised by scenes in which the service stays well.
func (r *result) unbroken(a answers) {
	r.want(len(a.broken()) == 0, "%d connections broken", len(a.broken()))
	r.noFaults(a)
}

// dataKeys rotates the key of what is sealed about members. Instances learn of a step within two minutes; here they are
// restarted instead, and the step is backdated.
func dataKeys(s *stage, r *result) error {
	var told []string
	cut := 0
	err := s.during(6, func() error {
		for range 30 {
			killed, said, err := s.interrupted(300*time.Millisecond, "keys", "rotate-data", "pii")
			if err != nil {
				return err
			}
			if killed {
				cut++
			}
			told = append(told, said)
			if strings.Contains(said, "dropped") {
				return nil
			}
			if _, err := s.restartAll(); err != nil {
				return err
			}
			if err := s.cluster.primary.superuser(s.ctx, `update data_keys set since = since - interval '5 minutes' where purpose = 'pii'`); err != nil {
				return err
			}
		}
		return errors.New("the rotation does not end")
	})
	if err != nil {
		return err
	}
	r.say("%d steps, %d of them killed midway and run again; at the end: %s", len(told), cut, told[len(told)-1])
	old, err := s.idp("keys", "data")
	if err != nil {
		return err
	}
	for line := range strings.Lines(old) {
		if strings.HasPrefix(line, "pii") {
			r.say("%s", strings.Join(strings.Fields(line), " "))
		}
	}
	r.unbroken(s.tally.now())
	return nil
}
