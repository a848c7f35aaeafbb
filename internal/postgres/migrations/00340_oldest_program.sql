-- +goose Up
-- Which programs may run on this schema (R-14): those that bring along the migration of this number. CONTRIBUTING.md says when
-- a migration raises it.
alter table settings add column oldest_program bigint not null default 340;
