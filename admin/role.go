package admin

import "slices"

// Role is what a person of the desk may do.
type Role string

// The roles (S-61). Each gives the acts of the table in act.go and nothing else, but those who act on members may
// also read what they act on.
const (
	Read    Role = "read"
	Recover Role = "recover"
	Approve Role = "approve"
	Admin   Role = "admin"
	Audit   Role = "audit"
)

// Roles lists all, in the order in which they are shown.
func Roles() []Role { return []Role{Read, Recover, Approve, Admin, Audit} }

// gives reports whether a person with this role has the other one as well.
func (r Role) gives(other Role) bool {
	return r == other || other == Read && slices.Contains([]Role{Recover, Approve, Admin}, r)
}
