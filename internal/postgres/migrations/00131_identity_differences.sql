-- +goose Up
-- Which fields of a refused card differ from the roster: names alone, for support.
alter table registrations add column differs text[] not null default '{}';
