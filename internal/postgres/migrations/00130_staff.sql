-- +goose Up
-- People of the support desk have accounts too, without a card.
alter table accounts add column kind text not null default 'member';
alter table accounts alter column member_id drop not null;
alter table accounts add constraint accounts_kind check (kind in ('member', 'staff') and (kind = 'member') = (member_id is not null));

-- What an account becomes again when staff open it: its owner may have protected it before or since.
alter table accounts add column reopens_as text;
alter table accounts add constraint accounts_reopens_as check (reopens_as is null or status = 'disabled' and reopens_as in ('active', 'protected'));

-- What other packages ask of a sign-in: is it still open? One that is gone was closed long ago.
create view open_sessions as
    select s.sid, s.account_id from sessions s where s.ended_at is null;

create table staff (
    account_id uuid        not null,
    name       text        not null, -- as colleagues read it; of an employee, not a member
    roles      text[]      not null,
    break_glass boolean    not null default false, -- sealed away for the day when nobody else can act; each use is an alert
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint staff_pkey primary key (account_id),
    constraint staff_name check (name <> '' and length(name) <= 80),
    constraint staff_roles check (cardinality(roles) > 0 and roles <@ array['read', 'recover', 'approve', 'admin', 'audit'])
);

-- The desk's book: what each person did, saw or was refused. Rows are not changed.
create table desk_entries (
    id            uuid        not null,
    at            timestamptz not null,
    staff_id      uuid        not null,
    subject_id    uuid,                  -- account, else member of the roster, else registration
    act           text        not null,
    outcome       text        not null,  -- done, asked, approved, refused, or why it was denied
    reason_sealed bytea,                 -- typed by a person
    ticket        text        not null default '',
    request_id    uuid,                  -- of desk_requests
    verification  uuid,                  -- of caller_verifications
    constraint desk_entries_pkey primary key (id)
);
create index desk_entries_staff on desk_entries (staff_id, at desc);
create index desk_entries_subject on desk_entries (subject_id, at desc) where subject_id is not null;

create table caller_verifications (
    id          uuid        not null,
    staff_id    uuid        not null,
    subject_id  uuid        not null,
    method      text        not null,
    created_at  timestamptz not null,
    code_mac    bytea,               -- of a spoken code that waits
    tries       integer     not null default 0,
    verified_at timestamptz,         -- null: not (yet) verified
    constraint caller_verifications_pkey primary key (id),
    constraint caller_verifications_method check (method in ('spoken_code', 'facts', 'call_back', 'in_person', 'none')),
    constraint caller_verifications_code_mac check (octet_length(code_mac) = 32),
    constraint caller_verifications_tries check (tries between 0 and 5)
);
create index caller_verifications_caller on caller_verifications (subject_id, staff_id, created_at desc);

-- Acts that a second person must allow, frozen as they were asked for.
create table desk_requests (
    id           uuid        not null,
    subject_id   uuid        not null,
    act          text        not null,
    ask_sealed   bytea       not null,
    version      text        not null, -- of the subject when it was asked for
    verification uuid,
    asked_by     uuid        not null,
    asked_at     timestamptz not null,
    expires_at   timestamptz not null,
    decided_by   uuid,
    decided_at   timestamptz,
    decision     text,
    constraint desk_requests_pkey primary key (id),
    constraint desk_requests_decision check (decision in ('approved', 'refused') and decided_by <> asked_by),
    constraint desk_requests_decided check ((decided_at is null) = (decision is null) and (decided_at is null) = (decided_by is null))
);
create index desk_requests_open on desk_requests (asked_at) where decided_at is null;

-- Answers to acts that may be sent twice (Idempotency-Key), for a day.
create table desk_replies (
    staff_id   uuid        not null,
    key_hash   bytea       not null,
    body_mac   bytea       not null,
    reply      bytea       not null, -- sealed
    created_at timestamptz not null,
    constraint desk_replies_pkey primary key (staff_id, key_hash)
);
create index desk_replies_created on desk_replies (created_at);

-- Sign-ins to the console on their way, and sessions.
create table console_sign_ins (
    state_hash bytea       not null,
    browser    bytea       not null,
    return_to  text        not null,
    expires_at timestamptz not null,
    constraint console_sign_ins_pkey primary key (state_hash)
);
create index console_sign_ins_expires on console_sign_ins (expires_at);

create table console_sessions (
    digest       bytea       not null,
    account_id   uuid        not null,
    sid          text        not null, -- of the sign-in at the provider
    acr          text        not null,
    auth_time    timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at   timestamptz not null,
    draft        bytea,                -- sealed: a form that waits for a step-up
    constraint console_sessions_pkey primary key (digest),
    constraint console_sessions_digest check (octet_length(digest) = 32)
);
create index console_sessions_expires on console_sessions (expires_at);
