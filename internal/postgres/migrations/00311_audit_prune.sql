-- +goose Up
-- The application's role has no right to delete from the record (S-79). Retention runs as the owner, and never takes a row
-- that is younger than a year, whoever asks: the least that IDP_AUDIT_RETENTION may be.
-- +goose StatementBegin
create function audit_prune(before timestamptz, most integer) returns bigint
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    anchor bigint;
    pruned bigint;
begin
    if before > clock_timestamp() - interval '365 days' then
        raise exception 'audit rows are kept for a year at the least' using errcode = 'insufficient_privilege';
    end if;
    with oldest as (
        select c.position, e.at from audit_chain c join audit_events e on e.id = c.event_id order by c.position limit most
    )
    select coalesce((select o.position - 1 from oldest o where o.at >= before order by o.position limit 1), (select max(o.position) from oldest o))
        into anchor;
    if anchor is null then
        return 0;
    end if;
    perform set_config('idp.audit_retention', before::text, true);
    delete from audit_events where id in (select c.event_id from audit_chain c where c.position <= anchor);
    get diagnostics pruned = row_count;
    delete from audit_chain where position < anchor;
    perform set_config('idp.audit_retention', '', true);
    return pruned;
end
$$;
-- +goose StatementEnd
revoke execute on function audit_prune(timestamptz, integer) from public;
