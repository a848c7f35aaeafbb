package templates

// Desk is what stands in the band of the support desk's console.
type Desk struct {
	Name      string // of the person
	Roles     []string
	Approvals int      // requests of others that wait
	Here      string   // path of the place in the menu
	Places    []string // paths that the person may go to, in the menu's order
}
