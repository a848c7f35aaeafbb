-- +goose Up
-- Logos that an app registered for a language (logo_uri#es); client_logos has the one for all others.
create table client_language_logos (
	client_id  text  not null constraint client_language_logos_client_id_fkey references clients (client_id) on delete cascade,
	lang       text  not null,
	digest     bytea not null, -- SHA-256 of image, its address here
	media_type text  not null constraint client_language_logos_media_type_check check (media_type in ('image/png', 'image/jpeg', 'image/webp')),
	image      bytea not null constraint client_language_logos_image_check check (length(image) <= 65536),
	constraint client_language_logos_pkey primary key (client_id, lang)
);
create index client_language_logos_digest_idx on client_language_logos (digest);
