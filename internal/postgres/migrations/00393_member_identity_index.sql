-- +goose NO TRANSACTION
-- +goose Up
set lock_timeout = '15min'; -- it waits for every transaction that runs, and holds nobody up meanwhile
create index concurrently if not exists members_identity on members (identity_mac);
reset lock_timeout;

-- +goose Down
drop index concurrently if exists members_identity;
