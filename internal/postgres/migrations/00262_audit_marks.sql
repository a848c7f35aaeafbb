-- +goose Up
-- The newest mark of a secret is read at each use of it: few events of an account have one.
create index audit_events_marks on audit_events (account_id, at desc, id desc) where data ?| array['mark_password', 'mark_answer', 'mark_totp'];
