-- +goose Up
-- The value that was judged last and refused, as a keyed digest bound to its row: the same again costs no second try.
alter table registrations
    add column refused       bytea,
    add column matched_at    timestamptz, -- of the first match
    add column slow_until    timestamptz; -- set: its source has no room left, and the next card is looked at then
alter table recoveries add column refused bytea;
alter table pending_sign_ins add column refused bytea;
alter table email_proofs add column refused bytea;
alter table caller_verifications add column refused bytea;
alter table sign_in_throttles add column refused bytea; -- with the browser that sent it
-- Cards of a source that matched: a carrier's address stands for many people.
alter table identity_guards add column successes integer not null default 0;

