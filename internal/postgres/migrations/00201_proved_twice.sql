-- +goose Up
-- A second step that is sent twice gets the same answer: the row stays for a moment after its proof.
alter table pending_sign_ins
	add column proved_at timestamptz,
	add column proof_mac bytea; -- keyed digest of what proved it
