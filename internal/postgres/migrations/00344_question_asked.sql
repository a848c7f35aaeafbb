-- +goose Up
-- When a sign-in last asked for the secret question that an account lacks.
alter table accounts add column question_asked_at timestamptz;
