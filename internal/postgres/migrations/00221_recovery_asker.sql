-- +goose Up
-- Who asks for the codes of a recovery: digest of a known browser, or of a source. Each has a count of its own (S-14).
alter table recoveries add column asker text not null default '';
