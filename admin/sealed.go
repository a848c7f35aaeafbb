package admin

import "huskyidp/internal/seal"

// SealedColumns are the columns with sealed values, for key rotation.
var SealedColumns = []seal.Column{
	{Purpose: seal.PII, Table: "desk_entries", Column: "reason_sealed", Row: "id::text"},
	{Purpose: seal.PII, Table: "desk_requests", Column: "ask_sealed", Row: "id::text"},
	{Purpose: seal.PII, Table: "staff", Column: "asked_reason_sealed", Row: "account_id::text"},
	{Purpose: seal.PII, Table: "desk_notes", Column: "note_sealed", Row: "id::text"},
}
