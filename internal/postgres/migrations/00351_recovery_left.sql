-- +goose Up
-- Whether a recovery ended because somebody signed in or out in its browser: its page says so to whoever comes back.
ALTER TABLE recoveries ADD COLUMN left_behind boolean NOT NULL DEFAULT false;
