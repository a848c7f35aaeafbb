-- +goose Up
-- A member number that went to another person leaves the row of the former one, whose account must not become theirs.
ALTER TABLE members ADD COLUMN replaced_at timestamptz;

ALTER TABLE roster_imports
    ADD COLUMN held            integer NOT NULL DEFAULT 0,
    ADD COLUMN merged          integer NOT NULL DEFAULT 0,
    ADD COLUMN cannot_register integer NOT NULL DEFAULT 0;
