-- +goose Up
-- An authenticator app; not counted before confirmed_at. last_step is the newest time step that was accepted: none
-- counts twice, nor after a newer one (S-15).
create table account_totp (
    account_id    uuid        not null,
    secret_sealed bytea       not null,
    last_step     bigint      not null default 0,
    created_at    timestamptz not null,
    confirmed_at  timestamptz,
    usable_from   timestamptz, -- later than confirmed_at after a recovery (S-55)
    last_used_at  timestamptz,
    constraint account_totp_pkey primary key (account_id),
    constraint account_totp_account foreign key (account_id) references accounts (id) on delete cascade,
    constraint account_totp_usable check ((confirmed_at is null) = (usable_from is null))
);

create table account_passkeys (
    id            uuid        not null,
    account_id    uuid        not null,
    credential_id bytea       not null,
    credential    jsonb       not null, -- public key, flags and transports (WebAuthn's credential record)
    sign_count    bigint      not null,
    label_sealed  bytea       not null,
    created_at    timestamptz not null,
    usable_from   timestamptz not null,
    last_used_at  timestamptz,
    constraint account_passkeys_pkey primary key (id),
    constraint account_passkeys_credential_key unique (credential_id),
    constraint account_passkeys_account foreign key (account_id) references accounts (id) on delete cascade
);
create index account_passkeys_account on account_passkeys (account_id);

-- Ten codes on paper. Those of one list share a salt, so that one hash judges a code.
create table account_saved_codes (
    account_id  uuid        not null,
    n           smallint    not null,
    code_sealed bytea       not null,
    made_at     timestamptz not null,
    used_at     timestamptz,
    constraint account_saved_codes_pkey primary key (account_id, n),
    constraint account_saved_codes_account foreign key (account_id) references accounts (id) on delete cascade
);

-- Wrong codes of one factor: in a row, and since the window began (S-16).
create table factor_throttles (
    account_id      uuid        not null,
    factor          text        not null,
    failures        integer     not null,
    window_began_at timestamptz not null,
    window_failures integer     not null,
    locked_until    timestamptz,
    last_failed_at  timestamptz not null,
    constraint factor_throttles_pkey primary key (account_id, factor),
    constraint factor_throttles_account foreign key (account_id) references accounts (id) on delete cascade,
    constraint factor_throttles_factor check (factor in ('totp', 'saved_codes')),
    constraint factor_throttles_failures check (failures > 0)
);

-- What a browser's passkey was asked; found by the digest of the challenge, used once.
create table passkey_ceremonies (
    digest     bytea       not null,
    browser    bytea       not null,
    kind       text        not null,
    account_id uuid, -- null where any account's key will do
    state      jsonb       not null,
    expires_at timestamptz not null,
    constraint passkey_ceremonies_pkey primary key (digest),
    constraint passkey_ceremonies_digest check (octet_length(digest) = 32),
    constraint passkey_ceremonies_kind check (kind in ('create', 'get'))
);
create index passkey_ceremonies_expires on passkey_ceremonies (expires_at);

-- Sign-ins and step-ups whose second step is still to come: a handle that opens nothing else (S-18).
create table pending_sign_ins (
    digest     bytea       not null,
    browser    bytea       not null,
    account_id uuid        not null,
    amr        text[]      not null,
    sid        text        not null default '', -- the session to step up; '' for a sign-in
    return_to  text        not null default '',
    tries      integer     not null default 0,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint pending_sign_ins_pkey primary key (digest),
    constraint pending_sign_ins_digest check (octet_length(digest) = 32),
    constraint pending_sign_ins_account foreign key (account_id) references accounts (id) on delete cascade
);
create index pending_sign_ins_expires on pending_sign_ins (expires_at);
