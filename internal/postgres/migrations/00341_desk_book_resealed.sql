-- +goose Up
-- The desk's book stays as it is, but for its sealed column, which a new version of the data key seals anew: it may change its
-- form, and neither come nor go. desk_entries_stay had refused that too, so that no old version could be dropped.
create or replace trigger desk_entries_stay before update on desk_entries for each row
    when ((to_jsonb(old) - 'reason_sealed') is distinct from (to_jsonb(new) - 'reason_sealed')
        or (old.reason_sealed is null) <> (new.reason_sealed is null))
    execute function desk_entries_stay();
create or replace trigger desk_entries_stay_whole before truncate on desk_entries
    for each statement execute function desk_entries_stay();
-- nothing is refused that was not refused before
update settings set oldest_program = greatest(oldest_program, 340);
