-- +goose Up
-- Members who have allowed partner apps something are reminded of it half a year later, then once a year. A row stays until nothing is allowed any more.
create table app_reminders (
    account_id uuid        not null,
    next_at    timestamptz not null,
    constraint app_reminders_pkey primary key (account_id)
);
create index app_reminders_next on app_reminders (next_at);
insert into app_reminders (account_id, next_at)
    select account_id, min(granted_at) + interval '6 months' from consents where revoked_at is null and expires_at > now() group by account_id;
