-- +goose Up
-- recovered_at: the last reset of the password by recovery; a factor enrolled soon after it waits (S-55).
-- protected: the owner said "this wasn't me"; no password opens the account until recovery sets one (S-54).
alter table accounts add column recovered_at timestamptz;
alter table accounts drop constraint accounts_status;
alter table accounts add constraint accounts_status check (status in ('active', 'disabled', 'protected'));

-- Links of notices: "this wasn't me". They tell when the event was, since nothing done after it is trusted.
create table disown_links (
    digest     bytea       not null,
    account_id uuid        not null,
    event_at   timestamptz not null,
    expires_at timestamptz not null,
    constraint disown_links_pkey primary key (digest),
    constraint disown_links_digest check (octet_length(digest) = 32),
    constraint disown_links_account foreign key (account_id) references accounts (id) on delete cascade
);
create index disown_links_account on disown_links (account_id);
create index disown_links_expires on disown_links (expires_at);

-- Wrong answers to the secret question within a day, over all flows (S-59).
create table answer_throttles (
    account_id   uuid        not null,
    failures     integer     not null,
    began_at     timestamptz not null,
    closed_until timestamptz,
    constraint answer_throttles_pkey primary key (account_id),
    constraint answer_throttles_account foreign key (account_id) references accounts (id) on delete cascade,
    constraint answer_throttles_failures check (failures > 0)
);
