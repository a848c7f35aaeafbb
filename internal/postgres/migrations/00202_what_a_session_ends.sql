-- +goose Up
-- What the end of a session takes with it of all that was issued in it: what lasts no longer than the member is
-- there, or all. Null for a session that is open, expired, or gave way to another of the same member.
alter table sessions add column voids text constraint sessions_voids_check check (voids in ('online', 'all'));

-- For the provider, which judges grants by it.
create view session_ends as
	select sid, account_id, ended_at, voids from sessions where ended_at is not null and voids is not null;
