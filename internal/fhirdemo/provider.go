package fhirdemo

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	configurationAge = time.Minute
	answerAge        = 30 * time.Second // how long a stopped app may still read
	maxAnswers       = 1000
	maxDocument      = 256 << 10
)

// configuration is the provider's document for this server, which it serves as its own.
type configuration struct {
	document   json.RawMessage
	fetchedAt  time.Time
	Issuer     string `json:"issuer"`
	Keys       string `json:"jwks_uri"`
	Authorize  string `json:"authorization_endpoint"`
	Token      string `json:"token_endpoint"`
	Introspect string `json:"introspection_endpoint"`
	Revoke     string `json:"revocation_endpoint"`
	Manage     string `json:"management_endpoint"`
}

// smart returns the SMART configuration of this server.
func (s *Server) smart(ctx context.Context) (*configuration, error) {
	s.mutex.Lock()
	known := s.configuration
	s.mutex.Unlock()
	now := s.options.Now()
	if known != nil && now.Sub(known.fetchedAt) < configurationAge {
		return known, nil
	}
	address := s.options.Issuer + "/fhir/" + s.options.Name + "/.well-known/smart-configuration"
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	fresh := &configuration{fetchedAt: now}
	if fresh.document, err = s.call(r); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(fresh.document, fresh); err != nil {
		return nil, fmt.Errorf("reading the SMART configuration: %w", err)
	}
	if fresh.Issuer != s.options.Issuer {
		return nil, fmt.Errorf("the SMART configuration is that of %q", fresh.Issuer)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.configuration = fresh
	return fresh, nil
}

// answer is an introspection response and how long it is used.
type answer struct {
	access
	until time.Time
}

// introspect asks the provider about a token (RFC 7662).
func (s *Server) introspect(ctx context.Context, token string) (access, error) {
	digest, now := sha256.Sum256([]byte(token)), s.options.Now()
	s.mutex.Lock()
	known, found := s.answers[digest]
	s.mutex.Unlock()
	if found && now.Before(known.until) {
		return known.access, nil
	}
	c, err := s.smart(ctx)
	if err != nil {
		return access{}, err
	}
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Introspect, strings.NewReader(form.Encode()))
	if err != nil {
		return access{}, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(s.options.ClientID), url.QueryEscape(s.options.ClientSecret)) // RFC 6749 2.3.1
	body, err := s.call(r)
	if err != nil {
		return access{}, err
	}
	fresh := answer{until: now.Add(answerAge)}
	if err := json.Unmarshal(body, &fresh.access); err != nil {
		return access{}, fmt.Errorf("reading an introspection response: %w", err)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.answers) >= maxAnswers {
		clear(s.answers)
	}
	s.answers[digest] = fresh
	return fresh.access, nil
}

// call returns the body of a 200 response.
func (s *Server) call(r *http.Request) ([]byte, error) {
	response, err := s.options.Client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxDocument))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %d", r.URL, response.StatusCode)
	}
	return body, err
}
