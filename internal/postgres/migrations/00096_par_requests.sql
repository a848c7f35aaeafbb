-- +goose Up
-- Pushed authorization requests (RFC 9126), checked and waiting for their browser.
create table par_requests (
	handle_hash bytea       constraint par_requests_pkey primary key, -- SHA-256 of the request_uri
	client_id   text        not null,
	request     bytea       not null, -- the request's parameters, sealed: login_hint may name a member
	expires_at  timestamptz not null, -- a browser may arrive until then; what it began may end later
	used_at     timestamptz,          -- when a code was issued for it
	uses        smallint    not null default 0 constraint par_requests_uses_check check (uses <= 1)
);
create index par_requests_expires_at_idx on par_requests (expires_at);

alter table interactions add column par_hash bytea; -- the pushed request that it came from, if any
alter table grants add column claims jsonb; -- claims asked one by one (OpenID Connect Core 5.5), if any
