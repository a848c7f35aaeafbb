-- +goose Up
-- A secret question that its member cannot answer is taken away by the desk, held for a day like the other changes. A change
-- that its owner asked for in person is stopped by telephone, not by a link: whoever reads the old mailbox would stop it for ever.
alter table held_changes drop constraint held_changes_act;
alter table held_changes add constraint held_changes_act check (act in ('change_email', 'reset_factor', 'reset_question'));
alter table held_changes add column in_person boolean not null default false;
