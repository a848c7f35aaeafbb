-- +goose Up
-- One way through "I forgot my password", found by the digest of its cookie. The name typed is sealed until a job has looked
-- whose it is; where it is nobody's, account_id stays empty: such a recovery looks and costs the same, and gets nowhere.
create table recoveries (
    id            uuid        not null,
    token         bytea       not null, -- SHA-256 of the cookie
    browser       bytea       not null, -- digest of the browser cookie that it is bound to
    flow          text        not null default '',
    language      text        not null,
    name_sealed   bytea,
    account_id    uuid,
    step          text        not null,
    code_mac      bytea,
    code_asked_at timestamptz not null,
    code_tries    integer     not null default 0,
    answer_tries  integer     not null default 0,
    factor_tries  integer     not null default 0,
    created_at    timestamptz not null,
    expires_at    timestamptz not null,
    constraint recoveries_pkey primary key (id),
    constraint recoveries_token_key unique (token),
    constraint recoveries_token check (octet_length(token) = 32),
    constraint recoveries_step check (step in ('code', 'question', 'factor', 'password', 'done', 'ended')),
    constraint recoveries_proven check (account_id is not null or step in ('code', 'ended'))
);
create index recoveries_account on recoveries (account_id) where account_id is not null;
create index recoveries_expires on recoveries (expires_at);

-- A code that support has sent; the member types it into whichever recovery of the account is open.
create table recovery_staff_codes (
    account_id uuid        not null,
    code_mac   bytea       not null,
    tries      integer     not null default 0,
    expires_at timestamptz not null,
    constraint recovery_staff_codes_pkey primary key (account_id)
);

-- Cards of those who forgot their username, until a job has looked whose they are.
create table recovery_cards (
    id         uuid        not null,
    sealed     bytea       not null,
    created_at timestamptz not null,
    constraint recovery_cards_pkey primary key (id)
);

-- Changes of an account that wait for their hold to pass, and then, if they can be undone, for that (S-53, S-64).
create table held_changes (
    id          uuid        not null,
    account_id  uuid        not null,
    act         text        not null,
    asked_by    text        not null,
    new_sealed  bytea,
    old_sealed  bytea,
    link        bytea       not null, -- SHA-256 of the token in the notice
    state       text        not null default 'held',
    asked_at    timestamptz not null,
    apply_at    timestamptz not null,
    undo_until  timestamptz,
    decided_at  timestamptz,
    constraint held_changes_pkey primary key (id),
    constraint held_changes_link_key unique (link),
    constraint held_changes_link check (octet_length(link) = 32),
    constraint held_changes_act check (act in ('change_email', 'reset_factor')),
    constraint held_changes_email check ((act = 'change_email') = (new_sealed is not null)),
    constraint held_changes_state check (state in ('held', 'applied', 'stopped', 'undone')),
    constraint held_changes_decided check ((state = 'held') = (decided_at is null))
);
-- one change of a kind at a time
create unique index held_changes_one on held_changes (account_id, act) where state = 'held';
create index held_changes_due on held_changes (apply_at) where state = 'held';
create index held_changes_account on held_changes (account_id, asked_at desc);
