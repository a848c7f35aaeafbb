-- +goose Up
-- Who asked for a second person's word may withdraw the request; nobody decides the own one in any other way.
alter table desk_requests drop constraint desk_requests_decision;
alter table desk_requests add constraint desk_requests_decision
    check (decision in ('approved', 'refused') and decided_by <> asked_by or decision = 'withdrawn' and decided_by = asked_by);
