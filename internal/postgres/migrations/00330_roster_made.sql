-- +goose Up
-- When the sender made the newest part of a file, by the sender's clock read as UTC; null where the file does not say.
ALTER TABLE roster_imports ADD COLUMN made_at timestamptz;
