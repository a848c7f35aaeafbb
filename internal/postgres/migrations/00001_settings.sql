-- +goose Up
-- Facts of this database that every instance must agree on. The epoch is raised
-- after a restore from backup: sessions, refresh tokens, codes and links of an
-- older epoch are void (R-15).
create table settings (
	id     boolean constraint settings_pkey primary key default true constraint settings_one_row check (id),
	epoch  integer not null default 1
);
insert into settings default values;
