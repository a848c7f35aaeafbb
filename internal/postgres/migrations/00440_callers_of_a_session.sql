-- +goose Up
-- The session of the desk in which a caller was verified, and the only one in which it counts; null for none that is known.
alter table caller_verifications add column session text;
-- When a failed check of the same caller ended it.
alter table caller_verifications add column ended_at timestamptz;
-- What a session of the console keeps when its person gives a new proof, and the sign-in that asks for that proof.
alter table console_sessions add column visit uuid not null default gen_random_uuid();
alter table console_sign_ins add column visit uuid;
