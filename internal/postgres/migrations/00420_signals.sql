-- +goose Up
-- Security Event Tokens that a client has not received yet, pushed or polled.
create table signals (
	id          uuid        constraint signals_pkey primary key, -- jti
	client_id   text        not null,
	subject     text        not null, -- sub at this client
	sid         text        not null, -- of the session as this client knows it; '' for all of the subject
	event       text        not null, -- URI
	occurred_at timestamptz not null
);
create index signals_client on signals (client_id, occurred_at);

-- Whether apps have yet to be told that the account was closed or opened again.
alter table accounts add column tell_apps boolean not null default false;
