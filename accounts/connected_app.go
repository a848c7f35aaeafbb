package accounts

import (
	"time"

	"github.com/google/uuid"
)

// ConnectedApp is an app that the member has given a permission, or one of the programme's own that may act while the member
// is away.
type ConnectedApp struct {
	ID        uuid.UUID // of the permission: the number of its receipt
	ClientID  string
	Name      string
	Operator  string
	Own       bool // of the programme: signing in was the permission
	Sees      []SeenData
	GrantedAt time.Time
	ExpiresAt time.Time
	LastUsed  time.Time // zero if never
}

// SeenData is a kind of data that an app may see; its words are scope.<Key>.label.
type SeenData struct {
	Key     string
	Name    string // of a kind that has no words of its own
	Changes bool   // the app may also change these data
}
