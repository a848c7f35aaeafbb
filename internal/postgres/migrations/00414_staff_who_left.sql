-- +goose Up
update settings set oldest_program = greatest(oldest_program, 340); -- the check is wider than before
-- A request ends when its asker may no longer ask for it, and does not come back with the role.
alter table desk_requests drop constraint desk_requests_decision;
alter table desk_requests add constraint desk_requests_decision
    check (decision in ('approved', 'refused') and decided_by <> asked_by or decision in ('withdrawn', 'ended') and decided_by = asked_by);
alter table staff add column asked_ended boolean not null default false; -- likewise what was asked for a colleague
-- When somebody left. The row stays for the book, without roles.
alter table staff add column removed_at timestamptz;
