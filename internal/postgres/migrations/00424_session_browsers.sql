-- +goose Up
-- The browser that a session was opened in, as a digest of its cookie and the account: it tells a form that was sent again
-- from another browser, and not which accounts share one.
alter table sessions add column opened_in bytea;

-- +goose Down
alter table sessions drop column opened_in;
