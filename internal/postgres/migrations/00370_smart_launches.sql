-- +goose Up
-- Launches of apps by FHIR servers and portals: each may be used for one authorization, within minutes. The handle is stored as a digest.
create table smart_launches (
    handle_hash bytea       not null,
    made_by     text        not null, -- client_id
    client_id   text        not null, -- the app
    member_id   uuid        not null, -- whose record
    audience    text        not null, -- address of the FHIR server
    context     bytea       not null, -- sealed
    expires_at  timestamptz not null,
    used_at     timestamptz,
    used_by     bytea, -- flow_hash of the interaction, if any
    uses        smallint    not null default 0,
    constraint smart_launches_pkey primary key (handle_hash),
    constraint smart_launches_uses_check check (uses <= 1)
);
create index smart_launches_expires on smart_launches (expires_at);
-- What the app was launched with beside the member, sealed.
alter table grants add column launch bytea;
