-- +goose Up
-- What a file said, whatever its form and the order of its rows; null of files before, and of X12, which says when it was made.
alter table roster_imports add column if not exists rows_digest bytea;

-- +goose Down
alter table roster_imports drop column rows_digest;
