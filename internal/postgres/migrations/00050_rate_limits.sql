-- +goose Up
create table rate_limits (
    name       text        not null,
    key        bytea       not null,
    opened_at  timestamptz not null,
    count      integer     not null,
    expires_at timestamptz not null,
    constraint rate_limits_pkey primary key (name, key),
    constraint rate_limits_key check (octet_length(key) = 32),
    constraint rate_limits_count check (count > 0)
);
create index rate_limits_expires on rate_limits (expires_at);
