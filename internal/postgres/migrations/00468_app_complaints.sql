-- +goose Up
-- What members complain of about apps of partners: read by the role partners at the desk; partners see when and what kind.
create table app_complaints (
    id          uuid        not null,
    client_id   text        not null,
    account_id  uuid        not null,
    kind        text        not null,
    text_sealed bytea       not null,
    created_at  timestamptz not null,
    constraint app_complaints_pkey primary key (id),
    constraint app_complaints_account_fkey foreign key (account_id) references accounts (id),
    constraint app_complaints_kind check (kind in ('more', 'shared', 'lasting', 'false', 'other'))
);
create index app_complaints_client on app_complaints (client_id, created_at);
create index app_complaints_account on app_complaints (account_id, created_at);
create index app_complaints_created on app_complaints (created_at);

-- What other packages ask of an account that is closed for good.
create view account_closings as select id as account_id, closed_at from accounts where closed_at is not null;

-- +goose Down
drop view account_closings;
drop table app_complaints;
