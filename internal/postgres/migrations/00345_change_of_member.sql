-- +goose Up
-- An account that stands on another person's row of the roster is tied to its own by the desk, held for a day like the other
-- changes. member_id: that row.
alter table held_changes drop constraint held_changes_act;
alter table held_changes add constraint held_changes_act check (act in ('change_email', 'reset_factor', 'reset_question', 'change_member'));
alter table held_changes add column member_id uuid;
update settings set oldest_program = greatest(oldest_program, 340); -- the check is wider than before
