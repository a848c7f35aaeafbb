package provider

import (
	"net/url"
	"slices"
)

// frontChannel returns the addresses to load in the browser (OpenID Connect Front-Channel Logout 2): the client's own,
// with iss and sid.
func (s *Service) frontChannel(sid string, apps []sessionApp) []string {
	var frames []string
	for _, app := range apps {
		client, err := s.clients.Get(app.ClientID)
		if err != nil || client.Metadata.FrontchannelLogoutURI == "" {
			continue
		}
		u, err := url.Parse(client.Metadata.FrontchannelLogoutURI)
		if err != nil {
			continue
		}
		u.RawQuery = joinQuery(u.RawQuery, url.Values{"iss": {s.strategy.issuer}, "sid": {client.sidAt(sid)}})
		frames = append(frames, u.String())
	}
	return frames
}

// origins returns the origins of addresses for a Content-Security-Policy.
func origins(addresses []string) []string {
	var all []string
	for _, address := range addresses {
		if o := origin(address); o != "" && !slices.Contains(all, o) {
			all = append(all, o)
		}
	}
	return all
}
