-- +goose Up
-- The token that a session had before it was renewed, and when: the second of two presses still carries it. And when the
-- password was changed in it.
alter table sessions
    add column former_digest       bytea,
    add column renewed_at          timestamptz,
    add column password_changed_at timestamptz;

-- +goose Down
alter table sessions
    drop column former_digest,
    drop column renewed_at,
    drop column password_changed_at;
