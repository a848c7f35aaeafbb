package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"huskyidp/internal/rig"
)

// issuer is the issuer of the instances.
const issuer = "idp.example"

// logged reports whether an instance has logged the words.
func (s *stage) logged(words string) (bool, error) {
	for _, i := range s.instances {
		log, err := os.ReadFile(i.LogFile)
		if err != nil {
			return false, err
		}
		if bytes.Contains(log, []byte(words)) {
			return true, nil
		}
	}
	return false, nil
}

// balancer sends each request to another ready instance, and tries the next if it cannot connect.
type balancer struct {
	instances []*rig.Instance
	transport *http.Transport
	turn      atomic.Int64
	tally     *tally
}

func newBalancer(t *tally, instances ...*rig.Instance) *balancer {
	return &balancer{instances: instances, tally: t, transport: &http.Transport{
		MaxIdleConnsPerHost: 200, IdleConnTimeout: 5 * time.Second, DialContext: (&net.Dialer{Timeout: 2 * time.Second}).DialContext}}
}

// watch tracks which instances are ready.
func (b *balancer) watch(ctx context.Context) {
	for _, i := range b.instances {
		go func() {
			for ctx.Err() == nil {
				i.Ready.Store(i.Probe(ctx))
				time.Sleep(100 * time.Millisecond)
			}
		}()
	}
}

// allReady waits until all are.
func (b *balancer) allReady(ctx context.Context, limit time.Duration) error {
	return rig.Eventually(ctx, limit, "two ready instances", func() bool {
		for _, i := range b.instances {
			if !i.Probe(ctx) {
				return false
			}
			i.Ready.Store(true)
		}
		return true
	})
}

// Send sends a visitor's request.
func (b *balancer) Send(r *http.Request) (*http.Response, error) {
	began := time.Now()
	answer, err := b.send(r)
	status := 0
	if err == nil {
		status = answer.StatusCode
	} else if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return nil, err // the load has ended
	}
	b.tally.add(r.URL.Path, status, began)
	return answer, err
}

func (b *balancer) send(r *http.Request) (answer *http.Response, err error) {
	n := int(b.turn.Add(1))
	for try := range b.instances {
		i := b.instances[(n+try)%len(b.instances)]
		if !i.Ready.Load() && try < len(b.instances)-1 {
			continue // the last one is asked in any case
		}
		if answer, err = b.ask(i, r); !notConnected(err) {
			return answer, err
		}
	}
	return answer, err
}

func (b *balancer) ask(i *rig.Instance, r *http.Request) (*http.Response, error) {
	copied := r.Clone(r.Context())
	copied.URL.Scheme, copied.URL.Host = "http", i.Address
	if r.URL.Host == deskHost {
		copied.URL.Host = i.Desk
	}
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		copied.Body = body
	}
	return b.transport.RoundTrip(copied)
}

// notConnected reports that the instance has not seen the request.
func notConnected(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}
