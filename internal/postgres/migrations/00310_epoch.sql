-- +goose Up
-- Which database this is, and how far it has come: what a restored or copied one is known by (R-15). Null until the first
-- start of a server.
alter table settings
    add column raised_at         timestamptz, -- when the epoch was raised last; what was issued before is void
    add column system_identifier bigint,      -- of the cluster, made by initdb
    add column database_oid      bigint,
    add column timeline          bigint,
    add column beat_at           timestamptz, -- only grows: each server moves it on every few seconds, and remembers it
    add column doubt             text;        -- why no server may start; the raised epoch ends it
