package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"
)

// HealthCmd is "idp health", for the health check of a container that has no other program.
type HealthCmd struct {
	URL string `arg:"" default:"http://127.0.0.1:9090/readyz" help:"What to ask."`
}

// dialWords are what the network's error puts before its cause.
var dialWords = regexp.MustCompile(`^dial \S+ \S+ (connect: )?`)

// Run succeeds if the address answers with a 2xx within two seconds.
func (c *HealthCmd) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%q is not an address, as in http://127.0.0.1:9090/readyz", c.URL)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err
		}
		return fmt.Errorf("%s does not answer: %s", c.URL, dialWords.ReplaceAllString(err.Error(), ""))
	}
	defer response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("%s answers %s", c.URL, response.Status)
	}
	return nil
}
