-- +goose NO TRANSACTION
-- +goose Up
alter table accounts
    add column if not exists closes_at timestamptz, -- its member is closing it, unless they sign in before
    add column if not exists closed_at timestamptz; -- it is closed, and opens no more
set lock_timeout = '15min'; -- it waits for every transaction that runs, and holds nobody up meanwhile
create index concurrently if not exists accounts_closed on accounts (closed_at) where closed_at is not null and username not like '~%';
reset lock_timeout;

-- +goose Down
drop index concurrently if exists accounts_closed;
alter table accounts drop column closes_at, drop column closed_at;
