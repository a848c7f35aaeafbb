-- +goose Up
-- Since when a data key is in its state: instances learn of a change within a minute, so the next step waits for that.
alter table data_keys add column since timestamptz not null default now();
