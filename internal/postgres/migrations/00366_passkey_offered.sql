-- +goose Up
-- When a sign-in offered a passkey to an account that has none: it is done once.
alter table accounts add column passkey_offered_at timestamptz;
