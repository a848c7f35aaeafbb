package main

import (
	"fmt"
	"time"
)

// row is a line of the table.
type row struct {
	name, title    string
	service, floor func(*user) error
	stock          bool                       // the operation uses up what a supply is made of
	play           func(*stage, *table) error // of rows that are measured in another way
}

const users = 16

var rows []row

func init() { // rows refer to the stage, which refers to rows
	rows = []row{
		{name: "idle", title: "idle", play: (*stage).idle},
		{name: "memory", title: "memory at rest, fresh", play: (*stage).atRest},
		{name: "code-es256", title: "code flow, signed in, ES256", service: func(u *user) error { return u.codeFlow("es256") }, floor: func(u *user) error { return u.floorCode("ES256") }},
		{name: "code-rs256", title: "code flow, signed in, RS256", service: func(u *user) error { return u.codeFlow("rs256") }, floor: func(u *user) error { return u.floorCode("RS256") }},
		{name: "refresh", title: "refresh", service: (*user).refreshed, floor: (*user).floorRefreshed},
		{name: "credentials-jwt", title: "client_credentials, JWT", service: func(u *user) error { return u.credentials("service") }, floor: (*user).floorCredentials},
		{name: "credentials-opaque", title: "client_credentials, opaque", service: func(u *user) error { return u.credentials("service-opaque") }, floor: (*user).floorOpaque},
		{name: "introspection-jwt", title: "introspection, JWT", service: func(u *user) error { return u.introspect("es256") }, floor: (*user).floorLookUp},
		{name: "introspection-opaque", title: "introspection, opaque", service: func(u *user) error { return u.introspect("opaque") }, floor: (*user).floorLookUp},
		{name: "userinfo-jwt", title: "userinfo, JWT", service: func(u *user) error { return u.userinfo("es256") }, floor: (*user).floorLookUp},
		{name: "userinfo-opaque", title: "userinfo, opaque", service: func(u *user) error { return u.userinfo("opaque") }, floor: (*user).floorLookUp},
		{name: "revocation", title: "revocation of an access token", stock: true},
		{name: "discovery", title: "discovery", service: func(u *user) error { return u.get("/.well-known/openid-configuration") }, floor: func(u *user) error { return u.get("/.well-known/openid-configuration") }},
		{name: "jwks", title: "JWKS", service: func(u *user) error { return u.get("/jwks") }, floor: func(u *user) error { return u.get("/jwks") }},
		{name: "hash", title: "bare hash", play: (*stage).bareHashes},
		{name: "sign-in", title: "password sign-in, whole flow", play: (*stage).signIns},
		{name: "beside", title: "refresh beside 64 signing in", play: (*stage).beside},
		{name: "crowd", title: "64 sign in at once", play: (*stage).crowd},
		{name: "after", title: "memory after all of it", play: (*stage).after},
	}
}

// measure adds a row to the table.
func (s *stage) measure(t *table, r row) error {
	if r.play != nil {
		return r.play(s, t)
	}
	if err := s.needUsers(); err != nil {
		return err
	}
	floor, err := s.newUsers(func(int) (*user, error) { return s.newFloorUser() }, users)
	if err != nil {
		return fmt.Errorf("the floor: %w", err)
	}
	n, each := s.turns()
	var ours, floors []turn
	for i := range n {
		wait := func() error { return nil }
		if i == n-1 {
			wait = s.keepProfile("profile", r.name, each)
		}
		if r.stock {
			r.service, r.floor = (*user).revokeOurs, (*user).revokeFloors
			if err := s.stockUp(s.users, floor, each); err != nil {
				return err
			}
		}
		one, err := s.turn(s.service.PID(), s.users, each, r.service)
		if err != nil {
			return err
		}
		if err := wait(); err != nil {
			return err
		}
		two, err := s.turn(s.floor.Process.Pid, floor, each, r.floor)
		if err != nil {
			return fmt.Errorf("the floor: %w", err)
		}
		ours, floors = append(ours, one), append(floors, two)
	}
	for _, u := range floor {
		_ = u.Close()
	}
	t.rate(r.title, ours, floors)
	return nil
}

// needUsers signs sixteen in, if they are not, and renews what the rows before have used for long.
func (s *stage) needUsers() (err error) {
	if s.users == nil {
		s.users, err = s.newUsers(s.newUser, users)
		return err
	}
	for _, u := range s.users {
		if err := u.codeFlow("opaque"); err != nil {
			return err
		}
		if err := u.codeFlow("es256"); err != nil {
			return err
		}
	}
	return nil
}

// supplyRate is how many tokens a second are made ready for a row that uses them up: more than the floor can use.
const supplyRate = 6000

func (s *stage) stockUp(ours, floors []*user, each time.Duration) error {
	n := int(each.Seconds()*supplyRate) / users
	for _, u := range ours {
		if err := u.stock(n/2, "service", func() error { return u.credentials("service") }); err != nil {
			return err
		}
	}
	for _, u := range floors {
		if err := u.stock(n, "opaque", u.floorOpaque); err != nil {
			return err
		}
	}
	return nil
}

func (u *user) revokeOurs() error   { return u.revoke(u.from() + u.basic["service"]) }
func (u *user) revokeFloors() error { return u.revoke("") }
