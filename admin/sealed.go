package admin

import "huskyidp/internal/seal"

// SealedColumns are where this package keeps sealed values, for a new version of their keys.
var SealedColumns = []seal.Column{
	{Purpose: seal.PII, Table: "desk_entries", Column: "reason_sealed", Row: "id::text"},
	{Purpose: seal.PII, Table: "desk_requests", Column: "ask_sealed", Row: "id::text"},
}
