-- +goose Up
-- Whose password was given for a pending request, while their second step was still to come: another person's session in the
-- same browser does not answer it unasked.
alter table interactions add column held_for uuid;
