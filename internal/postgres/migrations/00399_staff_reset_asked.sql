-- +goose Up
-- What waits for another administrator is to remove the person's two-step verification; the roles asked for are those that they have.
alter table staff add column asked_reset boolean not null default false;
