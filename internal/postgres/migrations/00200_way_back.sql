-- +goose Up
-- The member's no, which the browser carries to the app by a step of its own.
alter table interactions
	add column refusal    text constraint interactions_refusal_check check (refusal in ('login', 'consent', 'factor')),
	add column refused_at timestamptz;

-- The interaction that answered a pushed request: it may answer again, another may not.
alter table par_requests add column used_by bytea;
