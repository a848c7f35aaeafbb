package epoch

// decision says what raising the epoch does with a table: Void is the statement (@now is the instant), Keep the reason
// for leaving it.
type decision struct{ Table, Keep, Void, What string }

// decisions covers all tables, in the order in which they are voided; a test compares it with the schema.
var decisions = []decision{
	// Everything issued or in progress may have been spent, ended or answered since the backup.
	{Table: "sessions", What: "sessions", Void: `update sessions set ended_at = @now, voids = 'all', announce = false where ended_at is null`},
	{Table: "grants", What: "grants of apps, with their codes", Void: `update grants set revoked_at = @now, code_expires_at = least(code_expires_at, @now) where revoked_at is null`},
	{Table: "refresh_tokens", What: "refresh tokens", Void: `delete from refresh_tokens`},
	{Table: "access_tokens", What: "opaque access tokens", Void: `delete from access_tokens`},
	{Table: "device_codes", What: "device codes", Void: `delete from device_codes`},
	{Table: "par_requests", What: "pushed requests", Void: `delete from par_requests`},
	{Table: "smart_launches", What: "launches of apps under way", Void: `delete from smart_launches`},
	{Table: "interactions", What: "requests of apps under way", Void: `delete from interactions`},
	{Table: "pending_sign_ins", What: "sign-ins under way", Void: `delete from pending_sign_ins`},
	{Table: "remembered_devices", What: "browsers that are spared the second step", Void: `delete from remembered_devices`},
	{Table: "passkey_ceremonies", What: "passkey ceremonies under way", Void: `delete from passkey_ceremonies`},
	{Table: "registrations", What: "registrations under way", Void: `delete from registrations`},
	{Table: "recoveries", What: "recoveries under way", Void: `delete from recoveries`},
	{Table: "recovery_staff_codes", What: "codes sent by support", Void: `delete from recovery_staff_codes`},
	{Table: "recovery_cards", What: "usernames asked for", Void: `delete from recovery_cards`},
	{Table: "email_proofs", What: "addresses being proven", Void: `delete from email_proofs`},
	{Table: "disown_links", What: `links "this wasn't me"`, Void: `delete from disown_links`},
	{Table: "used_disown_links", What: "such links that were just used", Void: `delete from used_disown_links`},
	{Table: "former_questions", What: "former secret questions, which such a link puts back", Void: `delete from former_questions`},
	// A change that its owner stopped since the backup must not be applied, and no old link may undo one.
	{Table: "held_changes", What: "changes that waited, or links that undo them", Void: `
		update held_changes set state = case state when 'held' then 'stopped' else state end, undo_until = null,
			decided_at = coalesce(decided_at, @now)
		where state = 'held' or undo_until > @now`},
	// One-time codes: all steps up to the next count as used, for apps and for saved codes. Enrolments in progress end, and so do second
	// steps that waited for their day: their owner may have removed them since.
	{Table: "account_totp", What: "authenticator apps, whose next code counts", Void: `
		with unproven as (delete from account_totp where confirmed_at is null or usable_from > @now)
		update account_totp set last_step = greatest(last_step, extract(epoch from @now::timestamptz)::bigint / 30 + 1)
		where confirmed_at is not null and usable_from <= @now`},
	{Table: "account_passkeys", What: "passkeys that waited", Void: `delete from account_passkeys where usable_from > @now`},
	{Table: "account_saved_codes", What: "saved codes", Void: `update account_saved_codes set used_at = @now where used_at is null`},
	{Table: "console_sessions", What: "sessions of the desk", Void: `delete from console_sessions`},
	{Table: "console_sign_ins", What: "sign-ins to the desk under way", Void: `delete from console_sign_ins`},
	{Table: "partner_sessions", What: "sessions of partners", Void: `delete from partner_sessions`},
	{Table: "partner_ceremonies", What: "passkey ceremonies of partners under way", Void: `delete from partner_ceremonies`},
	{Table: "partner_links", What: "links to join as a partner", Void: `delete from partner_links`},
	{Table: "caller_verifications", What: "spoken codes", Void: `update caller_verifications set code_mac = null where code_mac is not null`},
	{Table: "desk_requests", What: "acts that waited for a second person", Void: `
		update desk_requests set expires_at = @now where decided_at is null and expires_at > @now`},
	// The lost database sent these mails, or they contain what is void now; their jobs go too.
	{Table: "mails", What: "mails that waited", Void: `update mails set state = 'expired', sealed = null, done_at = @now where state = 'queued'`},
	{Table: "river_job", What: "jobs that waited", Void: `delete from river_job where state not in ('cancelled', 'completed', 'discarded')`},

	{Table: "accounts", Keep: "accounts stay"},
	{Table: "account_questions", Keep: "of the account"},
	{Table: "account_acceptances", Keep: "of the account"},
	{Table: "consents", Keep: "consents stay"},
	{Table: "app_complaints", Keep: "what members wrote stays"},
	{Table: "served_issuer", Keep: "whose database it is"},
	{Table: "signals", Keep: "apps hear of what ended, twice rather than never"},
	{Table: "app_reminders", Keep: "a reminder may come twice"},
	{Table: "pairwise_subjects", Keep: "apps know members by them"},
	{Table: "members", Keep: "the roster stays"},
	{Table: "roster_imports", Keep: "the roster stays"},
	{Table: "clients", Keep: "clients stay"},
	{Table: "client_registry", Keep: "clients stay"},
	{Table: "client_logos", Keep: "clients stay"},
	{Table: "client_language_logos", Keep: "clients stay"},
	{Table: "client_errors", Keep: "for developers"},
	{Table: "partner_organisations", Keep: "partners stay"},
	{Table: "partner_people", Keep: "partners stay"},
	{Table: "partner_passkeys", Keep: "partners stay"},
	{Table: "partner_applications", Keep: "what partners ask for stays"},
	{Table: "partner_clients", Keep: "clients stay"},
	{Table: "partner_checks", Keep: "their keys and tokens are good for nothing else"},
	{Table: "partner_sandbox_clients", Keep: "clients stay, and those of a sandbox are not here"},
	{Table: "sandbox_mails", Keep: "invented people's, shown as they were"},
	{Table: "staff", Keep: "the desk's people stay"},
	{Table: "desk_entries", Keep: "a record"},
	{Table: "desk_alerts", Keep: "who handled what"},
	{Table: "desk_cases", Keep: "who helped with what"},
	{Table: "desk_notes", Keep: "a record"},
	{Table: "desk_replies", Keep: "what was done is not done twice"},
	{Table: "audit_events", Keep: "a record"},
	{Table: "audit_unsealed", Keep: "a record"},
	{Table: "audit_chain", Keep: "a record"},
	{Table: "audit_checkpoints", Keep: "a record"},
	{Table: "data_keys", Keep: "without them nothing can be read"},
	{Table: "signing_keys", Keep: "apps have them; docs/operate.md says when to revoke them"},
	{Table: "code_redemptions", Keep: "what is spent stays spent"},
	{Table: "used_jtis", Keep: "what is spent stays spent; those issued before the epoch are refused by raised_at"},
	{Table: "revoked_access_tokens", Keep: "what is revoked stays revoked"},
	{Table: "rate_limits", Keep: "a limit stays"},
	{Table: "sign_in_throttles", Keep: "a limit stays"},
	{Table: "factor_throttles", Keep: "a limit stays"},
	{Table: "answer_throttles", Keep: "a limit stays"},
	{Table: "identity_guards", Keep: "a lock stays"},
	{Table: "support_references", Keep: "numbers that members were given"},
	{Table: "settings", Keep: "holds the epoch"},
	{Table: "goose_db_version", Keep: "the schema's"},
	{Table: "river_migration", Keep: "the schema's"},
	{Table: "river_leader", Keep: "of the job queue; ends by itself"},
	{Table: "river_queue", Keep: "of the job queue; ends by itself"},
	{Table: "river_notification", Keep: "of the job queue; ends by itself"},
}
