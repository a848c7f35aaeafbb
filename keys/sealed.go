package keys

import "huskyidp/internal/seal"

// SealedColumns are where this package keeps sealed values, for a new version of their keys.
var SealedColumns = []seal.Column{
	{Purpose: seal.Signing, Table: "signing_keys", Column: "sealed", Row: "kid"},
}
