-- +goose Up
-- When a ceremony was used, and the digest of the answer that proved it: the same browser may send that again for a moment, since
-- the reply may be lost. A used one has expired, so that an older instance does not take it.
alter table passkey_ceremonies add column used_at timestamptz, add column proved bytea;

-- +goose Down
alter table passkey_ceremonies drop column used_at, drop column proved;
