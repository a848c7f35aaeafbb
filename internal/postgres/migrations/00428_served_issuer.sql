-- +goose Up
-- The issuer of the service whose database this is: the first one that served from it, until another is accepted.
create table served_issuer (
	one    boolean     not null default true,
	issuer text        not null,
	since  timestamptz not null,
	constraint served_issuer_pkey primary key (one),
	constraint served_issuer_one check (one)
);

-- +goose Down
drop table served_issuer;
