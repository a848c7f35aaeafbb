-- +goose Up
-- Clients that registered themselves (RFC 7591) manage their registration with a token of
-- their own (RFC 7592), kept as a keyed digest.
alter table clients add column registration_mac bytea;
