package provider

// browserApps lets the pages of public clients read the answers of the endpoints that a
// browser app calls itself (S-28): the origin must be that of a redirect URI which a
// public client registered, it is compared and never reflected unseen, and cookies are
// never allowed.
func (h *Handler) browserApps(origin string) string {
	if origin == "" || !h.service.clients.knowsOrigin(origin) {
		return ""
	}
	return origin
}

// knowsOrigin tells whether a public client has a redirect URI there.
func (r *Clients) knowsOrigin(from string) bool { return r.snapshot.Load().origins[from] }
