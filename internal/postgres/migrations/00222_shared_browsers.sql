-- +goose Up
-- Whoever left for a while does not find number and birth date in the fields: another may sit at the browser by now.
alter table registrations add column veiled boolean not null default false;
-- What a browser has begun and not finished ends with the next sign-in there.
create index registrations_browser on registrations (browser) where finished_at is null;
create index recoveries_browser on recoveries (browser) where step not in ('done', 'ended');
create index pending_sign_ins_browser on pending_sign_ins (browser);
