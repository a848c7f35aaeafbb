-- +goose NO TRANSACTION
-- +goose Up
alter table accounts
    add column if not exists imported_at     timestamptz, -- from another system
    add column if not exists settle_proven_at timestamptz, -- its member has shown that the address is theirs
    add column if not exists settled_at      timestamptz, -- its member has given what registration would have asked for
    add column if not exists password_scheme text,        -- of a hash that the other system made, until the first sign-in
    add column if not exists password_due    boolean not null default false; -- the other system's password breaks the rules
set lock_timeout = '15min'; -- it waits for every transaction that runs, and holds nobody up meanwhile
create index concurrently if not exists accounts_password_scheme on accounts (password_scheme, imported_at) where password_scheme is not null;
reset lock_timeout;

-- +goose Down
drop index concurrently if exists accounts_password_scheme;
alter table accounts drop column imported_at, drop column settle_proven_at, drop column settled_at, drop column password_scheme, drop column password_due;
