package members

import "huskyidp/internal/seal"

// SealedColumns are where this package keeps sealed values, for a new version of their keys.
var SealedColumns = []seal.Column{
	{Purpose: seal.PII, Table: "members", Column: "sealed", Row: "id::text"},
}
