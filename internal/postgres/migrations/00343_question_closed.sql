-- +goose Up
-- Why recovery does not ask a secret question until the desk opens it or its member sets another: a change of it was denied, and
-- the former answer counts ('denied') or there is none ('empty'). Whoever denied it may have read the mailbox.
alter table account_questions add column closed text constraint account_questions_closed check (closed in ('denied', 'empty'));
-- Whether the link closed it, for the second press.
alter table used_disown_links add column question_closed boolean not null default false;
