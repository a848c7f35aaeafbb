-- +goose Up
-- The keyed digest of last name, first name and birth date, by which a person is found without a number. Null: not known yet;
-- the next roster import fills it in.
alter table members add column identity_mac bytea constraint members_identity_mac_size check (octet_length(identity_mac) = 32);

-- +goose Down
alter table members drop column identity_mac;
