-- +goose Up
-- What a member marked last on the consent page of a pending request, and who it was: it comes back to nobody else, after a sign-in or a
-- proof that was asked for in between.
alter table interactions add column chosen_by uuid;
alter table interactions add column choice text;
