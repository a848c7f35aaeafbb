-- +goose Up
-- Clients of partners at a sandbox. A row without a client_id is one that is being registered.
create table partner_sandbox_clients (
    application_id uuid        not null,
    issuer         text        not null,
    asked_at       timestamptz not null,
    client_id      text,
    sealed         bytea, -- address and token of its registration (RFC 7592)
    registered_as  bytea, -- digest of what it is registered with
    created_at     timestamptz,
    constraint partner_sandbox_clients_pkey primary key (application_id),
    constraint partner_sandbox_clients_application_fkey foreign key (application_id) references partner_applications on delete cascade,
    constraint partner_sandbox_clients_made check (num_nulls(client_id, sealed, registered_as, created_at) in (0, 4))
);

-- +goose Down
drop table partner_sandbox_clients;
