-- +goose Up
-- The link of the first notice undoes a change that was made before somebody opened it.
alter table held_changes add column first_link bytea;
