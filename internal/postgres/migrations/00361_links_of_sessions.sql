-- +goose Up
-- A link "this wasn't me" of the history belongs to a session and its browser, and dies with the session; null: of a mail.
alter table disown_links add column sid text;
alter table disown_links add column browser bytea;

-- +goose Down
alter table disown_links drop column sid, drop column browser;
