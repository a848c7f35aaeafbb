package members

import "huskyidp/internal/seal"

// SealedColumns are the columns with sealed values, for key rotation.
var SealedColumns = []seal.Column{
	{Purpose: seal.PII, Table: "members", Column: "sealed", Row: "id::text"},
}
