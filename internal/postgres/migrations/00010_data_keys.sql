-- +goose Up
CREATE TABLE data_keys (
    purpose    text        NOT NULL,
    version    integer     NOT NULL,
    state      text        NOT NULL,
    kek_id     text        NOT NULL,
    wrapped    bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT data_keys_pkey PRIMARY KEY (purpose, version),
    CONSTRAINT data_keys_version_range CHECK (version BETWEEN 1 AND 65535),
    CONSTRAINT data_keys_state_known CHECK (state IN ('next', 'writing', 'readable'))
);

CREATE UNIQUE INDEX data_keys_one_writing ON data_keys (purpose) WHERE state = 'writing';
CREATE UNIQUE INDEX data_keys_one_next ON data_keys (purpose) WHERE state = 'next';
