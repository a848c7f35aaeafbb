-- +goose NO TRANSACTION
-- +goose Up
alter table sessions add column if not exists tell_apps boolean not null default false; -- it has ended, and its apps were not yet notified
set lock_timeout = '15min'; -- it waits for every transaction that runs, and holds nobody up meanwhile
create index concurrently if not exists sessions_tell_apps on sessions (ended_at) where tell_apps;
reset lock_timeout;

-- +goose Down
drop index concurrently if exists sessions_tell_apps;
alter table sessions drop column tell_apps;
