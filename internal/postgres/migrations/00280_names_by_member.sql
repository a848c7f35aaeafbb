-- +goose Up
-- Usernames are counted for the member, over all registrations of a card. The columns stay for the program before this one,
-- which writes them while instances are replaced (R-14).
comment on column registrations.names_asked is 'no longer used';
comment on column registrations.names_since is 'no longer used';
