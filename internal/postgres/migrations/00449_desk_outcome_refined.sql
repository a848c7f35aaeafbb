-- +goose Up
-- The outcome in a finer word than the release before can show: outcome has its own word then. Null: outcome says it.
alter table desk_entries add column if not exists refined text;

-- +goose Down
alter table desk_entries drop column refined;
