-- +goose Up
-- Whether the member has proven the address: one that support has set counts once its owner answered the mail to it.
alter table accounts add column email_proven boolean not null default true;
update accounts a set email_proven = false from held_changes c
where c.account_id = a.id and c.act = 'change_email' and c.state = 'applied' and c.asked_by <> '';
