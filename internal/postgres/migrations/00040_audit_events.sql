-- +goose Up
create table audit_events (
    id         uuid        not null,
    at         timestamptz not null,
    kind       text        not null,
    account_id uuid,
    client_id  text        not null default '',
    session_id text        not null default '',
    subject    text        not null default '',
    actor      text        not null default '',
    request_id text        not null default '',
    success    boolean     not null,
    reason     text        not null default '',
    data       jsonb       not null default '{}',
    constraint audit_events_pkey primary key (id),
    constraint audit_events_kind check (kind <> ''),
    constraint audit_events_at check (at > '2000-01-01T00:00:00Z'),
    constraint audit_events_data check (jsonb_typeof(data) = 'object')
);
create index audit_events_account on audit_events (account_id, at desc) where account_id is not null;
create index audit_events_at on audit_events using brin (at);

-- +goose StatementBegin
create function audit_events_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'audit_events takes inserts only' using errcode = 'insufficient_privilege';
end
$$;
-- +goose StatementEnd

create trigger audit_events_append_only before update or delete or truncate on audit_events
    for each statement execute function audit_events_append_only();
