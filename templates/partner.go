package templates

// Partner is shown in the header of the partner area.
type Partner struct {
	Organisation, Email string
	Here                string // path of the current menu entry
}
