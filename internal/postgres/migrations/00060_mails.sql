-- +goose Up
create table mails (
    id         uuid        not null,
    kind       text        not null,
    account_id uuid,
    state      text        not null,
    attempts   integer     not null default 0,
    last_error text        not null default '',
    sealed     bytea,
    created_at timestamptz not null,
    not_after  timestamptz,
    done_at    timestamptz,
    constraint mails_pkey primary key (id),
    constraint mails_state check (state in ('queued', 'sent', 'failed', 'expired')),
    constraint mails_sealed check ((state = 'queued') = (sealed is not null)),
    constraint mails_done check ((state = 'queued') = (done_at is null))
);
create index mails_account on mails (account_id, id desc) where account_id is not null;
create index mails_done on mails (done_at) where done_at is not null;
