-- +goose Up
-- The settings with which a file was read: the same file with others says something else. Null: nobody recorded them.
alter table roster_imports add column if not exists read_as text;

-- +goose Down
alter table roster_imports drop column read_as;
