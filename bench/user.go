package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"huskyidp/internal/visitor"
)

// user is one of the sixteen: a connection, a session, and the tokens of the moment. The service and the floor have their own.
type user struct {
	*conn
	stage   *stage
	session string            // Cookie header
	asked   int               // requests so far
	basic   map[string]string // Authorization headers by client_id
	refresh string            // token
	access  map[string]string // tokens by client_id
	supply  []string          // tokens to be revoked
	browser *visitor.Browser
	n       int
}

// newUser signs somebody in.
func (s *stage) newUser(n int) (*user, error) {
	u := &user{stage: s, n: n, browser: s.browser(n), basic: map[string]string{}, access: map[string]string{}}
	for id, secret := range s.secrets {
		u.basic[id] = "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret))) + "\r\n"
	}
	var err error
	if u.conn, err = dial(s.service.Address); err != nil {
		return nil, err
	}
	for range 20 {
		if err = s.signIn(s.ctx, u.browser, s.people[n]); !errors.Is(err, errRefused) { // as happens on a busy machine
			break
		}
	}
	if err != nil {
		return nil, err
	}
	var cookies []string
	for name, value := range u.browser.Cookies {
		cookies = append(cookies, name+"="+value)
	}
	u.session = "Cookie: " + strings.Join(cookies, "; ") + "\r\n"
	for _, id := range []string{"opaque", "es256"} { // the last one's refresh token is kept
		if err := u.codeFlow(id); err != nil {
			return nil, err
		}
	}
	return u, nil
}

// newFloorUser has a session of the floor.
func (s *stage) newFloorUser() (*user, error) {
	u := &user{stage: s, access: map[string]string{}}
	var err error
	if u.conn, err = dial(s.floorAddress); err != nil {
		return nil, err
	}
	a, err := u.ask("POST", "/session", "", "")
	if err != nil {
		return nil, err
	}
	u.session = "Cookie: session=" + a.member("session") + "\r\n"
	if err := u.floorCode("ES256"); err != nil {
		return nil, err
	}
	return u, u.floorOpaque()
}

// from is the X-Forwarded-For header of the next request: each comes from another address, as those of many people do, so that
// none is refused for what one source may ask.
func (u *user) from() string {
	u.asked++
	n := u.asked*users + u.n
	return fmt.Sprintf("X-Forwarded-For: 10.%d.%d.%d\r\n", 1+n>>16&127, n>>8&255, n&255)
}

// newUsers makes those of the service, or of the floor.
func (s *stage) newUsers(of func(n int) (*user, error), count int) (all []*user, err error) {
	for n := range count {
		u, err := of(n)
		if err != nil {
			return nil, fmt.Errorf("user %d: %w", n, err)
		}
		all = append(all, u)
	}
	return all, nil
}

func codeOf(a *answer) (string, error) {
	_, query, _ := strings.Cut(a.location, "?")
	values, err := url.ParseQuery(query)
	if err != nil || values.Get("code") == "" {
		return "", fmt.Errorf("answered %d %s without a code", a.status, a.location)
	}
	return values.Get("code"), nil
}

// tokens asks for some and keeps them.
func (u *user) tokens(client, path, headers, form string) error {
	a, err := u.ask("POST", path, headers, form)
	if err != nil {
		return err
	}
	if err := a.want(200); err != nil {
		return err
	}
	u.access[client] = a.member("access_token")
	if next := a.member("refresh_token"); next != "" {
		u.refresh = next
	}
	return nil
}
