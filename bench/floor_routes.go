package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

const floorTables = `
	drop table if exists sessions, codes, refresh_tokens, access_tokens;
	create table sessions (hash bytea primary key, subject uuid not null, expires_at timestamptz not null);
	create table codes (hash bytea primary key, subject uuid not null, challenge text not null, expires_at timestamptz not null, used_at timestamptz);
	create table refresh_tokens (hash bytea primary key, subject uuid not null, expires_at timestamptz not null, used_at timestamptz);
	create table access_tokens (hash bytea primary key, claims jsonb not null, expires_at timestamptz not null, revoked_at timestamptz)`

// floorDiscovery is as long as that of the service, about.
var floorDiscovery = []byte(`{"issuer":"` + audience + `","padding":"` + string(make([]byte, 4000)) + `"}`)

func (y *yardstick) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /session", y.session)
	mux.HandleFunc("GET /authorize", y.authorize)
	mux.HandleFunc("POST /code", y.code)
	mux.HandleFunc("POST /refresh", y.refresh)
	mux.HandleFunc("POST /credentials", y.credentials)
	mux.HandleFunc("POST /credentials-opaque", y.credentialsOpaque)
	mux.HandleFunc("POST /look-up", y.lookUp)
	mux.HandleFunc("POST /revoke", y.revoke)
	mux.HandleFunc("GET /hash", y.hash)
	mux.HandleFunc("GET /.well-known/openid-configuration", ready(floorDiscovery))
	mux.HandleFunc("GET /jwks", ready(y.keys))
	return mux
}

func ready(body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body) // to a driver that has gone
	}
}

func jsonOf(value any) ([]byte, error) { return json.Marshal(value) }

func reply(w http.ResponseWriter, members map[string]string) {
	body, err := jsonOf(members)
	if err != nil {
		refused(w, err)
		return
	}
	ready(body)(w, nil)
}

// session begins one, which is not measured.
func (y *yardstick) session(w http.ResponseWriter, r *http.Request) {
	token := random()
	if _, err := y.pool.Exec(r.Context(), `insert into sessions values ($1, gen_random_uuid(), now() + interval '1 day')`, digest(token)); err != nil {
		refused(w, err)
		return
	}
	reply(w, map[string]string{"session": token})
}

// authorize is one statement: the session is read and the code written.
func (y *yardstick) authorize(w http.ResponseWriter, r *http.Request) {
	cookie, err := r.Cookie("session")
	if err != nil {
		refused(w, err)
		return
	}
	code := random()
	made, err := y.pool.Exec(r.Context(), `insert into codes select $1, subject, $2, now() + interval '1 minute' from sessions where hash = $3 and expires_at > now()`,
		digest(code), r.URL.Query().Get("code_challenge"), digest(cookie.Value))
	if err != nil || made.RowsAffected() != 1 {
		refused(w, err)
		return
	}
	http.Redirect(w, r, callback+"?code="+code, http.StatusSeeOther)
}

// code is one statement and two signatures.
func (y *yardstick) code(w http.ResponseWriter, r *http.Request) {
	y.spend(w, r, `
		with used as (update codes set used_at = now() where hash = $1 and used_at is null and expires_at > now() returning subject)
		insert into refresh_tokens select $2, subject, now() + interval '30 days' from used`, r.FormValue("code"))
}

// refresh is the same.
func (y *yardstick) refresh(w http.ResponseWriter, r *http.Request) {
	y.spend(w, r, `
		with used as (update refresh_tokens set used_at = now() where hash = $1 and used_at is null and expires_at > now() returning subject)
		insert into refresh_tokens select $2, subject, now() + interval '30 days' from used`, r.FormValue("refresh_token"))
}

func (y *yardstick) spend(w http.ResponseWriter, r *http.Request, statement, spent string) {
	next := random()
	made, err := y.pool.Exec(r.Context(), statement, digest(spent), digest(next))
	if err != nil || made.RowsAffected() != 1 {
		refused(w, err)
		return
	}
	access, err := y.token("ES256")
	if err != nil {
		refused(w, err)
		return
	}
	id, err := y.token(r.FormValue("alg"))
	if err != nil {
		refused(w, err)
		return
	}
	reply(w, map[string]string{"access_token": access, "id_token": id, "refresh_token": next, "token_type": "Bearer"})
}

// credentials is one signature.
func (y *yardstick) credentials(w http.ResponseWriter, _ *http.Request) {
	access, err := y.token("ES256")
	if err != nil {
		refused(w, err)
		return
	}
	reply(w, map[string]string{"access_token": access, "token_type": "Bearer"})
}

// credentialsOpaque is one statement.
func (y *yardstick) credentialsOpaque(w http.ResponseWriter, r *http.Request) {
	access := random()
	claims := map[string]any{"iss": audience, "sub": "018f4c1e-7d3a-7c55-9c7b-2f6f4f0a1b2c", "scope": "reports.read", "exp": time.Now().Add(time.Minute).Unix()}
	if _, err := y.pool.Exec(r.Context(), `insert into access_tokens values ($1, $2, now() + interval '1 hour')`, digest(access), claims); err != nil {
		refused(w, err)
		return
	}
	reply(w, map[string]string{"access_token": access, "token_type": "Bearer"})
}

// lookUp is introspection and userinfo: one statement, which finds a token of either form by its digest.
func (y *yardstick) lookUp(w http.ResponseWriter, r *http.Request) {
	var claims json.RawMessage
	err := y.pool.QueryRow(r.Context(), `select claims from access_tokens where hash = $1 and expires_at > now() and revoked_at is null`, digest(r.FormValue("token"))).Scan(&claims)
	if err != nil {
		refused(w, err)
		return
	}
	ready(claims)(w, nil)
}

// revoke is one statement.
func (y *yardstick) revoke(w http.ResponseWriter, r *http.Request) {
	if _, err := y.pool.Exec(r.Context(), `update access_tokens set revoked_at = now() where hash = $1 and revoked_at is null`, digest(r.FormValue("token"))); err != nil {
		refused(w, err)
		return
	}
	ready(nil)(w, nil)
}

// hash is one bare hash.
func (y *yardstick) hash(w http.ResponseWriter, r *http.Request) {
	passes, err := strconv.Atoi(r.FormValue("t"))
	if err != nil {
		refused(w, err)
		return
	}
	memory, err := strconv.Atoi(r.FormValue("m"))
	if err != nil {
		refused(w, err)
		return
	}
	y.hashes.IDKey([]byte("un caballo azul corre lejos"), []byte("0123456789abcdef"), uint32(passes), uint32(memory), 1, 32)
	ready(nil)(w, nil)
}
