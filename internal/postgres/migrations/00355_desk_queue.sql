-- +goose Up
-- What waits for the support desk, as its queue reads it: numbers that members were told, and changes on hold. Not in it: the
-- closing of an account, which its member asked for and takes back alone.
create view support_matters as
    select r.reference as matter, r.reason as need, r.created_at as since, r.created_at + interval '24 hours' as due_at, r.language,
        null::uuid as account_id
    from support_references r
    union all
    select h.id::text, h.act, h.asked_at, h.apply_at, '', h.account_id
    from held_changes h where h.state = 'held' and h.act <> 'close_account';

-- Who of the desk helps with it. A matter that nobody took has no row.
create table desk_cases (
    matter   text        not null, -- of support_matters
    since    timestamptz not null,
    state    text        not null,
    staff_id uuid        not null, -- who took it, handed it over or finished it
    at       timestamptz not null, -- of that
    taken_at timestamptz not null, -- the first time
    version  integer     not null default 1,
    constraint desk_cases_pkey primary key (matter),
    constraint desk_cases_state check (state in ('taken', 'handed_over', 'done'))
);
create index desk_cases_since on desk_cases (since);

create table desk_notes (
    id        uuid        not null,
    matter    text        not null,
    staff_id  uuid        not null,
    at        timestamptz not null,
    note_sealed bytea     not null, -- typed by a person
    constraint desk_notes_pkey primary key (id)
);
create index desk_notes_matter on desk_notes (matter, at);
create index desk_notes_at on desk_notes (at);
