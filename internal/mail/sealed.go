package mail

import "huskyidp/internal/seal"

// SealedColumns lists this package's sealed columns, for key rotation.
var SealedColumns = []seal.Column{
	{Purpose: seal.Queue, Table: "mails", Column: "sealed", Row: "id::text"},
}
