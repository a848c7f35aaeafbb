-- +goose NO TRANSACTION
-- +goose Up
set lock_timeout = '15min'; -- it waits for every transaction that runs, and holds nobody up meanwhile
create index concurrently if not exists held_changes_first_link on held_changes (first_link) where first_link is not null;
reset lock_timeout;

-- +goose Down
drop index concurrently if exists held_changes_first_link;
