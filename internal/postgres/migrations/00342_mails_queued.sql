-- +goose NO TRANSACTION
-- +goose Up
-- Alerts, metrics and the sweep for mails without a job ask for the few that wait among the many that are done.
set lock_timeout = '15min';
create index concurrently if not exists mails_queued on mails (created_at) where state = 'queued';
reset lock_timeout;
