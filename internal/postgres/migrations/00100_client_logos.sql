-- +goose Up
-- Our own copies of clients' logos, fetched when a client is registered: pages name no
-- address of others.
create table client_logos (
	client_id  text  constraint client_logos_pkey primary key
	                 constraint client_logos_client_id_fkey references clients (client_id) on delete cascade,
	digest     bytea not null, -- SHA-256 of image, its address here
	media_type text  not null constraint client_logos_media_type_check check (media_type in ('image/png', 'image/jpeg', 'image/webp')),
	image      bytea not null constraint client_logos_image_check check (length(image) <= 65536)
);
create index client_logos_digest_idx on client_logos (digest);
