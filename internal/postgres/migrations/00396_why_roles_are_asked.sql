-- +goose Up
update settings set oldest_program = greatest(oldest_program, 340); -- the check is wider than before
-- Why roles were asked for, as the administrator who confirms them reads it; and whether a person without roles had any before.
alter table staff add column asked_reason_sealed bytea;
alter table staff add column asked_ticket text not null default '';
alter table staff add column had_roles boolean not null default false;
alter table staff drop constraint staff_roles;
alter table staff add constraint staff_roles check (roles <@ array['read', 'recover', 'approve', 'admin', 'audit']
    and (cardinality(roles) > 0 or asked_roles is not null or had_roles));
