-- +goose Up
-- What the owners' sweeps look for.
create index sessions_over on sessions (least(ended_at, expires_at));
drop index sessions_expires; -- nothing asks for the end alone
create index factor_throttles_last on factor_throttles (last_failed_at);
create index account_totp_unproven on account_totp (created_at) where confirmed_at is null;
create index desk_entries_at on desk_entries using brin (at);
create index caller_verifications_created on caller_verifications using brin (created_at);
create index desk_requests_expires on desk_requests (expires_at);
