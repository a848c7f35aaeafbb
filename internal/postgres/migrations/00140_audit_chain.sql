-- +goose Up
-- Rows that are written and not yet in the chain; the sealer empties it.
create table audit_unsealed (
    event_id uuid not null,
    constraint audit_unsealed_pkey primary key (event_id)
);
insert into audit_unsealed (event_id) select id from audit_events;

-- The chain: each seal is a MAC over the one before it and the row (S-72).
create table audit_chain (
    position bigint not null,
    event_id uuid   not null,
    seal     bytea  not null,
    constraint audit_chain_pkey primary key (position),
    constraint audit_chain_event_key unique (event_id),
    constraint audit_chain_seal check (octet_length(seal) = 32)
);

-- What the end of the chain was, hour by hour, signed; copies go to the log.
create table audit_checkpoints (
    position bigint      not null,
    at       timestamptz not null,
    signed   text        not null,
    constraint audit_checkpoints_pkey primary key (position)
);

-- Rows go only when they are older than the moment that retention names for its transaction (S-73). The chain loses its
-- oldest links with them and keeps the last as its anchor.
-- +goose StatementBegin
create function audit_retained() returns trigger language plpgsql as $$
begin
    if old.at < nullif(current_setting('idp.audit_retention', true), '')::timestamptz then
        return old;
    end if;
    raise exception 'audit_events takes inserts only' using errcode = 'insufficient_privilege';
end
$$;
create function audit_chain_append_only() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and nullif(current_setting('idp.audit_retention', true), '') is not null then
        return null;
    end if;
    raise exception '% takes inserts only', tg_table_name using errcode = 'insufficient_privilege';
end
$$;
-- +goose StatementEnd
drop trigger audit_events_append_only on audit_events;
create trigger audit_events_append_only before update or truncate on audit_events
    for each statement execute function audit_events_append_only();
create trigger audit_events_retained before delete on audit_events for each row execute function audit_retained();
create trigger audit_chain_append_only before update or delete or truncate on audit_chain
    for each statement execute function audit_chain_append_only();
create trigger audit_checkpoints_append_only before update or delete or truncate on audit_checkpoints
    for each statement execute function audit_chain_append_only();

-- exports and retention read in this order
create index audit_events_order on audit_events (at, id);
drop index audit_events_at;
