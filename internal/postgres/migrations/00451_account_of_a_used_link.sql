-- +goose Up
-- Whose account a link protected, which the page that confirms it names. Null: an older instance used it.
alter table used_disown_links add column account_id uuid;

-- +goose Down
alter table used_disown_links drop column account_id;
