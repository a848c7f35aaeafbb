-- +goose Up
-- The last sign-in by the password alone on a device that was not known: a factor enrolled soon after it waits (S-55).
alter table accounts add column new_device_at timestamptz;
