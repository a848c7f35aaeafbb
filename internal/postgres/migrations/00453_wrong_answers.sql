-- +goose Up
-- Wrong answers since the last right one or the last change of the question, over all days.
alter table account_questions add column if not exists wrong smallint not null default 0;

-- +goose Down
alter table account_questions drop column wrong;
