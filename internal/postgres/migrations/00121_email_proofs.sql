-- +goose Up
-- The code that proves an address which a member wants to change to (S-53); one an account.
create table email_proofs (
    account_id   uuid        not null,
    email_sealed bytea       not null,
    code_mac     bytea       not null,
    tries        integer     not null default 0,
    expires_at   timestamptz not null,
    constraint email_proofs_pkey primary key (account_id),
    constraint email_proofs_account foreign key (account_id) references accounts (id) on delete cascade,
    constraint email_proofs_mac check (octet_length(code_mac) = 32)
);
create index email_proofs_expires on email_proofs (expires_at);
