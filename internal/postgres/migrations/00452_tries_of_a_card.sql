-- +goose Up
-- What the number typed last bears less because it was refused before, in registrations that are gone.
alter table registrations add column if not exists card_failures integer not null default 0;

-- +goose Down
alter table registrations drop column card_failures;
