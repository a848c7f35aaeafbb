-- +goose NO TRANSACTION
-- +goose Up
set lock_timeout = '15min'; -- it waits for every transaction that runs, and holds nobody up meanwhile
create index concurrently if not exists accounts_tell_apps on accounts (id) where tell_apps;
reset lock_timeout;

-- +goose Down
drop index concurrently if exists accounts_tell_apps;
