package provider

// browserApps lets the pages of public clients read the answers of the endpoints that a browser app calls itself
// (S-28): the origin must be that of a redirect URI registered by a public client; it is never reflected unchecked, and
// cookies are never allowed.
func (h *Handler) browserApps(origin string) string {
	if origin == "" || !h.service.clients.knowsOrigin(origin) {
		return ""
	}
	return origin
}

// knowsOrigin reports whether a public client has a redirect URI with this origin.
func (r *Clients) knowsOrigin(from string) bool { return r.snapshot.Load().origins[from] }
