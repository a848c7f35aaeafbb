-- Roles and database of the service (S-79). Once for a cluster, by psql, as a superuser or a role that may create both:
--
--   IDP_OWNER_PASSWORD_FILE=… IDP_SERVER_PASSWORD_FILE=… psql --dbname=postgres --file=deploy/roles.sql
--
-- idp_owner    owns the schema: the login of `idp migrate`, and of nothing else
-- idp_app      what the service may do, granted by each `idp migrate`; nobody logs in as it
-- idp_server   the login of `idp serve` and of all other commands
\set ON_ERROR_STOP on
\set owner_password `cat "$IDP_OWNER_PASSWORD_FILE"`
\set server_password `cat "$IDP_SERVER_PASSWORD_FILE"`
create role idp_owner login password :'owner_password';
create role idp_app nologin;
create role idp_server login password :'server_password' in role idp_app;
-- A pooler refuses or drops the time-outs that idp serve asks for when it connects; those of the role come through it.
alter role idp_server set statement_timeout = '3s';
alter role idp_server set lock_timeout = '600ms';
alter role idp_server set idle_in_transaction_session_timeout = '5s';
create database idp owner idp_owner;
revoke all on database idp from public;
grant connect, temporary on database idp to idp_app;
