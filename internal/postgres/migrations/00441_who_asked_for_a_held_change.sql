-- +goose Up
-- Who of the desk asked for a change on hold does not look after its case.
create or replace view support_matters as
    select r.reference as matter, r.reason as need, r.created_at as since, r.created_at + interval '24 hours' as due_at, r.language,
        null::uuid as account_id, '' as asked_by
    from support_references r
    union all
    select h.id::text, h.act, h.asked_at, h.apply_at, '', h.account_id, h.asked_by
    from held_changes h where h.state = 'held' and h.act <> 'close_account';
