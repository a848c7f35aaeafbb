package registration

import "huskyidp/internal/seal"

// SealedColumns are the columns with sealed values, for key rotation.
var SealedColumns = []seal.Column{
	{Purpose: seal.PII, Table: "registrations", Column: "identity", Row: "id::text"},
	{Purpose: seal.PII, Table: "registrations", Column: "credentials", Row: "id::text"},
	{Purpose: seal.PepperPassword, Table: "registrations", Column: "password_hash", Row: "account_id::text", BoundTable: "accounts", BoundColumn: "password_sealed"},
	{Purpose: seal.PepperAnswer, Table: "registrations", Column: "answer_hash", Row: "account_id::text", BoundTable: "account_questions", BoundColumn: "answer_sealed"},
}
