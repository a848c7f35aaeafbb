-- +goose Up
-- Browsers in which the second step was proven and need not be proven again for a while, though the password is. The
-- cookie's token is stored as a digest.
create table remembered_devices (
    id           uuid        not null,
    digest       bytea       not null,
    account_id   uuid        not null,
    sid          text        not null, -- the last session that it opened, whose end from elsewhere ends it too
    browser      text        not null default '',
    system       text        not null default '',
    made_at      timestamptz not null,
    last_used_at timestamptz not null,
    expires_at   timestamptz not null,
    constraint remembered_devices_pkey primary key (id),
    constraint remembered_devices_digest_key unique (digest),
    constraint remembered_devices_digest check (octet_length(digest) = 32),
    constraint remembered_devices_account foreign key (account_id) references accounts (id) on delete cascade
);
create index remembered_devices_of on remembered_devices (account_id);
create index remembered_devices_expires on remembered_devices (expires_at);
