package keys

import "huskyidp/internal/seal"

// SealedColumns lists this package's sealed columns, for key rotation.
var SealedColumns = []seal.Column{
	{Purpose: seal.Signing, Table: "signing_keys", Column: "sealed", Row: "kid"},
}
