package main

import "fmt"

// The operations of the rows, at the service and at the floor.

var authorizeOf = map[string]string{"es256": authorize("es256", ""), "rs256": authorize("rs256", ""), "opaque": authorize("opaque", "")}

const (
	codeForm    = "grant_type=authorization_code&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback&code_verifier=" + verifier + "&code="
	refreshForm = "grant_type=refresh_token&refresh_token="
)

func (u *user) codeFlow(client string) error {
	a, err := u.ask("GET", authorizeOf[client], u.from()+u.session, "")
	if err != nil {
		return err
	}
	code, err := codeOf(a)
	if err != nil {
		return err
	}
	return u.tokens(client, "/token", u.from()+u.basic[client], codeForm+code)
}

func (u *user) floorCode(alg string) error {
	a, err := u.ask("GET", authorizeOf["es256"], u.session, "")
	if err != nil {
		return err
	}
	code, err := codeOf(a)
	if err != nil {
		return err
	}
	return u.tokens("es256", "/code", "", "alg="+alg+"&"+codeForm+code)
}

func (u *user) refreshed() error {
	return u.tokens("es256", "/token", u.from()+u.basic["es256"], refreshForm+u.refresh)
}

func (u *user) floorRefreshed() error {
	return u.tokens("es256", "/refresh", "", "alg=ES256&"+refreshForm+u.refresh)
}

func (u *user) credentials(client string) error {
	return u.tokens(client, "/token", u.from()+u.basic[client], "grant_type=client_credentials&scope=reports.read")
}

func (u *user) floorCredentials() error {
	return u.tokens("service", "/credentials", "", "grant_type=client_credentials")
}

func (u *user) floorOpaque() error {
	return u.tokens("opaque", "/credentials-opaque", "", "grant_type=client_credentials")
}

func (u *user) introspect(client string) error {
	a, err := u.ask("POST", "/introspect", u.from()+u.basic["api"], "token="+u.access[client])
	if err != nil {
		return err
	}
	if a.member("sub") == "" {
		return a.want(0)
	}
	return nil
}

func (u *user) userinfo(client string) error {
	return u.ok("GET", "/userinfo", u.from()+"Authorization: Bearer "+u.access[client]+"\r\n", "")
}

func (u *user) floorLookUp() error { return u.ok("POST", "/look-up", "", "token="+u.access["opaque"]) }

func (u *user) ok(method, path, headers, form string) error {
	a, err := u.ask(method, path, headers, form)
	if err != nil {
		return err
	}
	return a.want(200)
}

func (u *user) get(path string) error { return u.ok("GET", path, u.from(), "") }

// stock makes tokens that revoke uses up.
func (u *user) stock(n int, client string, issue func() error) error {
	u.supply = u.supply[:0]
	for range n {
		if err := issue(); err != nil {
			return err
		}
		u.supply = append(u.supply, u.access[client])
	}
	return nil
}

func (u *user) revoke(headers string) error {
	if len(u.supply) == 0 {
		return errDone
	}
	last := len(u.supply) - 1
	token := u.supply[last]
	u.supply = u.supply[:last]
	return u.ok("POST", "/revoke", headers, "token="+token)
}

func (u *user) signIn() error {
	u.asked++
	n := u.asked*crowd + u.n
	u.browser.Source = fmt.Sprintf("10.%d.%d.%d", 128+n>>16&127, n>>8&255, n&255) // another address each time, as in from
	return u.stage.signIn(u.stage.ctx, u.browser, u.stage.people[u.n])
}
