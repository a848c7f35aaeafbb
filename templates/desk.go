package templates

// Desk is shown in the header of the support desk's console.
type Desk struct {
	Name      string // of the person
	Roles     []string
	Approvals int      // pending requests of others
	Alerts    int      // that nobody has handled
	Here      string   // path of the current menu entry
	Places    []string // paths that the person may open, in the order of the menu
}
