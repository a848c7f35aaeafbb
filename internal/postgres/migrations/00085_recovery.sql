-- +goose Up
create table support_references (
    reference  text        not null, -- as told to the member: H7K-2QD-9MW
    reason     text        not null,
    browser    bytea       not null, -- digest of the browser cookie
    about      uuid,                 -- registration that it is about, if any
    language   text        not null,
    created_at timestamptz not null,
    constraint support_references_pkey primary key (reference),
    constraint support_references_form check (reference ~ '^[2-9B-DF-HJ-NP-TV-Z]{3}(-[2-9B-DF-HJ-NP-TV-Z]{3}){2}$'),
    constraint support_references_reason check (reason in ('identity_locked', 'username', 'password', 'other'))
);
create index support_references_browser on support_references (browser, created_at desc);
create index support_references_created on support_references (created_at);
