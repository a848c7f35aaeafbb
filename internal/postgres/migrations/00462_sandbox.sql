-- +goose Up
-- What the database is for: null until a service starts on it, then a sandbox's (true) or production's (false) for good.
alter table settings add column sandbox boolean;
alter table settings add column sandbox_reset_at timestamptz; -- when its first state was last made; null until then
-- The mails of a sandbox, which sends none.
create table sandbox_mails (
    id     uuid        not null,
    at     timestamptz not null,
    sealed bytea       not null,
    constraint sandbox_mails_pkey primary key (id)
);
create index sandbox_mails_at on sandbox_mails (at);

-- +goose Down
drop table sandbox_mails;
alter table settings drop column sandbox;
alter table settings drop column sandbox_reset_at;
