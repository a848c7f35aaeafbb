-- +goose NO TRANSACTION
-- +goose Up
set lock_timeout = '15min'; -- it waits for every transaction that runs, and holds nobody up meanwhile
create index concurrently if not exists consents_client on consents (client_id) where revoked_at is null;
reset lock_timeout;

-- +goose Down
drop index concurrently if exists consents_client;
