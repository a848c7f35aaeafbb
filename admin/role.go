package admin

import "slices"

// Role is what a person of the desk may do.
type Role string

// The roles (S-61). Each grants the acts of the table in act.go and nothing else, except that those who act on members
// may also read what they act on.
const (
	Read     Role = "read"
	Recover  Role = "recover"
	Approve  Role = "approve"
	Admin    Role = "admin"
	Audit    Role = "audit"
	Partners Role = "partners" // decides on apps, and sees no member
)

// Roles are all roles, in display order.
func Roles() []Role { return []Role{Read, Recover, Approve, Admin, Audit, Partners} }

// gives reports whether the role includes the other one.
func (r Role) gives(other Role) bool {
	return r == other || other == Read && slices.Contains([]Role{Recover, Approve, Admin}, r)
}
