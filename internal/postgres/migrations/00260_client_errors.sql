-- +goose Up
-- Refused requests of clients, the newest of each, for the operator whom a developer asks.
create table client_errors (
	id          bigint generated always as identity constraint client_errors_pkey primary key,
	client_id   text        not null constraint client_errors_client_id_fkey references clients (client_id) on delete cascade,
	at          timestamptz not null,
	request_id  text        not null, -- the number on the page
	endpoint    text        not null,
	error       text        not null,
	description text        not null,
	sent        text        not null constraint client_errors_sent_check check (length(sent) <= 4096) -- no values of secrets
);
create index client_errors_client_id_idx on client_errors (client_id, id);
create index client_errors_at_idx on client_errors using brin (at);
