-- +goose Up
-- How many members lost the coverage of the day by a file, so that several files in a row count together.
alter table roster_imports add column if not exists lapsing integer not null default 0;

-- +goose Down
alter table roster_imports drop column lapsing;
