package recovery

import "huskyidp/internal/seal"

// SealedColumns are the columns with sealed values, for key rotation.
var SealedColumns = []seal.Column{
	{Purpose: seal.PII, Table: "recoveries", Column: "name_sealed", Row: "id::text"},
	{Purpose: seal.PII, Table: "recoveries", Column: "typed_sealed", Row: "id::text"},
	{Purpose: seal.PII, Table: "recovery_cards", Column: "sealed", Row: "id::text"},
	{Purpose: seal.PII, Table: "held_changes", Column: "new_sealed", Row: "id::text"},
	{Purpose: seal.PII, Table: "held_changes", Column: "old_sealed", Row: "id::text"},
}
