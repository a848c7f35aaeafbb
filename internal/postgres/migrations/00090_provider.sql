-- +goose Up
create table clients (
	client_id   text        constraint clients_pkey primary key,
	metadata    jsonb       not null, -- RFC 7591 member names
	secret_mac  bytea,                -- keyed digest; null for public clients
	disabled_at timestamptz,
	created_at  timestamptz not null,
	updated_at  timestamptz not null
);

-- Raised with every change of clients, so that instances see it by one look-up a second.
create table client_registry (
	id      boolean constraint client_registry_pkey primary key default true constraint client_registry_one_row check (id),
	version bigint  not null default 1
);
insert into client_registry default values;

-- A checked authorization request that waits for the member: signing in, registering.
create table interactions (
	flow_hash    bytea       constraint interactions_pkey primary key, -- SHA-256 of the opaque id in the address
	browser      bytea       not null, -- SHA-256 of the cookie of the browser that began it
	client_id    text        not null,
	request      bytea       not null, -- the request's parameters, sealed: login_hint may name a member
	requested_at timestamptz not null,
	selected_at  timestamptz,          -- when the member chose an account (prompt=select_account)
	finished_at  timestamptz,          -- when it was answered
	expires_at   timestamptz not null
);
create index interactions_expires_at_idx on interactions (expires_at);

-- One row for each authorization: code, PKCE and OpenID Connect facts together.
create table grants (
	id             uuid        constraint grants_pkey primary key,
	client_id      text        not null,
	account_id     uuid        not null,
	subject        text        not null,
	sid            text        not null,
	scopes         text[]      not null,
	audience       text[]      not null,
	auth_time      timestamptz not null,
	acr            text        not null,
	amr            text[]      not null,
	nonce          text        not null,
	redirect_uri   text        not null,
	code_hash      bytea       not null constraint grants_code_hash_key unique, -- SHA-256
	code_challenge text        not null, -- S256; empty for a client registered without PKCE
	code_expires_at timestamptz not null,
	created_at     timestamptz not null,
	expires_at     timestamptz not null, -- absolute end, counted from sign-in
	revoked_at     timestamptz
);
create index grants_account_id_idx on grants (account_id);
create index grants_expires_at_idx on grants (expires_at);

-- A code is used once: a second insert violates the key and undoes its whole batch.
create table code_redemptions (
	grant_id    uuid        not null constraint code_redemptions_pkey primary key
	                        constraint code_redemptions_grant_id_fkey references grants (id) on delete cascade,
	redeemed_at timestamptz not null,
	succeeded   boolean     not null
);

-- Refresh tokens. One is used once its successor exists; the unique predecessor lets
-- only one of several racing uses insert it.
create table refresh_tokens (
	hash        bytea       constraint refresh_tokens_pkey primary key, -- SHA-256
	grant_id    uuid        not null constraint refresh_tokens_grant_id_fkey references grants (id) on delete cascade,
	predecessor bytea       constraint refresh_tokens_predecessor_key unique,
	created_at  timestamptz not null,
	expires_at  timestamptz not null
);
create index refresh_tokens_grant_id_idx on refresh_tokens (grant_id);
create index refresh_tokens_expires_at_idx on refresh_tokens (expires_at);
