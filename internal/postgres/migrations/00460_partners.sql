-- +goose Up
-- The partner area: organisations that make apps, their people, who sign in by passkey alone, and what they ask for.
create table partner_organisations (
    id         uuid        not null,
    name       text        not null,
    created_at timestamptz not null,
    constraint partner_organisations_pkey primary key (id),
    constraint partner_organisations_name check (name <> '')
);
create table partner_people (
    id              uuid        not null,
    organisation_id uuid        not null,
    email_index     bytea       not null,
    email_sealed    bytea       not null,
    language        text        not null,
    created_at      timestamptz not null,
    removed_at      timestamptz,
    constraint partner_people_pkey primary key (id),
    constraint partner_people_organisation_fkey foreign key (organisation_id) references partner_organisations
);
create unique index partner_people_email_key on partner_people (email_index) where removed_at is null;
create index partner_people_organisation on partner_people (organisation_id);
create table partner_passkeys (
    credential_id bytea       not null,
    person_id     uuid        not null,
    credential    jsonb       not null,
    sign_count    bigint      not null,
    created_at    timestamptz not null,
    constraint partner_passkeys_pkey primary key (credential_id),
    constraint partner_passkeys_person_fkey foreign key (person_id) references partner_people on delete cascade
);
create index partner_passkeys_person on partner_passkeys (person_id);
create table partner_links (
    digest          bytea       not null,
    email_index     bytea       not null,
    email_sealed    bytea       not null,
    organisation_id uuid, -- of an invitation
    created_at      timestamptz not null,
    expires_at      timestamptz not null,
    used_at         timestamptz,
    constraint partner_links_pkey primary key (digest),
    constraint partner_links_organisation_fkey foreign key (organisation_id) references partner_organisations on delete cascade
);
create index partner_links_email on partner_links (email_index);
create index partner_links_organisation on partner_links (organisation_id) where organisation_id is not null;
create index partner_links_expires on partner_links (expires_at);
create table partner_ceremonies (
    digest     bytea       not null,
    browser    bytea       not null,
    link       bytea, -- null for a sign-in
    state      jsonb       not null,
    expires_at timestamptz not null,
    constraint partner_ceremonies_pkey primary key (digest)
);
create index partner_ceremonies_expires on partner_ceremonies (expires_at);
create table partner_sessions (
    digest       bytea       not null,
    id           uuid        not null,
    person_id    uuid        not null,
    last_seen_at timestamptz not null,
    expires_at   timestamptz not null,
    draft        bytea, -- a form that was sent too late
    constraint partner_sessions_pkey primary key (digest),
    constraint partner_sessions_person_fkey foreign key (person_id) references partner_people on delete cascade
);
create index partner_sessions_person on partner_sessions (person_id);
create index partner_sessions_expires on partner_sessions (expires_at);
create table partner_applications (
    id              uuid        not null,
    organisation_id uuid        not null,
    state           text        not null,
    version         integer     not null default 1,
    form_sealed     bytea       not null,
    created_at      timestamptz not null,
    changed_at      timestamptz not null,
    sent_at         timestamptz,
    taken_by        uuid,
    decided_by      uuid,
    decided_at      timestamptz,
    constraint partner_applications_pkey primary key (id),
    constraint partner_applications_organisation_fkey foreign key (organisation_id) references partner_organisations,
    constraint partner_applications_state check (state in ('draft', 'sent', 'taken', 'approved', 'refused'))
);
create index partner_applications_organisation on partner_applications (organisation_id);
create index partner_applications_changed on partner_applications (changed_at) where state = 'draft';
create table partner_clients (
    client_id       text        not null,
    organisation_id uuid        not null,
    application_id  uuid        not null,
    kind            text        not null,
    secrets         integer     not null default 0, -- how many were made
    created_at      timestamptz not null,
    constraint partner_clients_pkey primary key (client_id),
    constraint partner_clients_kind_key unique (application_id, kind),
    constraint partner_clients_kind check (kind in ('sandbox', 'production')),
    constraint partner_clients_organisation_fkey foreign key (organisation_id) references partner_organisations,
    constraint partner_clients_application_fkey foreign key (application_id) references partner_applications,
    constraint partner_clients_client_fkey foreign key (client_id) references clients
);
create index partner_clients_organisation on partner_clients (organisation_id);

-- +goose Down
drop table partner_clients, partner_applications, partner_sessions, partner_ceremonies, partner_links, partner_passkeys, partner_people, partner_organisations;
