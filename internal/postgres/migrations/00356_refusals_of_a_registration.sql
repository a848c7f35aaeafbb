-- +goose NO TRANSACTION
-- +goose Up
-- When a registration was refused is shown on the page of its reference number.
set lock_timeout = '15min';
create index concurrently if not exists audit_events_refusals on audit_events (subject, at) where kind = 'registration.identity_refused';
reset lock_timeout;
