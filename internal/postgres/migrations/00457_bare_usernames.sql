-- +goose NO TRANSACTION
-- +goose Up
-- A new username that differs from another by accents alone is taken.
set lock_timeout = '15min'; -- it waits for every transaction that runs, and holds nobody up meanwhile
create index concurrently if not exists accounts_username_bare on accounts (regexp_replace(normalize(username, NFD), '[\u0300-\u036f]', '', 'g'));
reset lock_timeout;

-- +goose Down
drop index concurrently if exists accounts_username_bare;
