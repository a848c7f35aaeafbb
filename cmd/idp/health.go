package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// HealthCmd is "idp health", for the health check of a container that has no other program.
type HealthCmd struct {
	URL string `arg:"" default:"http://127.0.0.1:9090/readyz" help:"What to ask."`
}

// Run succeeds if the address answers with a 2xx within two seconds.
func (c *HealthCmd) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("%s answers %s", c.URL, response.Status)
	}
	return nil
}
