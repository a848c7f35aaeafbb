-- +goose Up
-- The events that are alerts (package audit's alert.go), for who reads them at the desk. The index of the next migration has the same
-- condition.
create view alert_events as
    select id, at, kind, reason, account_id, client_id, actor from audit_events
    where kind in ('grant.code_replayed', 'grant.refresh_replayed', 'staff.break_glass_used', 'alert.resets_rising', 'alert.mails_late', 'alert.jobs_discarded',
            'alert.audit_broken', 'alert.sealed_value_broken', 'alert.failover_lost_commits')
        or kind = 'account.factor_refused' and reason = 'used' and data @> '{"factor": "totp"}'
        or kind = 'account.password_disabled' and account_id is not null
        or kind = 'staff.denied' and reason = 'limit';

-- Who of the desk saw an alert, or handled it.
create table desk_alerts (
    event_id uuid        not null, -- of audit_events
    state    text        not null,
    staff_id uuid        not null,
    at       timestamptz not null,
    constraint desk_alerts_pkey primary key (event_id),
    constraint desk_alerts_state check (state in ('seen', 'handled'))
);
create index desk_alerts_at on desk_alerts (at);
