-- +goose Up
update settings set oldest_program = greatest(oldest_program, 340); -- the checks are wider than before
-- The role of the desk that reviews apps of partners.
alter table staff drop constraint staff_roles;
alter table staff add constraint staff_roles check (roles <@ array['read', 'recover', 'approve', 'admin', 'audit', 'partners']
    and (cardinality(roles) > 0 or asked_roles is not null or had_roles));
alter table staff drop constraint staff_asked;
alter table staff add constraint staff_asked check (
    (asked_roles is null) = (asked_by is null) and (asked_roles is null) = (asked_at is null) and asked_by <> account_id
    and cardinality(asked_roles) > 0 and asked_roles <@ array['read', 'recover', 'approve', 'admin', 'audit', 'partners']);
