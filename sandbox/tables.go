package sandbox

// decision says what a reset does with a table: Empty is the statement, Keep the reason for leaving it.
type decision struct{ Table, Keep, Empty string }

// locked are the tables that a request changes together with others; a reset takes them first, in one order.
const locked = `accounts, sessions, grants, consents, registrations, recoveries, interactions, mails`

// gone deletes the rows of accounts that are no member of the desk's.
func gone(table string) decision {
	return decision{Table: table, Empty: `delete from ` + table + ` t where not exists (select from accounts a where a.id = t.account_id and a.kind = 'staff')`}
}

func empty(table string) decision { return decision{Table: table, Empty: `delete from ` + table} }

// tables are all tables, in the order in which they are emptied; a test compares them with the schema. Clients, the desk's people and
// what protects them stay.
var tables = []decision{
	empty("refresh_tokens"), empty("access_tokens"), empty("code_redemptions"), empty("grants"),
	empty("device_codes"), empty("par_requests"), empty("smart_launches"), empty("interactions"), empty("revoked_access_tokens"),
	empty("signals"), empty("app_reminders"), empty("pairwise_subjects"), empty("consents"),
	empty("registrations"), empty("recoveries"), empty("recovery_staff_codes"), empty("recovery_cards"), empty("identity_guards"),
	empty("held_changes"), empty("support_references"), empty("app_complaints"),
	empty("caller_verifications"), empty("desk_requests"), empty("desk_cases"), empty("desk_notes"), empty("desk_replies"),
	empty("console_sign_ins"), empty("console_sessions"),
	empty("pending_sign_ins"), empty("passkey_ceremonies"), empty("used_disown_links"), empty("sign_in_throttles"), empty("rate_limits"),
	gone("remembered_devices"), gone("email_proofs"), gone("disown_links"), gone("former_questions"), gone("factor_throttles"), gone("answer_throttles"),
	gone("account_totp"), gone("account_passkeys"), gone("account_saved_codes"), gone("account_questions"), gone("account_acceptances"),
	empty("sessions"), empty("mails"), empty("sandbox_mails"),
	{Table: "river_job", Empty: `delete from river_job where state not in ('running', 'cancelled', 'completed', 'discarded')`},
	{Table: "accounts", Empty: `delete from accounts where kind <> 'staff'`},

	{Table: "settings", Keep: "says that this is a sandbox"},
	{Table: "served_issuer", Keep: "whose database it is"},
	{Table: "members", Keep: "the invented roster, and nobody imports another"},
	{Table: "roster_imports", Keep: "the invented roster"},
	{Table: "clients", Keep: "their addresses are the work of people"},
	{Table: "client_registry", Keep: "clients stay"},
	{Table: "client_logos", Keep: "clients stay"},
	{Table: "client_language_logos", Keep: "clients stay"},
	{Table: "client_errors", Keep: "for developers"},
	{Table: "partner_organisations", Keep: "partners stay"},
	{Table: "partner_people", Keep: "partners stay"},
	{Table: "partner_passkeys", Keep: "partners stay"},
	{Table: "partner_sessions", Keep: "partners stay"},
	{Table: "partner_ceremonies", Keep: "partners stay"},
	{Table: "partner_links", Keep: "partners stay"},
	{Table: "partner_applications", Keep: "partners stay"},
	{Table: "partner_clients", Keep: "partners stay"},
	{Table: "partner_checks", Keep: "partners stay"},
	{Table: "partner_sandbox_clients", Keep: "partners stay"},
	{Table: "staff", Keep: "the desk's people stay"},
	{Table: "desk_entries", Keep: "a record"},
	{Table: "desk_alerts", Keep: "who handled what"},
	{Table: "audit_events", Keep: "a record"},
	{Table: "audit_unsealed", Keep: "a record"},
	{Table: "audit_chain", Keep: "a record"},
	{Table: "audit_checkpoints", Keep: "a record"},
	{Table: "data_keys", Keep: "without them nothing can be read"},
	{Table: "signing_keys", Keep: "apps have them"},
	{Table: "used_jtis", Keep: "what is spent stays spent"},
	{Table: "goose_db_version", Keep: "the schema's"},
	{Table: "river_migration", Keep: "the schema's"},
	{Table: "river_leader", Keep: "of the job queue; ends by itself"},
	{Table: "river_queue", Keep: "of the job queue; ends by itself"},
	{Table: "river_notification", Keep: "of the job queue; ends by itself"},
}
