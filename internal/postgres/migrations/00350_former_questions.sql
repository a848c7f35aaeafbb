-- +goose Up
-- The secret question that another took the place of, for as long as the owner can say that it was somebody else. Without a
-- question: there was none. The answer is sealed for its place in account_questions.
create table former_questions (
    account_id    uuid        not null,
    replaced_at   timestamptz not null,
    expires_at    timestamptz not null,
    question      text,
    answer_sealed bytea,
    constraint former_questions_pkey primary key (account_id, replaced_at),
    constraint former_questions_account foreign key (account_id) references accounts (id) on delete cascade,
    constraint former_questions_answer check ((question is null) = (answer_sealed is null))
);
create index former_questions_expires on former_questions (expires_at);
