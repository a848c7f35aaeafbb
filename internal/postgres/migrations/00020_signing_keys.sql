-- +goose Up
CREATE TABLE signing_keys (
    kid             text        NOT NULL,
    alg             text        NOT NULL,
    state           text        NOT NULL,
    not_before      timestamptz NOT NULL,
    published_until timestamptz,
    created_at      timestamptz NOT NULL,
    sealed          bytea,
    CONSTRAINT signing_keys_pkey PRIMARY KEY (kid),
    CONSTRAINT signing_keys_state_known CHECK (state IN ('next', 'active', 'retiring', 'revoked')),
    CONSTRAINT signing_keys_retiring_ends CHECK ((state = 'retiring') = (published_until IS NOT NULL)),
    CONSTRAINT signing_keys_revoked_erased CHECK ((state = 'revoked') = (sealed IS NULL))
);

CREATE UNIQUE INDEX signing_keys_one_active ON signing_keys (alg) WHERE state = 'active';
CREATE UNIQUE INDEX signing_keys_one_next ON signing_keys (alg) WHERE state = 'next';
