-- +goose Up
-- The session that added a passkey; '' for those of before, and of an older instance. It may add one and change the password.
alter table account_passkeys add column sid text not null default '';

-- +goose Down
alter table account_passkeys drop column sid;
