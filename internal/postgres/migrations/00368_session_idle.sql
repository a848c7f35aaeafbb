-- +goose Up
-- How long a session lasts without use, where that is shorter than everywhere else: at a kiosk.
alter table sessions add column idle interval;
