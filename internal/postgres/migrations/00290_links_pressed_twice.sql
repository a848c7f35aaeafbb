-- +goose Up
-- Links of notices that were used some minutes ago: the second press of the button gets the answer of the first.
create table used_disown_links (
    digest     bytea       not null, -- of the token
    expires_at timestamptz not null,
    constraint used_disown_links_pkey primary key (digest),
    constraint used_disown_links_digest check (octet_length(digest) = 32)
);
create index used_disown_links_expires on used_disown_links (expires_at);
