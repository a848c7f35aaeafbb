package accounts

import (
	"encoding/json"
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
	Suspended bool // an operator disabled it: it gets nothing meanwhile
	Sees      []SeenData
	GrantedAt time.Time
	ExpiresAt time.Time // zero if it lasts until the member stops it
	Brief     bool      // ends within a day of GrantedAt
	LastUsed  time.Time // zero if never
}

// AppLaunch is what another system said when it opened an app for the member, as it is kept with the app's grant.
type AppLaunch struct {
	App  string // its name
	At   time.Time
	With json.RawMessage
}

// Complaint is what a member complains of about an app.
type Complaint struct {
	ID       uuid.UUID // the number that the member is given
	ClientID string
	App      string // its name
	Kind     string // one of ComplaintKinds
	Text     string // at most ComplaintText code points; may be empty
	At       time.Time
}

// ComplaintText is the longest text of a complaint.
const ComplaintText = 1000

// ComplaintKinds are the kinds of complaints; each has its words in the catalogs.
func ComplaintKinds() []string { return []string{"more", "shared", "lasting", "false", "other"} }

// SeenData is a kind of data that an app may see; its words are scope.<Key>.label.
type SeenData struct {
	Key     string
	Name    string // of a kind that has no words of its own
	Changes bool   // the app may also change these data
}
