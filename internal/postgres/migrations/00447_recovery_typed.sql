-- +goose Up
-- The username that a recovery was begun with, as typed, for the pages of whoever typed it; name_sealed goes once it is looked up.
alter table recoveries add column typed_sealed bytea;
