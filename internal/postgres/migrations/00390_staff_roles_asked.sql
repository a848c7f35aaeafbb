-- +goose Up
update settings set oldest_program = greatest(oldest_program, 340); -- the check is wider than before, and the other is on new columns
-- Roles that one administrator asked for and another one has to confirm. A new person has none until then.
alter table staff add column asked_roles text[];
alter table staff add column asked_by uuid;
alter table staff add column asked_at timestamptz;
alter table staff drop constraint staff_roles;
alter table staff add constraint staff_roles check (roles <@ array['read', 'recover', 'approve', 'admin', 'audit']
    and (cardinality(roles) > 0 or asked_roles is not null));
alter table staff add constraint staff_asked check (
    (asked_roles is null) = (asked_by is null) and (asked_roles is null) = (asked_at is null) and asked_by <> account_id
    and cardinality(asked_roles) > 0 and asked_roles <@ array['read', 'recover', 'approve', 'admin', 'audit']);
