-- +goose Up
-- A member closes the account: held for days like the other changes, and taken back by signing in.
alter table held_changes drop constraint held_changes_act;
alter table held_changes add constraint held_changes_act check (act in ('change_email', 'reset_factor', 'reset_question', 'change_member', 'close_account'));
update settings set oldest_program = greatest(oldest_program, 340); -- the check is wider than before
