-- +goose Up
-- A row that was replaced leaves a pointer on its page, for which half a page has no room if it was filled to the last byte.
alter table members set (fillfactor = 49);

-- +goose Down
alter table members set (fillfactor = 50);
