package accounts

import "huskyidp/internal/seal"

// SealedColumns are where this package keeps sealed values, for a new version of their keys.
var SealedColumns = []seal.Column{
	{Purpose: seal.PII, Table: "accounts", Column: "email_sealed", Row: "id::text"},
	{Purpose: seal.PII, Table: "account_passkeys", Column: "label_sealed", Row: "id::text"},
	{Purpose: seal.PII, Table: "email_proofs", Column: "email_sealed", Row: "account_id::text"},
	{Purpose: seal.PepperPassword, Table: "accounts", Column: "password_sealed", Row: "id::text"},
	{Purpose: seal.PepperAnswer, Table: "account_questions", Column: "answer_sealed", Row: "account_id::text"},
	{Purpose: seal.PepperAnswer, Table: "former_questions", Column: "answer_sealed", Row: "account_id::text", BoundTable: "account_questions", BoundColumn: "answer_sealed"},
	{Purpose: seal.TOTP, Table: "account_totp", Column: "secret_sealed", Row: "account_id::text"},
	{Purpose: seal.PepperCode, Table: "account_saved_codes", Column: "code_sealed", Row: "account_id::text || '/' || n"},
}
