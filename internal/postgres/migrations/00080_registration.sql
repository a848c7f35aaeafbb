-- +goose Up
create table registrations (
    id                 uuid        not null,
    token_hash         bytea       not null, -- SHA-256 of the cookie
    browser            bytea       not null, -- digest of the browser cookie it is bound to
    account_id         uuid        not null, -- the account that it will make; hashes are bound to it
    flow               text        not null default '',
    language           text        not null,
    created_at         timestamptz not null,
    touched_at         timestamptz not null,
    agreement_version  text        not null,
    agreement_language text        not null,
    agreement_hash     bytea       not null, -- SHA-256 of the text
    agreed_at          timestamptz not null,
    identity           bytea,                -- sealed: the card as typed
    member_id          uuid,                 -- null: not matched
    holder_id          uuid,                 -- account that the matched member already has
    failures           integer     not null default 0,
    reference          text,                 -- number of the lock, if one was met
    locked_until       timestamptz,          -- end of that lock; null with a reference: by staff only
    credentials        bytea,                -- sealed: username, e-mail address, question
    password_hash      bytea,
    answer_hash        bytea,
    code_mac           bytea,                -- null: no code is out
    code_sent_at       timestamptz,
    code_expires_at    timestamptz,
    code_tries         integer     not null default 0,
    proven_at          timestamptz,          -- when the address in credentials was proven
    finished_at        timestamptz,
    constraint registrations_pkey primary key (id),
    constraint registrations_token_hash_key unique (token_hash),
    constraint registrations_account_id_key unique (account_id),
    constraint registrations_failures check (failures >= 0),
    constraint registrations_code_tries check (code_tries between 0 and 5),
    constraint registrations_code check ((code_mac is null) or (code_sent_at is not null and code_expires_at is not null)),
    constraint registrations_holder check (holder_id is null or member_id is not null),
    constraint registrations_proven check (proven_at is null or credentials is not null or finished_at is not null),
    constraint registrations_finished check (finished_at is null
        or (identity is null and credentials is null and password_hash is null and answer_hash is null and code_mac is null))
);
create index registrations_touched on registrations (touched_at);
create index registrations_reference on registrations (reference) where reference is not null;

create table identity_guards (
    kind         text        not null,
    key          bytea       not null, -- keyed digest of what is guarded
    failures     integer     not null,
    opened_at    timestamptz not null, -- of the window in which failures are counted
    reference    text,                 -- set: locked
    locked_until timestamptz,          -- null with a reference: until staff release it
    expires_at   timestamptz,          -- when the row may be swept; null: never
    constraint identity_guards_pkey primary key (kind, key),
    constraint identity_guards_kind check (kind in ('browser', 'card', 'source')),
    constraint identity_guards_locked check (locked_until is null or reference is not null)
);
create index identity_guards_reference on identity_guards (reference) where reference is not null;
create index identity_guards_expires on identity_guards (expires_at) where expires_at is not null;
