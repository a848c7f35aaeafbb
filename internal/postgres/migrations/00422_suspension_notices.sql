-- +goose Up
-- When the member was notified that the app was suspended, the last time it was.
alter table consents add column suspension_noticed_at timestamptz;
