-- +goose Up
-- Whether commits waited for a standby when the beat was last advanced: only then has a failover surely lost nothing.
alter table settings add column synchronous boolean not null default false;
