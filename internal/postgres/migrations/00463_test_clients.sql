-- +goose Up
update settings set oldest_program = greatest(oldest_program, 340); -- no release has written the former word
-- A client of this issuer to try a sign-in with is a test client; a sandbox is another service.
alter table partner_clients drop constraint partner_clients_kind;
update partner_clients set kind = 'test' where kind = 'sandbox';
alter table partner_clients add constraint partner_clients_kind check (kind in ('test', 'production'));
