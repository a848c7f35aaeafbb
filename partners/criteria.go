package partners

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// Criterion is something that a machine can judge. Its words stand under partners.criterion.<name>.
type Criterion struct {
	Name string
	Met  bool
	Note string `json:",omitempty"` // what was found, in technical English
}

// Unmet reports whether a criterion was not met when the request was last looked at.
func (a Application) Unmet() bool {
	return slices.ContainsFunc(a.Criteria, func(c Criterion) bool { return !c.Met })
}

// criteria looks at what is filled in, and calls its addresses; not within a transaction.
func (s *Service) criteria(ctx context.Context, a Application) ([]Criterion, error) {
	people, err := s.People(ctx, a.OrganisationID)
	if err != nil {
		return nil, err
	}
	var domains []string
	for _, p := range people {
		_, domain, _ := strings.Cut(p.Email, "@")
		domains = append(domains, strings.ToLower(domain))
	}
	v := a.Values
	rules := Criterion{Name: "rules", Met: true}
	if _, err := s.check(ctx, a.OrganisationID, v.app()); err != nil {
		fault, ok := errors.AsType[*Fault](err)
		if !ok {
			return nil, err
		}
		rules.Met, rules.Note = false, fault.Error()
	}
	secure, domain := Criterion{Name: "secure", Met: true}, Criterion{Name: "domain", Met: true}
	for _, uri := range strings.Fields(v["redirect_uris"]) {
		if strings.HasPrefix(uri, "http:") {
			secure.Met, secure.Note = false, uri
		}
		if !slices.ContainsFunc(domains, func(d string) bool { return isOf(uri, d) }) {
			domain.Met, domain.Note = false, uri
		}
	}
	policy, keys := s.answers(ctx, "policy", v["policy_uri"]), Criterion{Name: "keys", Met: true}
	if uri := v["jwks_uri"]; v["auth"] == authKeys && uri != "" {
		keys = s.answers(ctx, "keys", uri)
	}
	return []Criterion{rules, secure, domain, policy, keys, {Name: "promises", Met: v.done(Promises)}}, nil
}

// answers reports whether an address answers with 200, and a set of keys is one.
func (s *Service) answers(ctx context.Context, name, address string) Criterion {
	answer, err := s.Fetcher.Get(ctx, address, "*/*")
	if err != nil {
		return Criterion{name, false, address}
	}
	var set struct{ Keys []json.RawMessage }
	if name == "keys" && (json.Unmarshal(answer.Body, &set) != nil || len(set.Keys) == 0) {
		return Criterion{name, false, address}
	}
	return Criterion{Name: name, Met: true}
}

// isOf reports whether an address belongs to a domain that was proven by mail. A scheme of an app's own is a domain reversed.
func isOf(uri, domain string) bool {
	u, err := url.Parse(uri)
	if err != nil || domain == "" {
		return false
	}
	host := strings.ToLower(u.Hostname())
	if host == "" {
		labels := strings.Split(strings.ToLower(u.Scheme), ".")
		slices.Reverse(labels)
		host = strings.Join(labels, ".")
	}
	return host == domain || strings.HasSuffix(host, "."+domain)
}
