-- +goose Up
-- What stands in the desk's book is not written over; rows end with their retention (S-73).
-- +goose StatementBegin
create function desk_entries_stay() returns trigger language plpgsql as $$
begin
    raise exception 'desk_entries are not changed' using errcode = 'insufficient_privilege';
end
$$;
-- +goose StatementEnd

create trigger desk_entries_stay before update or truncate on desk_entries
    for each statement execute function desk_entries_stay();
