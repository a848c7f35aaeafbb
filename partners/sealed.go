package partners

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"huskyidp/internal/seal"
)

// SealedColumns are the columns with sealed values, for key rotation.
var SealedColumns = []seal.Column{
	{Purpose: seal.PII, Table: "partner_people", Column: "email_sealed", Row: "id::text"},
	{Purpose: seal.PII, Table: "partner_links", Column: "email_sealed", Row: "encode(digest, 'hex')"},
	{Purpose: seal.PII, Table: "partner_applications", Column: "form_sealed", Row: "id::text"},
	{Purpose: seal.PII, Table: "partner_sandbox_clients", Column: "sealed", Row: "application_id::text"},
	{Purpose: seal.Session, Table: "partner_sessions", Column: "draft", Row: "person_id::text"},
}

func hexed(digest []byte) string { return hex.EncodeToString(digest) }

// subject is an organisation in the audit, "" for none yet.
func subject(organisation uuid.UUID) string {
	if organisation == uuid.Nil {
		return ""
	}
	return organisation.String()
}

func emailPlace(table, row string) seal.Place {
	return seal.Place{Table: table, Column: "email_sealed", Row: row}
}

func (s *Service) sealEmail(table, row, email string) []byte {
	return s.Keyring.Seal(seal.PII, emailPlace(table, row), []byte(email))
}

func (s *Service) openEmail(table, row string, sealed []byte) (string, error) {
	plain, err := s.Keyring.Open(seal.PII, emailPlace(table, row), sealed)
	if err != nil {
		return "", fmt.Errorf("opening an address: %w", err)
	}
	return string(plain), nil
}

// index is the keyed digest under which an address is kept; indexes are those under which it may have been.
func (s *Service) index(email string) []byte {
	return s.Keyring.MAC(seal.Index, []byte("partner email"), []byte(strings.ToLower(email)))
}

func (s *Service) indexes(email string) [][]byte {
	return s.Keyring.MACs(seal.Index, []byte("partner email"), []byte(strings.ToLower(email)))
}
