-- +goose Up
-- Keys are named by their SHA-256 thumbprint in base64url; empty is none.
alter table grants add column dpop_jkt text not null default ''; -- that the code is bound to (RFC 9449 section 10)
alter table refresh_tokens add column bound_key text not null default ''; -- DPoP key or certificate that it was issued to
