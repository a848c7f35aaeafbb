-- +goose Up
-- What is begun and not finished belongs to the session that began it: nobody else finds its key or its code.
alter table account_totp add column sid text not null default '';
alter table email_proofs add column sid text not null default '';
-- Usernames that a registration has asked for since an instant: nobody lists those of others (S-52).
alter table registrations add column names_asked integer not null default 0, add column names_since timestamptz;
