-- +goose NO TRANSACTION
-- +goose Up
set lock_timeout = '15min'; -- it waits for every transaction that runs, and holds nobody up meanwhile
create index concurrently if not exists audit_events_alerts on audit_events (at)
    where kind in ('grant.code_replayed', 'grant.refresh_replayed', 'staff.break_glass_used', 'alert.resets_rising', 'alert.mails_late', 'alert.jobs_discarded',
            'alert.audit_broken', 'alert.sealed_value_broken', 'alert.failover_lost_commits')
        or kind = 'account.factor_refused' and reason = 'used' and data @> '{"factor": "totp"}'
        or kind = 'account.password_disabled' and account_id is not null
        or kind = 'staff.denied' and reason = 'limit';
reset lock_timeout;

-- +goose Down
drop index concurrently if exists audit_events_alerts;
