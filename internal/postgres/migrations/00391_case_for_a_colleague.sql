-- +goose Up
-- To whom a case was handed over; null for whoever takes it next.
alter table desk_cases add column handed_to uuid;
