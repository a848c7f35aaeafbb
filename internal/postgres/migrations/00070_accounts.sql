-- +goose Up
create table accounts (
    id                     uuid        not null,
    subject                text        not null,
    username               text        not null,
    email_sealed           bytea       not null,
    email_digest           bytea       not null,
    language               text        not null,
    member_id              uuid        not null,
    status                 text        not null default 'active',
    password_sealed        bytea       not null,
    created_at             timestamptz not null,
    updated_at             timestamptz not null,
    credentials_changed_at timestamptz not null,
    last_sign_in_at        timestamptz,
    constraint accounts_pkey primary key (id),
    constraint accounts_subject_key unique (subject),
    constraint accounts_username_key unique (username),
    constraint accounts_member_key unique (member_id),
    constraint accounts_status check (status in ('active', 'disabled')),
    constraint accounts_username check (username <> '' and length(username) <= 32),
    constraint accounts_email_digest check (octet_length(email_digest) = 32)
);
create index accounts_email on accounts (email_digest);

-- What other packages join with: does the account still count, and since when do its credentials.
create view account_states as
    select id as account_id, status = 'active' as active, credentials_changed_at from accounts;

create table account_questions (
    account_id    uuid        not null,
    question      text        not null,
    answer_sealed bytea       not null,
    set_at        timestamptz not null,
    constraint account_questions_pkey primary key (account_id, question),
    constraint account_questions_account foreign key (account_id) references accounts (id) on delete cascade
);

create table account_acceptances (
    account_id  uuid        not null,
    kind        text        not null,
    version     text        not null,
    language    text        not null,
    text_hash   bytea       not null,
    accepted_at timestamptz not null,
    constraint account_acceptances_pkey primary key (account_id, kind, version),
    constraint account_acceptances_account foreign key (account_id) references accounts (id) on delete cascade,
    constraint account_acceptances_kind check (kind in ('agreement', 'certification')),
    constraint account_acceptances_text_hash check (octet_length(text_hash) = 32)
);

create table sessions (
    sid          text        not null,
    digest       bytea       not null,
    account_id   uuid        not null,
    amr          text[]      not null,
    acr          text        not null,
    auth_time    timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at   timestamptz not null,
    ended_at     timestamptz,
    browser      text        not null default '',
    system       text        not null default '',
    announce     boolean     not null default false, -- the member has yet to be told of a new device
    constraint sessions_pkey primary key (sid),
    constraint sessions_digest_key unique (digest),
    constraint sessions_digest check (octet_length(digest) = 32),
    constraint sessions_account foreign key (account_id) references accounts (id) on delete cascade
);
create index sessions_account_open on sessions (account_id, auth_time desc) where ended_at is null;
create index sessions_announce on sessions (auth_time) where announce;
create index sessions_expires on sessions (expires_at);

create table sign_in_throttles (
    key            bytea       not null,
    account_id     uuid,
    failures       integer     not null,
    last_failed_at timestamptz not null,
    blocked_until  timestamptz,
    noticed_at     timestamptz,
    constraint sign_in_throttles_pkey primary key (key),
    constraint sign_in_throttles_key check (octet_length(key) = 32),
    constraint sign_in_throttles_failures check (failures > 0)
);
create index sign_in_throttles_notice on sign_in_throttles (last_failed_at)
    where blocked_until is not null and account_id is not null and noticed_at is null;
create index sign_in_throttles_last on sign_in_throttles (last_failed_at);
