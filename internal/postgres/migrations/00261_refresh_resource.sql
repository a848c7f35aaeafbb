-- +goose Up
-- Which resource a refresh was for: a repeated use that names another one is no repetition.
-- Null: the release before made it, and any will do.
alter table refresh_tokens add column resource text;
