package epoch

import (
	"strings"
	"testing"
	"time"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres/postgrestest"
)

// past is a database in which much is under way, as a backup finds it. The account is the one that all rows are of.
const past = `
	insert into accounts (id, subject, username, email_sealed, email_digest, language, kind, password_sealed, created_at, updated_at, credentials_changed_at)
		values ('00000000-0000-0000-0000-000000000001', 's', 'u', '\x01', sha256('a'), 'es', 'staff', '\x01', now(), now(), now());
	insert into sessions (sid, digest, account_id, amr, acr, auth_time, last_seen_at, expires_at)
		values ('sid', sha256('a'), '00000000-0000-0000-0000-000000000001', '{pwd}', 'x', now(), now(), now() + interval '1 day');
	insert into grants (id, client_id, account_id, subject, sid, scopes, audience, auth_time, acr, amr, nonce, redirect_uri, code_hash, code_challenge, code_expires_at, created_at, expires_at)
		values ('00000000-0000-0000-0000-000000000002', 'c', '00000000-0000-0000-0000-000000000001', 's', 'sid', '{}', '{}', now(), 'x', '{}', '', '', '\x01', '', now() + interval '1 minute', now(), now() + interval '1 day');
	insert into refresh_tokens (hash, grant_id, created_at, expires_at) values ('\x01', '00000000-0000-0000-0000-000000000002', now(), now() + interval '1 day');
	insert into access_tokens (hash, grant_id, claims, expires_at) values ('\x01', '00000000-0000-0000-0000-000000000002', '{}', now() + interval '1 day');
	insert into held_changes (id, account_id, act, asked_by, link, asked_at, apply_at)
		values (gen_random_uuid(), '00000000-0000-0000-0000-000000000001', 'reset_factor', '', sha256('a'), now(), now());
	insert into held_changes (id, account_id, act, asked_by, new_sealed, link, asked_at, apply_at, state, decided_at, undo_until)
		values (gen_random_uuid(), '00000000-0000-0000-0000-000000000001', 'change_email', '', '\x01', sha256('b'), now(), now(), 'applied', now(), now() + interval '1 day');
	insert into account_totp (account_id, secret_sealed, last_step, created_at, confirmed_at, usable_from)
		values ('00000000-0000-0000-0000-000000000001', '\x01', 5, now(), now(), now());
	insert into accounts (id, subject, username, email_sealed, email_digest, language, kind, password_sealed, created_at, updated_at, credentials_changed_at)
		values ('00000000-0000-0000-0000-000000000003', 's3', 'u3', '\x01', sha256('c'), 'es', 'staff', '\x01', now(), now(), now());
	insert into account_totp (account_id, secret_sealed, last_step, created_at, confirmed_at, usable_from)
		values ('00000000-0000-0000-0000-000000000003', '\x01', 5, now(), now(), now() + interval '1 day');
	insert into account_passkeys (id, account_id, credential_id, credential, sign_count, label_sealed, created_at, usable_from)
		values (gen_random_uuid(), '00000000-0000-0000-0000-000000000003', '\x01', '{}', 0, '\x01', now(), now()),
			(gen_random_uuid(), '00000000-0000-0000-0000-000000000003', '\x02', '{}', 0, '\x01', now(), now() + interval '1 day');
	insert into account_saved_codes (account_id, n, code_sealed, made_at) values ('00000000-0000-0000-0000-000000000001', 1, '\x01', now());
	insert into caller_verifications (id, staff_id, subject_id, method, created_at, code_mac)
		values (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'spoken_code', now(), sha256('a'));
	insert into desk_requests (id, subject_id, act, ask_sealed, version, asked_by, asked_at, expires_at)
		values (gen_random_uuid(), gen_random_uuid(), 'x', '\x01', '', gen_random_uuid(), now(), now() + interval '1 day');
	insert into mails (id, kind, state, sealed, created_at) values (gen_random_uuid(), 'x', 'queued', '\x01', now());
	insert into river_job (kind, args, max_attempts, queue) values ('mail', '{}', 3, 'mail')`

// alive counts what of it would count.
const alive = `
	select (select count(*) from sessions where ended_at is null or voids <> 'all') || ' sessions, ' ||
		(select count(*) from grants where revoked_at is null or code_expires_at > now()) || ' grants, ' ||
		(select count(*) from refresh_tokens) || ' refresh tokens, ' || (select count(*) from access_tokens) || ' access tokens, ' ||
		(select count(*) from held_changes where state = 'held' or undo_until > now()) || ' changes, ' ||
		(select count(*) from account_totp where last_step <= extract(epoch from now())::bigint / 30) || ' apps, ' ||
		(select count(*) from account_passkeys where usable_from > now()) || ' waiting passkeys, ' ||
		(select count(*) from account_passkeys where usable_from <= now()) || ' good passkeys, ' ||
		(select count(*) from account_saved_codes where used_at is null) || ' saved codes, ' ||
		(select count(*) from caller_verifications where code_mac is not null) || ' spoken codes, ' ||
		(select count(*) from desk_requests where decided_at is null and expires_at > now()) || ' requests, ' ||
		(select count(*) from mails where state = 'queued') || ' mails, ' || (select count(*) from river_job) || ' jobs, ' ||
		(select count(*) from accounts) || ' accounts'`

func TestRaiseVoidsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	ctx := t.Context()
	for statement := range strings.SplitSeq(past, ";\n") {
		if _, err := db.From(ctx).Exec(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	state := func() (s string) {
		t.Helper()
		if err := db.From(ctx).QueryRow(ctx, alive).Scan(&s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	const before = "1 sessions, 1 grants, 1 refresh tokens, 1 access tokens, 2 changes, 2 apps, 1 waiting passkeys, 1 good passkeys, 1 saved codes, 1 spoken codes, 1 requests, 1 mails, 1 jobs, 2 accounts"
	if got := state(); got != before {
		t.Fatalf("before: %s", got)
	}
	_, voided, err := Raise(ctx, db, audit.New(db), time.Now().Add(-time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := state(), strings.NewReplacer("2 accounts", "2 accounts", "1 good", "1 good", "1 ", "0 ", "2 ", "0 ").Replace(before); got != want {
		t.Errorf("after:\n%s, want\n%s", got, want)
	}
	said := int64(0)
	for _, v := range voided {
		said += v.Rows
	}
	if said != 13 {
		t.Errorf("%d rows are said to be void, want 13: %v", said, voided)
	}
}
