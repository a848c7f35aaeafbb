-- What the role idp_app may do (S-79): read and write rows; nothing that alters the schema, and nothing that changes what
-- stands in the record. It owns nothing and cannot log in; the server's login is a member of it (deploy/roles.sql). Each
-- `idp migrate` applies this in one transaction, so that a new table is covered at once.
revoke create on schema public from public;
grant usage on schema public to idp_app;
revoke all on all tables in schema public from idp_app;
grant select, insert, update, delete on all tables in schema public to idp_app;
grant usage, select on all sequences in schema public to idp_app;

-- the record takes inserts; what is old enough goes by audit_prune, which runs as its owner
revoke update, delete on audit_events, audit_chain, audit_checkpoints from idp_app;
revoke update on audit_unsealed, desk_entries from idp_app;
grant update (reason_sealed) on desk_entries to idp_app; -- sealed anew with a new data key
grant execute on function audit_prune(timestamptz, integer) to idp_app;

revoke insert, update, delete on goose_db_version, river_migration from idp_app;
