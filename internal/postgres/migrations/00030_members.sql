-- +goose Up
CREATE TABLE members (
    id          uuid        NOT NULL,
    number_mac  bytea       NOT NULL,
    content_mac bytea       NOT NULL,
    sealed      bytea       NOT NULL,
    ended_at    timestamptz,
    created_at  timestamptz NOT NULL,
    changed_at  timestamptz NOT NULL,
    CONSTRAINT members_pkey PRIMARY KEY (id),
    CONSTRAINT members_number_unique UNIQUE (number_mac),
    CONSTRAINT members_number_mac_size CHECK (octet_length(number_mac) = 32),
    CONSTRAINT members_content_mac_size CHECK (octet_length(content_mac) = 32)
);

CREATE TABLE roster_imports (
    id          uuid        NOT NULL,
    file_sha256 bytea       NOT NULL,
    file_size   bigint      NOT NULL,
    applied_at  timestamptz NOT NULL,
    added       integer     NOT NULL,
    changed     integer     NOT NULL,
    ended       integer     NOT NULL,
    unchanged   integer     NOT NULL,
    rejected    integer     NOT NULL,
    CONSTRAINT roster_imports_pkey PRIMARY KEY (id),
    CONSTRAINT roster_imports_file_hash_size CHECK (octet_length(file_sha256) = 32)
);

CREATE INDEX roster_imports_applied ON roster_imports (applied_at DESC);
