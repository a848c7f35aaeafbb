-- +goose Up
-- Apps of partners that go through the checks (partners/checks): an issuer of its own for each, with throwaway keys, which are sealed.
create table partner_checks (
    id              text        not null,
    organisation_id uuid        not null,
    created_at      timestamptz not null,
    used_at         timestamptz not null,
    run_sealed      bytea       not null,
    constraint partner_checks_pkey primary key (id),
    constraint partner_checks_organisation_fkey foreign key (organisation_id) references partner_organisations (id)
);
create index partner_checks_organisation on partner_checks (organisation_id, created_at);
create index partner_checks_used on partner_checks (used_at);

-- +goose Down
drop table partner_checks;
