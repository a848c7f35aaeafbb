-- +goose Up
-- Device authorization requests (RFC 8628). Approval makes the grant, whose code_hash is
-- the device code's digest: from then on it is redeemed like any code.
create table device_codes (
	device_hash    bytea       constraint device_codes_pkey primary key, -- SHA-256
	user_code_hash bytea       not null constraint device_codes_user_code_hash_key unique, -- keyed digest
	client_id      text        not null,
	scopes         text[]      not null,
	audience       text[]      not null,
	poll_seconds   integer     not null,
	polled_at      timestamptz,
	decision       text        constraint device_codes_decision_check check (decision in ('allowed', 'denied')),
	created_at     timestamptz not null,
	expires_at     timestamptz not null
);
create index device_codes_expires_at_idx on device_codes (expires_at);
