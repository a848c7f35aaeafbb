-- +goose NO TRANSACTION
-- +goose Up
set lock_timeout = '15min'; -- it waits for every transaction that runs, and holds nobody up meanwhile
create index concurrently if not exists sessions_former_digest on sessions (former_digest) where former_digest is not null;
reset lock_timeout;

-- +goose Down
drop index concurrently if exists sessions_former_digest;
