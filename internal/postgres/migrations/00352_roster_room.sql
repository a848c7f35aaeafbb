-- +goose Up
-- Half of each page is left for the rows that replace its own, so that a roster file which changes everybody writes neither
-- further pages nor the indexes (heap-only tuples). It takes the room that the first such file would have taken anyway.
alter table members set (fillfactor = 50);

-- +goose Down
alter table members reset (fillfactor);
